"""Attach the derivatives of an implicit path to a sample: the first ones, and an error for those that are not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf


def attach(
    value: tf.Tensor, inputs: Sequence[tf.Tensor], slopes: Callable[[], Sequence[tf.Tensor]], smooth: int = 0
) -> tf.Tensor:
    """Return ``value`` with derivatives that are worked out only when they are asked for.

    Parameters
    ----------
    value : tensor
        Its own derivatives are cut.
    inputs : sequence of tensor
        They broadcast with ``value``.
    slopes : callable
        Returns ∂value/∂input, one for each input, of the shape of ``value``.
    smooth : int
        So many of the first slopes are functions of the inputs that can be differentiated again. To differentiate
        another one again is a LookupError, as it is for TensorFlow's own operations.
    """

    @tf.custom_gradient
    def identity(*_: tf.Tensor) -> tuple[tf.Tensor, Callable[..., list[tf.Tensor]]]:
        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            found = slopes()
            parts = [*found[:smooth], *(once(slope, inputs) for slope in found[smooth:])]
            return [upstream * part for part in parts]

        return tf.identity(fixed), gradient

    fixed = tf.stop_gradient(value)
    return identity(*(entry + tf.zeros_like(fixed) for entry in inputs))


def once(slope: tf.Tensor, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return a derivative in ``inputs`` that is not to be differentiated in them again: LookupError."""

    @tf.custom_gradient
    def last(first: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, Callable[..., list[tf.Tensor]]]:
        def gradient(*_: tf.Tensor) -> list[tf.Tensor]:
            raise LookupError("an implicit path has no second derivatives: its first ones are integrals over a tail")

        return tf.identity(first), gradient

    return last(slope, *inputs)


def first_only(value: tf.Tensor) -> tf.Tensor:
    """Return ``value``, of which second derivatives, which would be wrong, are a LookupError."""

    @tf.custom_gradient
    def identity(inner: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(inner), lambda upstream: once(upstream, [value])

    return identity(value)
