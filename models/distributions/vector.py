"""The base of distributions over vectors: shapes, checks, sampling from noise."""

from __future__ import annotations

from abc import ABC, abstractmethod

import tensorflow as tf

from models.distributions.base import ParameterError, ShapeError, asserted, floating, seed_pair, supported


class VectorDistribution(ABC):
    """A batch of distributions over vectors.

    Parameters
    ----------
    like : tensor [*batch, d]
        Any tensor of the shape of one value.
    """

    def __init__(self, like: tf.Tensor) -> None:
        self.like = like
        self.dtype: tf.DType = like.dtype
        self.batch_shape: tf.TensorShape = like.shape[:-1]
        self.event_shape: tf.TensorShape = like.shape[-1:]

    @property
    def name(self) -> str:
        """Name of the family."""
        return type(self).__name__

    def sample(self, n: int, seed: int) -> tf.Tensor:
        """Draw ``n`` values [n, *batch, d], differentiable in the parameters; the same seed gives the same values."""
        return self.from_noise(self.noise(n, seed))

    def noise(self, n: int, seed: int) -> tf.Tensor:
        """Draw the base noise [n, *batch, d] of the samples of the same seed."""
        shape = tf.concat([[n], tf.shape(self.like)], axis=0)
        return self._noise(shape, seed_pair(seed))

    def log_prob_at_noise(self, eps: object) -> tf.Tensor:
        """Return the log density at ``from_noise(eps)``, where the way back from there is known."""
        return self.log_prob(self.from_noise(eps))

    def prob(self, value: object) -> tf.Tensor:
        """Return the density [...]; it underflows in many dimensions where ``log_prob`` does not."""
        return tf.exp(self.log_prob(value))

    def _value(self, value: object) -> tf.Tensor:
        tensor = floating(value, self.dtype)
        try:
            tf.broadcast_static_shape(tensor.shape, self.like.shape)
        except ValueError as error:
            raise ShapeError(f"shapes {tensor.shape} and {self.like.shape} do not broadcast") from error
        if tensor.shape.rank == 0 or tensor.shape[-1] != self.like.shape[-1]:
            raise ShapeError(f"{self.name}: the last axis must be {self.like.shape[-1]}, the shape is {tensor.shape}")
        return tensor

    @abstractmethod
    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def from_noise(self, eps: object) -> tf.Tensor:
        """Return the value that base noise makes, differentiable."""

    @abstractmethod
    def to_noise(self, z: object) -> tf.Tensor:
        """Return base noise that makes ``z``."""

    @abstractmethod
    def log_prob(self, value: object) -> tf.Tensor:
        """Return the joint log density [...] in nats."""


def checked_vector(family: str, validate: bool, **parameters: tuple[object, bool]) -> list[tf.Tensor]:
    """Return parameters given as (value, must be positive) as tensors of one dtype with an event axis.

    Raises
    ------
    ParameterError
        For an entry that is NaN, infinite, or not positive where it must be.
    ShapeError
        Where there is no event axis, or shapes do not broadcast.
    """
    kinds = [tf.as_dtype(value.dtype) for value, _ in parameters.values() if hasattr(value, "dtype")]
    dtype = supported(next((kind for kind in kinds if kind.is_floating), tf.float32))
    tensors, shape = [], tf.TensorShape([])
    for name, (value, positive) in parameters.items():
        tensor = floating(value, dtype)
        if tensor.shape.rank == 0:
            raise ShapeError(f"{family}: {name} needs an event axis")
        try:
            shape = tf.broadcast_static_shape(shape, tensor.shape)
        except ValueError as error:
            raise ShapeError(f"{family}: shapes {shape} and {tensor.shape} do not broadcast") from error
        tensors.append(_checked(family, name, tensor, positive) if validate else tensor)
    return tensors


def _checked(family: str, name: str, value: tf.Tensor, positive: bool) -> tf.Tensor:
    """Check a concrete value at once; inside a graph, make the check an assertion of the graph."""
    allowed = tf.math.is_finite(value) & ((value > 0.0) | (not positive))
    wanted = f"{family}: {name} must be {'finite and positive' if positive else 'finite'}"
    if tf.is_symbolic_tensor(value):
        return asserted(allowed, wanted, value)
    wrong = value.numpy()[~allowed.numpy()]
    if wrong.size:
        raise ParameterError(f"{wanted}, not {wrong.flat[0]}")
    return value
