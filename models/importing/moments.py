"""Which of an encoder's outputs are the mean and the spread of z, and what the spread is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from models.core.text import shortened
from models.importing.choices import Choices, SpreadKind
from models.importing.graph import Builder, Graph
from models.importing.halves import Half
from models.importing.operations import Shape
from models.importing.probability import triangle
from models.importing.refusal import RefusedError

# σ of an encoder that gives points, and the least that any has.
SHARP, LEAST = 1e-2, 1e-4
# log σ² beyond which the square root of the exponential is no float32.
LOUD = 60.0
MEAN_WORDS = re.compile(r"mean|(^|[^a-z])(mu|loc)([^a-z]|$)|fc21|fc_?mu", re.IGNORECASE)
SPREAD_WORDS = re.compile(r"var|sigma|std|scale|fc22", re.IGNORECASE)
# What the mean is called that is packed with the spread.
PACKED = {"interleaved": "every other value of", "halves": "first half of"}
# A layer that makes mean and spread in turn: view(-1, d, 2).
INTERLEAVED = re.compile(r"mu_?logvar_?gen", re.IGNORECASE)


def moments(
    builder: Builder, outputs: Sequence[str], half: Half, choices: Choices, dims: int
) -> tuple[str, str, SpreadKind, tuple[str, str]]:
    """Add μ and σ [1, d] to the graph; return their names, what the spread is, and which outputs they are made of."""
    names = half.graph.outputs
    flat = [_flat(builder, value) for value in outputs]
    mean, spread = _chosen(names, [builder.shape(value) for value in flat], choices, dims)
    width = builder.shape(flat[mean])[1]
    if spread is None and width == 2 * dims:
        mu, second, label = _unpacked(builder, outputs[mean], flat[mean], names[mean], choices)
    elif spread is None and width == dims + dims * (dims + 1) // 2:
        mu, sigma = triangle(builder, flat[mean], dims)
        return mu, sigma, "cholesky", (f"first {dims} of {names[mean]}", "the rest,")
    elif width != dims:
        raise RefusedError(f"its encoder gives {width} values, its decoder takes {dims}")
    else:
        mu, second = flat[mean], "" if spread is None else flat[spread]
        label = (names[mean], "" if spread is None else f"{names[spread]},")
    kind = _kind(half, names[spread] if spread is not None else names[mean], second != "", choices)
    return mu, _sigma(builder, mu, second, kind), kind, label


def packing_of(mean: str) -> str:
    """Return how the mean is packed with the spread in one output, by what it is called; "" if it is not."""
    return next((kind for kind, words in PACKED.items() if mean.startswith(words)), "")


def _unpacked(builder: Builder, value: str, flat: str, name: str, choices: Choices) -> tuple[str, str, tuple[str, str]]:
    """Return mean and spread that are packed in one output, and what they are called.

    Of an image, either half of the channels is one of them. Of a row, it is the halves or every other value.
    """
    shape = builder.shape(value)
    if len(shape) == 4:
        axis = 1 if any(node.options.get("layout") == "first" for node in builder.graph(()).nodes) else 3
        parts = [
            builder.add("slice", value, axis=axis, start=start, stop=start + shape[axis] // 2, step=1)
            for start in (0, shape[axis] // 2)
        ]
        return _flat(builder, parts[0]), _flat(builder, parts[1]), (f"first channels of {name}", "the others,")
    width = builder.shape(flat)[1]
    if (choices.packed or ("interleaved" if INTERLEAVED.search(name) else "halves")) == "interleaved":
        even, odd = (builder.add("slice", flat, axis=1, start=start, stop=width, step=2) for start in (0, 1))
        return even, odd, (f"{PACKED['interleaved']} {name}", "those between,")
    first, second = (
        builder.add("slice", flat, axis=1, start=start, stop=start + width // 2, step=1) for start in (0, width // 2)
    )
    return first, second, (f"{PACKED['halves']} {name}", "second half,")


def _flat(builder: Builder, value: str) -> str:
    shape = builder.shape(value)
    return value if len(shape) == 2 else builder.add("reshape", value, shape=(math.prod(shape),))


def _chosen(names: Sequence[str], shapes: Sequence[Shape], choices: Choices, dims: int) -> tuple[int, int | None]:
    """Return the numbers of the outputs that are mean and spread."""
    fitting = [index for index, shape in enumerate(shapes) if shape[1] == dims] or [0]
    mean = _number(names, choices.mu)
    spread = _number(names, choices.log_var)
    if spread is None and len(fitting) > 1:
        others = [index for index in fitting if index != mean]
        told = [index for index in others if SPREAD_WORDS.search(names[index])]
        meant = [index for index in others if MEAN_WORDS.search(names[index]) and index not in told]
        mean = mean if mean is not None else (meant or fitting)[0]
        spread = (told or [index for index in others if index != mean])[0]
    return (fitting[0] if mean is None else mean), spread


def _number(names: Sequence[str], choice: str | None) -> int | None:
    """Return the number of the output that a person has named."""
    if choice is None:
        return None
    if choice in names:
        return list(names).index(choice)
    if choice.isdecimal() and int(choice) < len(names):
        return int(choice)
    raise RefusedError(
        f"its encoder has no output {shortened(choice)}", f"its outputs are {shortened(', '.join(names))}"
    )


def _kind(half: Half, name: str, there: bool, choices: Choices) -> SpreadKind:
    if not there:
        return "none"
    if choices.spread is not None:
        return choices.spread
    if half.spread_kind == "sigma" or _positive(half.graph, name):
        return "sigma"
    return "log_sigma" if re.search(r"log_?(sigma|std|scale)", name, re.IGNORECASE) else "log_var"


def _positive(graph: Graph, name: str) -> bool:
    """Return whether a value is made by what makes positive numbers only, scaled or moved at most."""
    node = graph.maker(name)
    weights = {weight for weight, _ in graph.weights}
    while node is not None and node.operation in ("mul", "add", "reshape", "clip"):
        given = [value for value in node.inputs if value not in weights]
        node = graph.maker(given[0]) if given else None
    return node is not None and node.operation in ("softplus", "exp", "sigmoid", "sqrt", "abs")


def _sigma(builder: Builder, mu: str, spread: str, kind: SpreadKind) -> str:
    """Add σ of a spread of this kind, which is "" if there is none."""
    if not spread:
        none = builder.add("mul", mu, builder.weight("nothing", np.zeros(1)))
        return builder.add("add", none, builder.weight("sharp", np.full(1, SHARP)), name="sigma")
    if kind == "softplus":
        spread = builder.add("softplus", spread)
    elif kind != "sigma":
        if kind == "log_var":
            spread = builder.add("mul", spread, builder.weight("half", np.full(1, 0.5)))
        spread = builder.add("exp", builder.add("clip", spread, low=-LOUD, high=LOUD))
    return builder.add("maximum", spread, builder.weight("least", np.full(1, LEAST)), name="sigma")
