"""Blocks whose layers may not follow one after the other, told by shapes where names do not: residual ones, attention.

A block of x + f(x) makes as many channels as it takes and keeps the size of an image, so that kernels are odd, and is
built as a module of its own. A plain row of layers may look the same, so nothing is read without a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from models.core.text import shortened
from models.importing.choices import Blocks
from models.importing.refusal import RefusedError
from models.importing.weights_names import WAY_ON, WeightLayer, numbered

# Up to this many channels are those of a picture: what leads from one to the other is no block.
PICTURE = 3
SHORTCUT = re.compile(r"(^|[._])(down_?sample|identity|proj\w*)([._]|$)", re.IGNORECASE)
QUERY = re.compile(r"(query|[qkv]|key|value)(_?(conv|proj|linear|lin|layer))?", re.IGNORECASE)


def with_blocks(layers: Sequence[WeightLayer], said: Blocks | None) -> tuple[list[WeightLayer], list[str]]:
    """Note the residual blocks that layers are in, unless ``said`` that they are plain, and return remarks on them.

    :class:`RefusedError` if there are layers that meet in a way that weights do not tell.
    """
    deep = _checked(layers, WAY_ON)
    found: dict[str, str] = {}
    for name, block in sorted(_modules(deep).items(), key=lambda item: -item[0].count(".")):
        if len(block) < len(deep) and _closed(name, block) and not any(layer.name in found for layer in block):
            found |= {layer.name: name for layer in layers if layer.name.startswith(f"{name}.")}
    if not found:
        return list(layers), []
    names = ", ".join(dict.fromkeys(found.values()))
    if said == "plain":
        return list(layers), [f"layers of {shortened(names)} one after the other"]
    told = f"blocks {shortened(names)} as residual, x + f(x), a guess; --blocks plain reads them as a row"
    return [_noted(layer, found[layer.name]) if layer.name in found else layer for layer in layers], [told]


def _noted(layer: WeightLayer, block: str) -> WeightLayer:
    return replace(layer, block=block, way="flat" if layer.kind == "conv" else layer.way)


def check_blocks(layers: Sequence[WeightLayer], said: Blocks | None, way_on: str) -> None:
    """Raise :class:`RefusedError` for what weights do not tell, and for what may be a block unless ``said`` plain."""
    deep = _checked(layers, way_on)
    for name, block in _modules(deep).items():
        if said != "plain" and len(block) < len(deep) and _closed(name, block):
            reason = f"its layers {_listed(block)} may be a residual block or follow one after the other"
            raise RefusedError(
                f"{reason}, and weights do not tell which", f"if they follow, say --blocks plain; else {way_on}"
            )


def _checked(layers: Sequence[WeightLayer], way_on: str) -> list[WeightLayer]:
    """Return the layers with kernels; :class:`RefusedError` for attention and shortcuts."""
    deep = [layer for layer in layers if layer.kind in ("conv", "dense")]
    for block in _modules(deep).values():
        told = _attention(block) or _shortcut(block)
        if told:
            raise RefusedError(f"its layers {_listed(block)} {told}, and weights do not tell how they meet", way_on)
    return deep


def _modules(deep: Sequence[WeightLayer]) -> Mapping[str, list[WeightLayer]]:
    """Return the layers of each module that may be a block: what holds them, and what is one of a numbered row."""
    modules: dict[str, list[WeightLayer]] = {}
    for layer in deep:
        parent, _, _ = layer.name.rpartition(".")
        words = parent.split(".")
        above = [".".join(words[:end]) for end in range(1, len(words)) if words[end - 1][-1:].isdecimal()]
        for name in (*above, parent):
            modules.setdefault(name, []).append(layer)
    return {name: block for name, block in modules.items() if name and len(block) > 1}


def _attention(block: Sequence[WeightLayer]) -> str:
    """Return what tells of attention: queries, keys and values side by side, or the three in one layer."""
    sides = [layer for layer in block if QUERY.fullmatch(layer.name.rpartition(".")[2])]
    first, second = block[:2]
    made, taken = first.shape[:2]
    packed = made == 3 * taken and second.shape[:2] == (taken, taken) and _point(first) and _point(second)
    return "are of attention" if len(sides) > 2 or (packed and taken > PICTURE) else ""


def _shortcut(block: Sequence[WeightLayer]) -> str:
    """Return what tells of a shortcut: a convolution of single points that leads past at least two others.

    It takes what the first takes and makes what the last makes. If that is something else, it cannot follow; else its
    name tells.
    """
    for place, layer in enumerate(block):
        others = [other for other in block if other is not layer]
        if layer.kind == "conv" and _point(layer) and len(others) > 1 and place in (0, len(others)):
            beside = layer.shape[1] == others[0].shape[1] and layer.shape[0] == others[-1].shape[0]
            if beside and (layer.shape[0] != layer.shape[1] or SHORTCUT.search(layer.name)):
                return "are a residual block with a shortcut"
    return ""


def _closed(name: str, block: Sequence[WeightLayer]) -> bool:
    """Return whether x + f(x) is possible: what goes in comes out, and no layer between changes the size."""
    kinds = {layer.kind for layer in block}
    taken, made = block[0].shape[1], block[-1].shape[0]
    if len(kinds) > 1 or taken != made or taken <= PICTURE:
        return False
    repeated = any(word[-1:].isdecimal() for word in name.split("."))
    if kinds == {"dense"}:
        return repeated
    starts = numbered(block[0].name)[1] > 0
    own = repeated or "." in name or starts
    return own and all(layer.shape[2] % 2 for layer in block)


def _point(layer: WeightLayer) -> bool:
    return layer.shape[2:] in ((), (1, 1))


def _listed(block: Sequence[WeightLayer]) -> str:
    return f"{shortened(block[0].name)} to {shortened(block[-1].name)}"
