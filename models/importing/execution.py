"""Run a graph in TensorFlow: traced and compiled like any function, with gradients, for any batch size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from models.importing.graph import Graph
from models.importing.operations import Options, number, numbers, real

Tensors = Mapping[str, tf.Tensor]
Runner = Callable[[Sequence[tf.Tensor], Options], tf.Tensor]


def run(graph: Graph, weights: Tensors, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Return the outputs of ``graph``, each with the batch of ``inputs``, which are in the graph's order."""
    values = {name: weights[name] for name, _ in graph.weights}
    values |= {name: tensor for (name, _), tensor in zip(graph.inputs, inputs, strict=True)}
    for node in graph.nodes:
        given = [values[name] for name in node.inputs]
        values[node.name] = RUNNERS[node.operation](given, node.options)
    return [values[name] for name in graph.outputs]


def _dense(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    product = tf.linalg.matmul(given[0], given[1]) if len(given[0].shape) == 2 else tf.tensordot(given[0], given[1], 1)
    return _plus_bias(product, given)


def _plus_bias(values: tf.Tensor, given: Sequence[tf.Tensor]) -> tf.Tensor:
    return values + given[2] if len(given) > 2 else values


def _channels_last(work: Runner) -> Runner:
    """Return ``work``, which takes [n, h, w, c], for images of either layout."""

    def run_in_layout(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
        if options["layout"] == "last":
            return work(given, options)
        image = tf.transpose(given[0], [0, 2, 3, 1])
        return tf.transpose(work([image, *given[1:]], options), [0, 3, 1, 2])

    return run_in_layout


def _margins(pads: tuple[int, ...]) -> list[list[int]]:
    return [[0, 0], [pads[0], pads[1]], [pads[2], pads[3]], [0, 0]]


def _conv(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    image, pads = given[0], _margins(numbers(options, "pads"))
    # TensorFlow finds the groups by the channels of image and kernel.
    convolved = tf.nn.conv2d(
        image, given[1], list(numbers(options, "strides")), pads, dilations=list(numbers(options, "dilations"))
    )
    return _plus_bias(convolved, given)


def _conv_transpose(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    groups = number(options, "groups")
    parts = zip(tf.split(given[0], groups, 3), tf.split(given[1], groups, 3), strict=True)
    whole = tf.concat([_transposed(image, kernel, numbers(options, "strides")) for image, kernel in parts], 3)
    top, bottom, left, right = numbers(options, "crops")
    height, width = whole.shape[1], whole.shape[2]
    cut = whole[:, top : height - max(bottom, 0), left : width - max(right, 0)]
    return _plus_bias(tf.pad(cut, [[0, 0], [0, max(-bottom, 0)], [0, max(-right, 0)], [0, 0]]), given)


def _transposed(image: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, ...]) -> tf.Tensor:
    """Return all that a transposed convolution makes of an image, before anything is cut off."""
    sides = [
        (side - 1) * stride + reach
        for side, stride, reach in zip(image.shape[1:3], strides, kernel.shape[:2], strict=True)
    ]
    size = tf.stack([tf.shape(image)[0], *sides, kernel.shape[2]])
    grown = tf.nn.conv2d_transpose(image, kernel, size, list(strides), "VALID")
    return tf.ensure_shape(grown, [None, *sides, kernel.shape[2]])


def _max_pool(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    image = tf.pad(given[0], _margins(numbers(options, "pads")), constant_values=given[0].dtype.min)
    return tf.nn.max_pool2d(image, list(numbers(options, "size")), list(numbers(options, "strides")), "VALID")


def _mean_pool(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    """Return means over windows, of those values alone that are within the image."""
    size, strides, pads = (list(numbers(options, name)) for name in ("size", "strides", "pads"))
    margins = _margins(tuple(pads))
    means = tf.nn.avg_pool2d(tf.pad(given[0], margins), size, strides, "VALID")
    if not any(pads):
        return means
    return means / tf.nn.avg_pool2d(tf.pad(tf.ones_like(given[0][:1, :, :, :1]), margins), size, strides, "VALID")


def _resize(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    size, how = list(numbers(options, "size")), options["how"]
    if how == "corners":
        return tf.compat.v1.image.resize_bilinear(given[0], size, align_corners=True)
    image = given[0]
    whole = all(new % old == 0 for new, old in zip(size, image.shape[1:3], strict=True))
    if how == "nearest" and whole:
        down, across = size[0] // image.shape[1], size[1] // image.shape[2]
        return tf.repeat(tf.repeat(image, down, 1), across, 2)
    return tf.image.resize(image, size, str(how))


def _reshape(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    return tf.reshape(given[0], [-1, *numbers(options, "shape")])


def _slice(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    everything = [slice(None)] * number(options, "axis")
    return given[0][(*everything, slice(number(options, "start"), number(options, "stop"), number(options, "step")))]


def _pad(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    pads = numbers(options, "pads")
    margins = [list(pads[place : place + 2]) for place in range(0, len(pads), 2)]
    return tf.pad(given[0], margins, str(options["how"]).upper(), real(options, "value"))


def _reduced(work: Callable[..., tf.Tensor]) -> Runner:
    return lambda given, options: work(given[0], list(numbers(options, "axes")), bool(number(options, "keep")))


def _group_norm(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    image, scale, shift = given
    _, height, width, channels = image.shape
    groups = number(options, "groups")
    parts = tf.reshape(image, [-1, height * width, groups, channels // groups])
    mean, variance = tf.nn.moments(parts, [1, 3], keepdims=True)
    normal = (parts - mean) * tf.math.rsqrt(variance + real(options, "epsilon"))
    return tf.reshape(normal, [-1, height, width, channels]) * scale + shift


def _layer_norm(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    values = given[0]
    mean, variance = tf.nn.moments(values, list(range(number(options, "axis"), len(values.shape))), keepdims=True)
    normal = (values - mean) * tf.math.rsqrt(variance + real(options, "epsilon"))
    scaled = normal * given[1] if len(given) > 1 else normal
    return _plus_bias(scaled, given)


def _elu(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    # The branch that is not taken must not overflow: its gradient would be NaN.
    return tf.where(given[0] > 0, given[0], real(options, "alpha") * tf.math.expm1(tf.minimum(given[0], 0.0)))


def _hard_sigmoid(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    return tf.clip_by_value(given[0] * real(options, "alpha") + real(options, "beta"), 0.0, 1.0)


def _clip(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    return tf.clip_by_value(given[0], real(options, "low"), real(options, "high"))


def _less(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    return tf.cast(given[0] < given[1], tf.float32)


def _of_one(work: Callable[[tf.Tensor], tf.Tensor]) -> Runner:
    return lambda given, options: work(given[0])


def _of_two(work: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> Runner:
    return lambda given, options: work(given[0], given[1])


def _one_hot(given: Sequence[tf.Tensor], options: Options) -> tf.Tensor:
    return tf.one_hot(tf.cast(tf.round(given[0]), tf.int32), number(options, "depth"))


def _to_whole(work: Callable[[tf.Tensor], tf.Tensor]) -> Runner:
    """Return what makes whole numbers, whose slope is that of what is made whole: bytes of an image still have one."""
    return lambda given, options: given[0] + tf.stop_gradient(work(given[0]) - given[0])


def _mish(values: tf.Tensor) -> tf.Tensor:
    return values * tf.tanh(tf.nn.softplus(values))


RUNNERS: Mapping[str, Runner] = {
    "dense": _dense,
    "conv": _channels_last(_conv),
    "conv_transpose": _channels_last(_conv_transpose),
    "max_pool": _channels_last(_max_pool),
    "mean_pool": _channels_last(_mean_pool),
    "resize": _channels_last(_resize),
    "group_norm": _channels_last(_group_norm),
    "reshape": _reshape,
    "transpose": lambda given, options: tf.transpose(given[0], list(numbers(options, "axes"))),
    "concat": lambda given, options: tf.concat(list(given), number(options, "axis")),
    "slice": _slice,
    "pad": _pad,
    "mean": _reduced(tf.reduce_mean),
    "sum": _reduced(tf.reduce_sum),
    "max": _reduced(tf.reduce_max),
    "layer_norm": _layer_norm,
    "softmax": lambda given, options: tf.nn.softmax(given[0], number(options, "axis")),
    "matmul": _of_two(tf.linalg.matmul),
    "where": lambda given, options: tf.where(given[0] != 0.0, given[1], given[2]),
    "leaky_relu": lambda given, options: tf.nn.leaky_relu(given[0], real(options, "alpha")),
    "elu": _elu,
    "hard_sigmoid": _hard_sigmoid,
    "clip": _clip,
    "gelu": lambda given, options: tf.nn.gelu(given[0], bool(number(options, "approximate"))),
    "less": _less,
    "add": _of_two(tf.add),
    "sub": _of_two(tf.subtract),
    "mul": _of_two(tf.multiply),
    "div": _of_two(tf.divide),
    "pow": _of_two(tf.pow),
    "maximum": _of_two(tf.maximum),
    "minimum": _of_two(tf.minimum),
    "relu": _of_one(tf.nn.relu),
    "selu": _of_one(tf.nn.selu),
    "silu": _of_one(tf.nn.silu),
    "mish": _of_one(_mish),
    "sigmoid": _of_one(tf.sigmoid),
    "tanh": _of_one(tf.tanh),
    "softplus": _of_one(tf.nn.softplus),
    "softsign": _of_one(tf.nn.softsign),
    "exp": _of_one(tf.exp),
    "log": _of_one(tf.math.log),
    "sqrt": _of_one(tf.sqrt),
    "abs": _of_one(tf.abs),
    "neg": _of_one(tf.negative),
    "erf": _of_one(tf.math.erf),
    "round": _to_whole(tf.round),
    "floor": _to_whole(tf.floor),
    "one_hot": _one_hot,
}
