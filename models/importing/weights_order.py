"""Put layers into an order in which each takes what the one before it makes: some files keep them by their names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from models.importing.weights_names import WeightLayer

# What is tried first where several kinds fit.
FIRST = ("batch_norm", "scale", "prelu", "conv", "dense")
MOST_TRIED = 20_000


def in_order(layers: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return layers as they are if each fits on the one before it, else in an order in which they do, if there is one.

    Layers of one kind keep their order.
    """
    kept = list(layers)
    if not kept or all(_fits(kept[:place], layer) or _opens(kept[:place], layer) for place, layer in enumerate(kept)):
        return kept
    return searched(kept) or kept


def searched(layers: Sequence[WeightLayer], free: bool = False) -> list[WeightLayer]:
    """Return an order in which all layers fit, none if there is none: the search goes back where it is stuck.

    Layers of one kind keep their order unless they are ``free``.
    """
    queues: dict[str, list[WeightLayer]] = {}
    for layer in layers:
        queues.setdefault(layer.name if free else f"{layer.kind}{layer.way}", []).append(layer)
    lists = sorted(queues.values(), key=lambda queue: FIRST.index(queue[0].kind))
    waiting: list[Iterator[tuple[list[WeightLayer], tuple[int, ...]]]] = [iter([([], (0,) * len(lists))])]
    for _ in range(MOST_TRIED):
        if not waiting:
            return []
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
        elif len(found[0]) == len(layers):
            return found[0]
        else:
            waiting.append(_following(lists, *found))
    return []


def _following(
    lists: Sequence[Sequence[WeightLayer]], taken: list[WeightLayer], places: tuple[int, ...]
) -> Iterator[tuple[list[WeightLayer], tuple[int, ...]]]:
    order = list(range(len(lists)))
    if not taken and any(
        layer.kind == "dense" and layer.shape[0] > layer.shape[1] for queue in lists for layer in queue
    ):
        # What widens is a decoder, which begins with its latent.
        order.reverse()
    for index in order:
        place, queue = places[index], lists[index]
        if place < len(queue) and _fits(taken, queue[place]):
            yield [*taken, queue[place]], (*places[:index], place + 1, *places[index + 1 :])


def _opens(taken: Sequence[WeightLayer], layer: WeightLayer) -> bool:
    """Return whether a norm is the first of its residual block, whatever comes before."""
    first = bool(layer.block) and bool(taken) and taken[-1].block != layer.block
    return first and layer.kind in ("batch_norm", "scale")


def _fits(taken: Sequence[WeightLayer], layer: WeightLayer) -> bool:
    """Return whether a layer takes what the last one makes, or the same as the last one: mean and spread."""
    if not taken:
        return layer.kind in ("dense", "conv")
    last = next(each for each in reversed(taken) if each.kind in ("dense", "conv"))
    made = _made(last)
    if layer.kind in ("batch_norm", "scale", "prelu"):
        return bool(made == layer.shape[0]) and taken[-1].kind in ("dense", "conv")
    wanted = _taken(layer)
    if layer.kind == "dense" and last.kind == "dense":
        return bool(wanted == made) or layer.shape == last.shape
    if layer.kind == last.kind:
        return bool(wanted == made)
    if layer.kind == "dense":
        return bool(wanted % made == 0) and math.isqrt(wanted // made) ** 2 * made == wanted
    return bool(made % wanted == 0) and math.isqrt(made // wanted) ** 2 * wanted == made


def _made(layer: WeightLayer) -> int:
    """Return how many values or channels a layer makes: as many as its bias has, if it has one."""
    if layer.way != "up" and "bias" in layer.weights:
        return len(layer.weights["bias"])
    return layer.shape[1] if layer.way == "up" else layer.shape[0]


def _taken(layer: WeightLayer) -> int:
    first, second = layer.shape[:2]
    return first if layer.way == "up" or (layer.kind == "conv" and _made(layer) != first) else second
