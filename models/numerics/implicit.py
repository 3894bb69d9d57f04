"""Attach the derivatives of an implicit path to a sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf


def attach(value: tf.Tensor, inputs: Sequence[tf.Tensor], slopes: Callable[[], Sequence[tf.Tensor]]) -> tf.Tensor:
    """Return ``value`` with derivatives that are worked out only when they are asked for.

    Parameters
    ----------
    value : tensor
        Its own derivatives are cut.
    inputs : sequence of tensor
        They broadcast with ``value``.
    slopes : callable
        Returns ∂value/∂input, one for each input, of the shape of ``value``. First derivatives only.
    """

    @tf.custom_gradient
    def identity(*_: tf.Tensor) -> tuple[tf.Tensor, Callable[..., list[tf.Tensor]]]:
        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            return [upstream * slope for slope in slopes()]

        return tf.identity(fixed), gradient

    fixed = tf.stop_gradient(value)
    return identity(*(entry + tf.zeros_like(fixed) for entry in inputs))
