"""Adam, the norm of the gradient and the moving average as functions of tensors, for a compiled loop."""

from __future__ import annotations

import tensorflow as tf

from models.vae.networks import Parameters, Tensors

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7


def adam(
    parameters: Parameters,
    gradients: Tensors,
    moments: tuple[Tensors, Tensors],
    rate: tf.Tensor,
    step: tf.Tensor,
) -> tuple[Tensors, tuple[Tensors, Tensors]]:
    """Return parameters and moments after one step of Adam (Kingma & Ba 2015); ``step`` counts from 0.

    The two bias corrections are folded into the rate, as in section 2 of the paper.
    """
    time = tf.cast(step + 1, tf.float32)
    corrected = rate * tf.sqrt(1.0 - tf.pow(BETA_2, time)) / (1.0 - tf.pow(BETA_1, time))
    first = {name: m + (1.0 - BETA_1) * (gradients[name] - m) for name, m in moments[0].items()}
    second = {name: v + (1.0 - BETA_2) * (gradients[name] ** 2 - v) for name, v in moments[1].items()}
    moved = {
        name: value - corrected * first[name] / (tf.sqrt(second[name]) + EPSILON) for name, value in parameters.items()
    }
    return moved, (first, second)


def global_norm(gradients: Tensors) -> tf.Tensor:
    """Return the Euclidean norm of all gradients together.

    It is summed in float64: in float32 the last bit would depend on where the gradients are in memory.
    """
    squares = [tf.reduce_sum(tf.square(tf.cast(gradient, tf.float64))) for gradient in gradients.values()]
    return tf.cast(tf.sqrt(tf.add_n(squares)), tf.float32)


def averaged(average: Tensors, parameters: Parameters, decay: float, step: tf.Tensor) -> Tensors:
    """Return the exponential moving average of the parameters after ``step``.

    In the first steps t the decay is (1 + t)/(10 + t) instead, so that the start is soon forgotten.
    """
    time = tf.cast(step, tf.float32)
    weight = 1.0 - tf.minimum(decay, (1.0 + time) / (10.0 + time))
    return {name: mean + weight * (parameters[name] - mean) for name, mean in average.items()}
