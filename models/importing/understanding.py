"""Make of other people's encoder and decoder one that takes and gives what Latentscape does, and say what was guessed.

The encoder becomes images [n, h, w, c] in 0–1 → μ and σ [n, d], the decoder z [n, d] → images or their logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.core.arrays import Floats32
from models.core.setting_table import SETTINGS
from models.core.text import shortened
from models.importing.choices import RANGES, SPREADS, Choices, Layout, Range
from models.importing.graph import MOST_VALUES, Builder, Graph, Node
from models.importing.halves import Half, Halves
from models.importing.labels import classes_of, with_label
from models.importing.layouts import channels_last
from models.importing.moments import moments, packing_of
from models.importing.operations import Shape
from models.importing.refusal import RefusedError

ImageShape = tuple[int, int, int]
# A graph's outputs at a batch of latents [n, *shape of its input].
Probe = Callable[[Graph, dict[str, Floats32], Floats32], Floats32]

PROBES = 16
MOST_DIMENSIONS = int(SETTINGS["latent_dim"].high)
# What only moves pixels about: an activation before it is the last all the same.
MOVES = ("reshape", "transpose", "slice")


@dataclass(frozen=True)
class Understood:
    """A model ready to be written: its graphs and weights, and lines that say what was understood.

    ``output`` is "logits" if the sigmoid of what the decoder gives is the image, else "image". ``taken`` says what was
    taken for each of :class:`Choices` that has a meaning here, whether it was said or guessed.
    """

    encoder: Graph | None
    decoder: Graph
    weights: dict[str, Floats32]
    image_shape: ImageShape
    latent_dim: int
    output: str
    lines: tuple[tuple[str, str], ...]
    taken: Mapping[str, str]


def understand(halves: Halves, choices: Choices, probe: Probe) -> Understood:
    """Return the model of encoder and decoder; :class:`RefusedError` if they make no sense together."""
    classes = classes_of(halves.decoder)
    encoder_half = None if halves.encoder is None else with_label(halves.encoder, choices.label)
    halves = Halves(encoder_half, with_label(halves.decoder, choices.label))
    picture = _picture(halves, choices, probe)
    decoder, decoder_weights, latent = _decoder(halves.decoder, picture)
    if math.prod(latent) > MOST_DIMENSIONS:
        raise RefusedError(
            f"its latent {shortened(list(latent[1:]))} has {math.prod(latent):,} dimensions, and up to "
            f"{MOST_DIMENSIONS:,} have a slider here",
            "export it for smaller pictures, whose latent grid is smaller",
        )
    lines = [
        ("image", f"{' × '.join(map(str, picture.shape))}, {picture.layout}, pixels {RANGES[picture.range]}"),
        ("decoder", f"{len(decoder.nodes)} operations, output {picture.activation}"),
    ]
    taken = {"layout": picture.layout, "range": picture.range, "activation": picture.activation}
    taken["image_shape"] = "x".join(map(str, picture.shape))
    if classes:
        lines.append(("label", f"held at class {choices.label or 0} of {classes}; --label chooses another"))
    weights = {f"decoder/{name}": values for name, values in decoder_weights.items()}
    encoder = None
    if halves.encoder is None:
        lines.append(("encoder", "none: explored with the prior"))
    else:
        encoder, encoder_weights, said, outputs = _encoder(halves.encoder, picture, choices, latent)
        taken |= outputs
        weights |= {f"encoder/{name}": values for name, values in encoder_weights.items()}
        lines += [("encoder", f"{len(encoder.nodes)} operations"), *said]
    grid = f" (a grid of {' × '.join(map(str, latent[1:]))})" if len(latent) > 2 else ""
    lines.append(("latent", f"{math.prod(latent)} dimensions{grid}"))
    output = "image" if picture.activation == "linear" else "logits"
    return Understood(
        None if encoder is None else _prefixed(encoder, "encoder/"), _prefixed(decoder, "decoder/"), weights,
        picture.shape, math.prod(latent), output, tuple(lines), taken,
    )  # fmt: skip


@dataclass(frozen=True)
class _Picture:
    """What the decoder makes: the image's shape and layout, its range, its activation and the node that applies it."""

    shape: ImageShape
    layout: Layout
    range: Range
    activation: str
    last: str = ""


def _picture(halves: Halves, choices: Choices, probe: Probe) -> _Picture:
    graph = halves.decoder.graph
    made = graph.shapes()[graph.outputs[0]]
    taken = _input_shape(halves.encoder.graph) if halves.encoder else made
    layout = choices.layout or _layout(made, graph) or halves.decoder.layout or _layout(taken, graph) or "NHWC"
    shape = choices.image_shape or _image_shape(made, layout) or _image_shape(taken, layout) or _square(made)
    if math.prod(shape) > math.prod(made) or shape[2] not in (1, 3):
        raise RefusedError(f"its decoder makes {shortened(list(made[1:]))}, which is no picture in grey or colour")
    last = _last_activation(graph)
    if last is not None and choices.activation is None:
        kind = last.operation
        default: Range = "unit" if kind == "sigmoid" else "signed"
        return _Picture(shape, layout, choices.range or default, kind, last.name)
    values = _probed(halves.decoder, probe)
    guess = choices.activation or halves.decoder.activation or _guessed(values)
    if guess != "linear":
        return _Picture(shape, layout, choices.range or ("unit" if guess == "sigmoid" else "signed"), guess)
    return _Picture(shape, layout, choices.range or _guessed_range(values), "linear")


def _probed(half: Half, probe: Probe) -> Floats32:
    """Return what the decoder makes of the origin and of draws of the prior."""
    shape = half.graph.inputs[0][1]
    count = max(1, min(PROBES, MOST_VALUES // half.graph.widest))
    draws = np.random.default_rng(0).standard_normal((count, *shape[1:])).astype(np.float32)
    draws[0] = 0.0
    values = probe(half.graph, dict(half.weights), draws)
    if not np.isfinite(values).all():
        raise RefusedError("its decoder makes NaN or infinite numbers of draws of the prior")
    return values


def _guessed(values: Floats32) -> str:
    """Return "sigmoid" for what looks like logits: far beyond any range of pixels, on both sides."""
    return "sigmoid" if np.quantile(values, 0.05) < -2.0 else "linear"


def _guessed_range(values: Floats32) -> Range:
    low, high = np.quantile(values, [0.05, 0.95])
    if high > 4.0:
        return "bytes"
    return "signed" if low < -0.4 else "unit"


def _last_activation(graph: Graph) -> Node | None:
    """Return the sigmoid or tanh that the output ends in, None if it ends in something else."""
    makers = {node.name: node for node in graph.nodes}
    node = makers.get(graph.outputs[0])
    while node is not None and node.operation in MOVES:
        node = makers.get(node.inputs[0])
    return node if node is not None and node.operation in ("sigmoid", "tanh") else None


def _layout(shape: Shape, graph: Graph) -> Layout | None:
    """Return where the channels of an image are, None if that cannot be told."""
    if len(shape) != 4:
        first = any(node.options.get("layout") == "first" for node in graph.nodes)
        return "NCHW" if first else None
    if shape[3] in (1, 3, 4) and shape[1] not in (1, 3, 4):
        return "NHWC"
    if shape[1] in (1, 3, 4) and shape[3] not in (1, 3, 4):
        return "NCHW"
    last = any(node.options.get("layout") == "last" for node in graph.nodes)
    return "NHWC" if last or shape[3] in (1, 3, 4) else "NCHW"


def _image_shape(shape: Shape, layout: Layout) -> ImageShape | None:
    """Return height, width and channels, without transparency; None of pixels in a row."""
    if len(shape) == 3:
        return shape[1], shape[2], 1
    if len(shape) != 4:
        return None
    height, width, channels = shape[1:] if layout == "NHWC" else (shape[2], shape[3], shape[1])
    return height, width, 3 if channels == 4 else channels


def _square(shape: Shape) -> ImageShape:
    count = math.prod(shape)
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side * side * channels == count:
            return side, side, channels
    raise RefusedError(
        f"its image is a row of {count:,} values, which is no square", "give its size: --size HEIGHTxWIDTH"
    )


def _input_shape(graph: Graph) -> Shape:
    return graph.inputs[0][1]


def _decoder(half: Half, picture: _Picture) -> tuple[Graph, dict[str, Floats32], Shape]:
    """Return the decoder from z [1, d] to the image or its logits, and the shape of its own latent."""
    latent, builder = half.graph.inputs[0][1], Builder()
    z = builder.input("z", (1, math.prod(latent)))
    value = z if len(latent) == 2 else builder.add("reshape", z, shape=latent[1:])
    (value,) = builder.take(half.graph, half.weights, [value], without=picture.last)
    value = _to_image(builder, value, picture)
    if picture.activation == "tanh":
        # (tanh a + 1) / 2 = sigmoid(2a)
        value = builder.add("mul", value, builder.weight("two", np.full(1, 2.0)), name="logits")
    elif picture.activation == "linear":
        value = _from_range(builder, value, picture.range)
    return *channels_last(builder.graph([value]), builder.arrays), latent


def _to_image(builder: Builder, value: str, picture: _Picture) -> str:
    """Bring an output into the layout [1, h, w, c], without a fourth channel."""
    height, width, channels = picture.shape
    count = math.prod(builder.shape(value))
    held = count // (height * width)
    first = picture.layout == "NCHW"
    shape = (held, height, width) if first else (height, width, held)
    if builder.shape(value) != (1, *shape):
        value = builder.add("reshape", value, shape=shape)
    if first:
        value = builder.add("transpose", value, axes=(0, 2, 3, 1))
    if held != channels:
        value = builder.add("slice", value, axis=3, start=0, stop=channels, step=1)
    return value


def _from_range(builder: Builder, value: str, pixels: Range) -> str:
    """Bring pixels of a range to 0–1."""
    if pixels != "unit":
        scale, shift = (0.5, 0.5) if pixels == "signed" else (1.0 / 255.0, 0.0)
        value = _affine(builder, value, scale, shift)
    return builder.add("clip", value, name="image", low=0.0, high=1.0)


def _affine(builder: Builder, value: str, scale: float, shift: float) -> str:
    value = builder.add("mul", value, builder.weight("pixel.scale", np.full(1, scale)))
    return value if shift == 0.0 else builder.add("add", value, builder.weight("pixel.shift", np.full(1, shift)))


def _encoder(
    half: Half, picture: _Picture, choices: Choices, latent: Shape
) -> tuple[Graph, dict[str, Floats32], Sequence[tuple[str, str]], Mapping[str, str]]:
    """Return the encoder from images in 0–1 to μ and σ [1, d], lines about it, and what was taken for its outputs."""
    builder, wanted = Builder(), _input_shape(half.graph)
    pixels: Range = choices.range or ("bytes" if _takes_bytes(half) else picture.range)
    value = builder.input("image", (1, *picture.shape))
    if pixels != "unit":
        value = _affine(builder, value, *((2.0, -1.0) if pixels == "signed" else (255.0, 0.0)))
    outputs = builder.take(half.graph, half.weights, [_from_image(builder, value, picture, wanted)])
    mu, sigma, kind, names = moments(builder, outputs, half, choices, math.prod(latent))
    said = [("its input", f"pixels {RANGES[pixels]}"), ("μ", names[0]), ("σ", f"{names[1]} {SPREADS[kind]}".strip())]
    packing = packing_of(names[0])
    taken = {"mu": names[0], "log_var": names[1].removesuffix(","), "spread": kind}
    taken |= {"packed": packing} if packing else {}
    return *channels_last(builder.graph([mu, sigma]), builder.arrays), said, taken


def _from_image(builder: Builder, value: str, picture: _Picture, wanted: Shape) -> str:
    """Bring an image [1, h, w, c] into the shape that the encoder takes."""
    if math.prod(wanted) == 4 * math.prod(picture.shape[:2]) and picture.shape[2] == 3:
        opaque = builder.add("slice", value, axis=3, start=0, stop=1, step=1)
        zero, one = builder.weight("none", np.zeros(1)), builder.weight("opaque", np.ones(1))
        opaque = builder.add("add", builder.add("mul", opaque, zero), one)
        value = builder.add("concat", value, opaque, axis=3)
    if math.prod(wanted) != math.prod(builder.shape(value)):
        raise RefusedError(
            f"its encoder takes {shortened(list(wanted[1:]))}, but its decoder makes {shortened(list(picture.shape))}",
            "name an encoder and a decoder of the same model",
        )
    if picture.layout == "NCHW":
        value = builder.add("transpose", value, axes=(0, 3, 1, 2))
    return value if builder.shape(value) == wanted else builder.add("reshape", value, shape=wanted[1:])


def _takes_bytes(half: Half) -> bool:
    """Return whether the encoder first divides its input by about 255."""
    source = half.graph.inputs[0][0]
    for node in half.graph.nodes:
        if source in node.inputs and node.operation in ("mul", "div"):
            others = [half.weights[name] for name in node.inputs if name in half.weights]
            factors = [float(other.flat[0]) for other in others if other.size == 1]
            return any(250 < (factor if node.operation == "div" else 1 / (factor or 1)) < 260 for factor in factors)
    return False


def _prefixed(graph: Graph, prefix: str) -> Graph:
    """Return a graph whose weights have ``prefix`` before their names."""
    known = {name for name, _ in graph.weights}
    named = {name: f"{prefix}{name}" if name in known else name for node in graph.nodes for name in node.inputs}
    nodes = tuple(
        Node(node.operation, node.name, tuple(named[name] for name in node.inputs), node.attributes)
        for node in graph.nodes
    )
    weights = tuple((f"{prefix}{name}", shape) for name, shape in graph.weights)
    return Graph(graph.inputs, weights, nodes, graph.outputs)
