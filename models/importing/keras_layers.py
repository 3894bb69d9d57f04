"""The layers of Keras that are understood: each becomes operations of a graph. Nothing else is ever built or run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.core.text import shortened
from models.importing.graph import MOST_VALUES, Builder
from models.importing.keras_activations import ACTIVATIONS, activated, activation_layer
from models.importing.keras_layer import Config, Layer, Maker
from models.importing.keras_norms import batch_norm, group_norm, layer_norm, normalization, rescaling
from models.importing.probability import DISTRIBUTIONS, distribution
from models.importing.refusal import RefusedError
from models.importing.windows import same_crops, same_pads


def _kernel_and_bias(layer: Layer) -> list[np.ndarray]:
    names = ["kernel", "bias"] if layer.config.get("use_bias", True) else ["kernel"]
    return list(layer.weights.arrays(names))


def _weights(builder: Builder, layer: Layer, arrays: Sequence[np.ndarray]) -> list[str]:
    return [
        builder.weight(f"{layer.name}.{part}", array) for part, array in zip(("kernel", "bias"), arrays, strict=False)
    ]


def _finish(builder: Builder, layer: Layer, value: str) -> str:
    return activated(builder, value, layer.config.get("activation"), f"{layer.name}.activation", layer.old)


def _dense(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    weights = _weights(builder, layer, _kernel_and_bias(layer))
    return _finish(builder, layer, builder.add("dense", inputs[0], *weights, name=layer.name))


def _conv(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    arrays = _kernel_and_bias(layer)
    return _finish(builder, layer, _convolved(builder, layer, inputs[0], arrays, int(layer.config.get("groups", 1))))


def _convolved(builder: Builder, layer: Layer, value: str, arrays: Sequence[np.ndarray], groups: int) -> str:
    strides, dilations = layer.pair("strides"), layer.pair("dilation_rate")
    reach = [(side - 1) * apart + 1 for side, apart in zip(arrays[0].shape[:2], dilations, strict=True)]
    same = layer.config.get("padding") == "same"
    pads = same_pads(layer.sides(builder.shape(value)), reach, strides) if same else (0, 0, 0, 0)
    return builder.add(
        "conv", value, *_weights(builder, layer, arrays), name=layer.name, strides=strides, pads=pads,
        dilations=dilations, groups=groups, layout=layer.layout,
    )  # fmt: skip


def _depthwise(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    names = ["depthwise_kernel" if layer.old else "kernel", "bias"][: 1 + bool(layer.config.get("use_bias", True))]
    kernel, *bias = layer.weights.arrays(names)
    rows, columns, channels, times = kernel.shape
    arrays = [kernel.reshape(rows, columns, 1, channels * times), *bias]
    return _finish(builder, layer, _convolved(builder, layer, inputs[0], arrays, channels))


def _conv_transpose(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    arrays, strides = _kernel_and_bias(layer), layer.pair("strides")
    if layer.pair("dilation_rate") != (1, 1):
        raise RefusedError(f"its transposed convolution {shortened(layer.name)} is dilated, which is not supported")
    kernel = arrays[0].shape[:2]
    value = builder.add(
        "conv_transpose", inputs[0], *_weights(builder, layer, arrays), name=layer.name, strides=strides,
        crops=_crops(layer, kernel, strides), groups=1, layout=layer.layout,
    )  # fmt: skip
    return _finish(builder, layer, value)


def _crops(layer: Layer, kernel: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    same = layer.config.get("padding") == "same"
    if layer.config.get("output_padding") is None:
        if same:
            return same_crops(kernel, strides)
        return 0, min(kernel[0] - strides[0], 0), 0, min(kernel[1] - strides[1], 0)
    more = layer.pair("output_padding")
    pads = [side // 2 if same else 0 for side in kernel]
    return pads[0], pads[0] - more[0], pads[1], pads[1] - more[1]


def _identity(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    return inputs[0]


def _flatten(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    value, shape = inputs[0], builder.shape(inputs[0])
    if layer.layout == "first" and len(shape) == 4:
        value = builder.add("transpose", value, axes=(0, 2, 3, 1))
    return builder.add("reshape", value, name=layer.name, shape=(int(np.prod(shape)),))


def _reshape(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    shape = [int(size) for size in layer.config["target_shape"]]
    count = int(np.prod(builder.shape(inputs[0])))
    if -1 in shape:
        known = -int(np.prod(shape))
        shape[shape.index(-1)] = count // known if known > 0 else 0
    return builder.add("reshape", inputs[0], name=layer.name, shape=tuple(shape))


def _permute(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    return builder.add("transpose", inputs[0], name=layer.name, axes=(0, *map(int, layer.config["dims"])))


def _activation(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    return activated(builder, inputs[0], layer.config.get("activation"), layer.name, layer.old)


def _own_activation(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    return activation_layer(builder, layer.kind, layer.config, inputs[0], layer.name)


def _upsampling(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    sides, times = layer.sides(builder.shape(inputs[0])), layer.pair("size", 2)
    how = str(layer.config.get("interpolation", "nearest"))
    size = (sides[0] * times[0], sides[1] * times[1])
    return builder.add("resize", inputs[0], name=layer.name, size=size, how=how, layout=layer.layout)


def _pooling(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    size = layer.pair("pool_size", 2)
    strides = size if layer.config.get("strides") is None else layer.pair("strides")
    same = layer.config.get("padding") == "same"
    pads = same_pads(layer.sides(builder.shape(inputs[0])), size, strides) if same else (0, 0, 0, 0)
    kind = "max_pool" if layer.kind.startswith("Max") else "mean_pool"
    return builder.add(kind, inputs[0], name=layer.name, size=size, strides=strides, pads=pads, layout=layer.layout)


def _global_pooling(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    axes, keep = ((1, 2) if layer.layout == "last" else (2, 3)), int(bool(layer.config.get("keepdims", False)))
    kind = "max" if "Max" in layer.kind else "mean"
    return builder.add(kind, inputs[0], name=layer.name, axes=axes, keep=keep)


def _margins(config: Config, key: str) -> tuple[int, int, int, int]:
    value = config[key]
    if isinstance(value, int):
        return value, value, value, value
    rows, columns = ((side, side) if isinstance(side, int) else side for side in value)
    return int(rows[0]), int(rows[1]), int(columns[0]), int(columns[1])


def _zero_padding(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    margins = _margins(layer.config, "padding")
    pads = (0, 0, *margins, 0, 0) if layer.layout == "last" else (0, 0, 0, 0, *margins)
    return builder.add("pad", inputs[0], name=layer.name, pads=pads, value=0.0, how="constant")


def _cropping(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    top, bottom, left, right = _margins(layer.config, "cropping")
    value, first = inputs[0], 1 if layer.layout == "last" else 2
    for axis, before, after in ((first, top, bottom), (first + 1, left, right)):
        stop = builder.shape(value)[axis] - after
        value = builder.add("slice", value, name=layer.name, axis=axis, start=before, stop=stop, step=1)
    return value


def _concatenate(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    axis = int(layer.config.get("axis", -1)) % len(builder.shape(inputs[0]))
    return builder.add("concat", *inputs, name=layer.name, axis=axis)


def _merged(operation: str) -> Maker:
    def make(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
        value = inputs[0]
        for other in inputs[1:]:
            value = builder.add(operation, value, other, name=layer.name)
        return value

    return make


def _prelu(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    (slopes,) = layer.weights.arrays(["alpha"])
    below = builder.add("minimum", inputs[0], builder.weight("zero", np.zeros(1)))
    sloped = builder.add("mul", below, builder.weight(f"{layer.name}.slopes", slopes[np.newaxis]))
    return builder.add("add", builder.add("relu", inputs[0]), sloped, name=layer.name)


def _separable(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    """Convolve each channel by itself, then mix them at each place."""
    names = ["depthwise_kernel", "pointwise_kernel", "bias"]
    kernel, mixing, *bias = layer.weights.arrays(names[: 2 + bool(layer.config.get("use_bias", True))])
    rows, columns, channels, times = kernel.shape
    apart = [kernel.reshape(rows, columns, 1, channels * times)]
    value = _convolved(builder, layer, inputs[0], apart, channels)
    mixed = builder.add(
        "conv", value, *_weights(builder, layer, [mixing, *bias]), name=layer.name, strides=(1, 1), pads=(0, 0, 0, 0),
        dilations=(1, 1), groups=1, layout=layer.layout,
    )  # fmt: skip
    return _finish(builder, layer, mixed)


def _resizing(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    how, size = str(layer.config.get("interpolation", "bilinear")), (layer.config["height"], layer.config["width"])
    if how not in ("nearest", "bilinear") or layer.config.get("crop_to_aspect_ratio"):
        raise RefusedError(f"its layer {shortened(layer.name)} resizes in a way that is not supported")
    return builder.add("resize", inputs[0], name=layer.name, size=size, how=how, layout=layer.layout)


def _repeated(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    (_, units), times = builder.shape(inputs[0]), int(layer.config["n"])
    if not 0 < times * units <= MOST_VALUES:
        raise RefusedError(f"its layer {shortened(layer.name)} repeats a row {times:,} times")
    row = builder.add("reshape", inputs[0], shape=(1, units))
    ones = builder.weight(f"{layer.name}.ones", np.ones((1, times, 1)))
    return builder.add("mul", row, ones, name=layer.name)


def _averaged(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    total = _merged("add")(builder, layer, inputs)
    return builder.add("mul", total, builder.weight(f"{layer.name}.share", np.full(1, 1 / len(inputs))))


def _embedding(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    (table,) = layer.weights.arrays(["embeddings"])
    classes = builder.add("one_hot", inputs[0], depth=len(table))
    return builder.add("dense", classes, builder.weight(f"{layer.name}.table", table), name=layer.name)


def _distribution(builder: Builder, layer: Layer, inputs: Sequence[str]) -> str:
    return distribution(builder, layer.kind, layer.config, inputs[0], layer.name)


LAYERS: Mapping[str, Maker] = {
    "Dense": _dense,
    "Conv2D": _conv,
    "Convolution2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "Conv2DTranspose": _conv_transpose,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "Activation": _activation,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "GroupNormalization": group_norm,
    "UpSampling2D": _upsampling,
    "ZeroPadding2D": _zero_padding,
    "Cropping2D": _cropping,
    "Concatenate": _concatenate,
    "Embedding": _embedding,
    "PReLU": _prelu,
    "SeparableConv2D": _separable,
    "Normalization": normalization,
    "Resizing": _resizing,
    "RepeatVector": _repeated,
    "Average": _averaged,
    "Rescaling": rescaling,
    "Add": _merged("add"),
    "Subtract": _merged("sub"),
    "Multiply": _merged("mul"),
    "Maximum": _merged("maximum"),
    "Minimum": _merged("minimum"),
    **dict.fromkeys(ACTIVATIONS, _own_activation),
    **dict.fromkeys(DISTRIBUTIONS, _distribution),
    **dict.fromkeys(("MaxPooling2D", "AveragePooling2D"), _pooling),
    **dict.fromkeys(("GlobalAveragePooling2D", "GlobalMaxPooling2D"), _global_pooling),
    **dict.fromkeys(
        (
            "Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout", "GaussianNoise", "ActivityRegularization",
            "Identity", "KLDivergenceAddLoss", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
            "RandomContrast", "RandomBrightness",
        ),
        _identity,
    ),
}  # fmt: skip
