"""The settings of a training run: their meaning, their limits, their form in files."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

from models.core.families import LatentFamily

Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian"]

LIKELIHOODS: tuple[Likelihood, ...] = ("bernoulli", "continuous_bernoulli", "gaussian")

Network = Literal["dense", "conv"]

NETWORKS: tuple[Network, ...] = ("dense", "conv")

Schedule = Literal["constant", "cosine"]

SCHEDULES: tuple[Schedule, ...] = ("constant", "cosine")

BetaSchedule = Literal["constant", "warmup", "cyclic"]

BETA_SCHEDULES: tuple[BetaSchedule, ...] = ("constant", "warmup", "cyclic")

TrainingObjective = Literal["elbo", "elbo_mc", "stl", "iwae", "dreg"]

TRAINING_OBJECTIVES: tuple[TrainingObjective, ...] = ("elbo", "elbo_mc", "stl", "iwae", "dreg")


@dataclass(frozen=True)
class TrainSettings:
    """All that decides a training run besides its data; the same settings and data give the same weights.

    ``schedule`` is that of the learning rate, which rises during the first ``warmup_epochs``; that of β rises for
    ``beta_epochs`` (warmup) or again in the first half of every ``beta_epochs`` (cyclic). ``average`` is the decay of
    the moving average of the weights, which is what is evaluated and kept (0: the weights themselves).

    A ``conv`` network halves the image with one convolution for each of ``channels`` before its ``hidden`` layers, and
    doubles it again after those of the decoder; a ``dense`` one has no ``channels``.

    ``posterior`` and ``prior`` are the families of q(z|x) and p(z). ``objective`` is the bound that is trained, from
    ``samples`` draws of z for each image: ``elbo`` with the KL in closed form where there is one, ``elbo_mc`` with the
    KL from the draws, ``stl`` (sticking the landing), ``iwae`` and ``dreg``. ``free_bits`` nats of KL are free in each
    dimension.

    The run ends early when the loss of the test images has not fallen by more than ``min_delta`` nats for
    ``early_stopping_patience`` epochs (0: never); with ``restore_best_weights`` the weights of the epoch with the
    lowest one are kept.
    """

    hidden: tuple[int, ...] = (256, 128)
    latent_dim: int = 50
    likelihood: Likelihood = "bernoulli"
    beta: float = 1.0
    batch_size: int = 128
    learning_rate: float = 1e-3
    epochs: int = 50
    seed: int = 0
    schedule: Schedule = "constant"
    average: float = 0.999
    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"
    objective: TrainingObjective = "elbo"
    samples: int = 1
    free_bits: float = 0.0
    warmup_epochs: float = 0.0
    beta_schedule: BetaSchedule = "constant"
    beta_epochs: float = 10.0
    early_stopping_patience: int = 0
    min_delta: float = 0.0
    restore_best_weights: bool = False
    network: Network = "dense"
    channels: tuple[int, ...] = (32, 32, 64)


# Unless a run says otherwise, training images of more bytes than this are streamed.
MEMORY_LIMIT = 1 << 30


@dataclass(frozen=True)
class Dials:
    """What can be turned while a run goes; schedules multiply it."""

    learning_rate: float
    beta: float


MAX_EPOCHS = 100_000

MAX_BATCH = 1 << 16

MAX_SEED = (1 << 63) - 1

MAX_SAMPLES = 256


def check_settings(settings: TrainSettings) -> TrainSettings:
    """Return ``settings`` if a run can be made of them; ValueError with one sentence if not.

    Layer sizes, likelihood and latent families are checked by :class:`models.architecture.Architecture`, which knows
    the image.
    """
    _within("epochs", settings.epochs, 1, MAX_EPOCHS)
    _within("batch size", settings.batch_size, 1, MAX_BATCH)
    _within("seed", settings.seed, 0, MAX_SEED)
    _within("beta", settings.beta, 0.0, 1e6)
    _within("learning rate", settings.learning_rate, 1e-9, 1.0)
    _within("average", settings.average, 0.0, 0.999999)
    _within("early-stopping patience", settings.early_stopping_patience, 0, MAX_EPOCHS)
    _within("min delta", settings.min_delta, 0.0, 1e6)
    if settings.schedule not in SCHEDULES:
        raise ValueError(f"the schedule is one of {', '.join(SCHEDULES)}, not {settings.schedule!r}")
    _within("warm-up epochs", settings.warmup_epochs, 0.0, MAX_EPOCHS)
    _within("epochs of β", settings.beta_epochs, 1e-3, MAX_EPOCHS)
    if settings.beta_schedule not in BETA_SCHEDULES:
        raise ValueError(f"the schedule of β is one of {', '.join(BETA_SCHEDULES)}, not {settings.beta_schedule!r}")
    _check_objective(settings)
    return settings


def check_dials(dials: Dials, settings: TrainSettings) -> Dials:
    """Return ``dials`` if a run with ``settings`` can be given them; ValueError with one sentence if not."""
    check_settings(replace(settings, learning_rate=dials.learning_rate, beta=dials.beta))
    return dials


def _check_objective(settings: TrainSettings) -> None:
    _within("samples", settings.samples, 1, MAX_SAMPLES)
    _within("free bits", settings.free_bits, 0.0, 1e6)
    if settings.objective not in TRAINING_OBJECTIVES:
        raise ValueError(f"the objective is one of {', '.join(TRAINING_OBJECTIVES)}, not {settings.objective!r}")
    weighted = settings.objective in ("iwae", "dreg")
    if weighted and (settings.beta != 1.0 or settings.free_bits > 0.0 or settings.beta_schedule != "constant"):
        raise ValueError(f"{settings.objective} has no KL term of its own: β must be 1, always, and free bits 0")
    if weighted and settings.samples == 1:
        raise ValueError(f"{settings.objective} needs at least 2 samples: with one it is the ELBO")


def command_of(
    dataset: str, name: str, settings: TrainSettings, turns: Sequence[tuple[float, float, float]] = ()
) -> str:
    """Return the command line that repeats a training; options that have their default are left out.

    A comment tells of ``turns``: the epoch until which a learning rate and a β counted that were changed by hand.
    """
    words = ["latentscape", "train", dataset, "--out", f"{name}.safetensors"]
    for field in fields(TrainSettings):
        value = getattr(settings, field.name)
        if value is True:
            words.append(f"--{field.name.replace('_', '-')}")
        elif value != field.default:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
            words += [f"--{field.name.replace('_', '-')}", text]
    told = [f"learning rate {rate:g}, β {beta:g} until epoch {epoch:.2f}" for epoch, rate, beta in turns]
    return shlex.join(words) + (f"  # {'; '.join(told)}" if told else "")


def settings_to_json(settings: TrainSettings) -> dict[str, object]:
    """Return the settings as plain JSON values."""
    return asdict(settings) | {"hidden": list(settings.hidden), "channels": list(settings.channels)}


def settings_from_json(values: Mapping[str, object]) -> TrainSettings:
    """Rebuild settings from :func:`settings_to_json`; ValueError on an unknown name or a wrong type."""
    known = {field.name: field.default for field in fields(TrainSettings)}
    unknown = set(values) - set(known)
    if unknown:
        raise ValueError(f"unknown setting {min(unknown)!r}")
    converted = {name: _converted(name, value, known[name]) for name, value in values.items()}
    return check_settings(TrainSettings(**converted))  # type: ignore[arg-type]


def _converted(name: str, value: object, example: object) -> object:
    if isinstance(example, tuple):
        if isinstance(value, list) and all(type(item) is int for item in value):
            return tuple(value)
    elif isinstance(example, float):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif type(value) is type(example):
        return value
    raise ValueError(f"setting {name!r} has the wrong type")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} lies in {low:g} to {high:g}, not {value:g}")
