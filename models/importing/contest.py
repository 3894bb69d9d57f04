"""Try out how a model of which there are weights only may have been written.

A VAE that is put together as it was trained leads back: what it decodes from a draw of the prior is encoded to about
the same point. One that is put together otherwise loses its way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.core.arrays import Floats32
from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.graph import MOST_VALUES, Graph
from models.importing.halves import find_halves
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.understanding import Probe, Understood, understand

Read = Callable[[Choices], Sequence[Parsed]]

DRAWS = 48
# Less than this share of a dimension's variance is found back by chance.
CHANCE = 0.6
# How many dimensions must find back, and how many more than by the usual guess.
LEAST, BETTER = 0.3, 0.1
# What shows that a guess is right, and what shows that it is better.
SURE, CLEARLY = 0.6, 0.02
MOST_WEIGHTS = 1 << 24


@dataclass(frozen=True)
class _Score:
    """How many dimensions are found back: ``related`` by their correlation, ``found`` as they are, beyond chance."""

    related: float
    found: float


def best_choices(read: Read, choices: Choices, probe: Probe) -> Choices:
    """Return ``choices`` with the guesses at which most of the latent is found back; as they are if none is better.

    What is said in ``choices`` stays. One guess after the other is tried, twice over: what is wrong elsewhere hides
    what is right.
    """
    first = _score(read, choices, probe)
    if first is None or first.found > SURE * first.related:
        return choices
    best, score = choices, first
    for _ in range(2):
        before = best
        for rivals in (_outputs, _activations, _habits):
            for rival in rivals(best):
                tried = rival != best and _keeps(rival, choices)
                found = _score(read, rival, probe) if tried else None
                if found is not None and found.related > score.related + CLEARLY:
                    best, score = rival, found
        if best == before:
            break
    usual = replace(best, hidden=choices.hidden, habits=replace(best.habits, slope=None))
    found = _score(read, usual, probe)
    if found is not None and found.related >= score.related - CLEARLY:
        best, score = usual, found
    return best if score.found > max(first.found + BETTER, LEAST) else choices


def _keeps(rival: Choices, said: Choices) -> bool:
    """Return whether nothing is tried instead of what the person says."""
    pairs = ((said.hidden, rival.hidden), (said.activation, rival.activation), (said.packed, rival.packed))
    return all(wanted in (None, given) for wanted, given in pairs)


def _activations(choices: Choices) -> Iterator[Choices]:
    habits = choices.habits
    for slope in (0.2, 0.01, 0.3):
        yield replace(choices, hidden="leaky_relu", habits=replace(habits, slope=slope))
    for hidden in ("relu", "elu", "tanh", "silu", "gelu", "softplus", "selu", "sigmoid"):
        yield replace(choices, hidden=hidden, habits=replace(habits, slope=None))


def _habits(choices: Choices) -> Iterator[Choices]:
    for changed in (
        {"grid_activated": True}, {"grid_activated": False}, {"norm_last": not choices.habits.norm_last},
        {"pooled": not choices.habits.pooled},
    ):  # fmt: skip
        yield replace(choices, habits=replace(choices.habits, **changed))


def _outputs(choices: Choices) -> Iterator[Choices]:
    for activation in ("sigmoid", "tanh", "linear"):
        yield replace(choices, activation=activation)
    for packed in ("interleaved", "halves"):
        yield replace(choices, packed=packed)


def _score(read: Read, choices: Choices, probe: Probe) -> _Score | None:
    """Return how well a model leads back; None of one without an encoder, or that makes no sense so."""
    try:
        understood = understand(find_halves(read(choices)), choices, probe)
    except (RefusedError, UserError, ValueError):
        return None
    if understood.encoder is None or sum(values.size for values in understood.weights.values()) > MOST_WEIGHTS:
        return None
    if max(understood.encoder.widest, understood.decoder.widest) * DRAWS > MOST_VALUES:
        return None
    return _found_back(understood, understood.encoder, probe)


def _found_back(understood: Understood, encoder: Graph, probe: Probe) -> _Score:
    draws = np.random.default_rng(0).standard_normal((DRAWS, understood.latent_dim)).astype(np.float32)
    made = probe(understood.decoder, understood.weights, draws)
    images = 1.0 / (1.0 + np.exp(-np.clip(made, -60.0, 60.0))) if understood.output == "logits" else made
    found: Floats32 = probe(encoder, understood.weights, images.astype(np.float32))
    if not np.isfinite(found).all():
        return _Score(0.0, 0.0)
    shares = 1.0 - np.mean(np.square(found - draws), axis=0) / np.var(draws, axis=0)
    moved, wanted = found - found.mean(axis=0), draws - draws.mean(axis=0)
    norms = np.sqrt(np.sum(np.square(moved), axis=0) * np.sum(np.square(wanted), axis=0))
    related = np.sum(moved * wanted, axis=0) / np.maximum(norms, 1e-12)
    beyond = np.clip((shares - CHANCE) / (1.0 - CHANCE), 0.0, 1.0)
    return _Score(float(np.sum(np.maximum(related, 0.0) ** 2)), float(np.sum(beyond)))
