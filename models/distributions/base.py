"""The base of every univariate family, in the field's words and with TensorFlow Probability's shapes.

A public method checks and converts its argument, then calls the family's ``_method``. Batches of parameters broadcast
with the values as arrays do; shapes that do not broadcast raise :class:`ShapeError`. Outside the support ``prob`` is
0, ``log_prob`` −inf and ``cdf`` 0 or 1; NaN in gives NaN out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, Self, TypeVar

import numpy as np
import tensorflow as tf

from models.numerics.special import log_of_smaller, wide

Reparameterization = Literal["location-scale", "inverse-cdf", "implicit", "none"]
Domain = Literal["real", "bound", "positive", "fraction", "count"]
Values = TypeVar("Values", np.ndarray, tf.Tensor)
WANTED: Mapping[Domain, str] = {
    "real": "finite",
    "bound": "a number or infinite",
    "positive": "finite and positive",
    "fraction": "between 0 and 1, neither of them",
    "count": "a whole number of at least 1",
}


class ParameterError(ValueError):
    """A parameter that the family does not allow: NaN, infinite, out of its domain or out of order."""


class ShapeError(ValueError):
    """Shapes that do not broadcast with each other."""


class Distribution(ABC):
    """A batch of independent univariate distributions of one family.

    Parameters
    ----------
    parameters : mapping of str to tensor-like
        By name; they are converted to one floating dtype and must broadcast with each other.
    validate : bool
        Check that the values lie in their domains. A compiled function of checked values may leave it out.
    """

    reparameterization_type: ClassVar[Reparameterization]
    domains: ClassVar[Mapping[str, Domain]]
    ordered: ClassVar[tuple[str, str] | None] = None

    def __init__(self, parameters: Mapping[str, object], validate: bool = True) -> None:
        self.dtype = _common_dtype(parameters)
        tensors = {name: floating(value, self.dtype) for name, value in parameters.items()}
        if validate:
            tensors = {name: self._checked(name, value) for name, value in tensors.items()}
            tensors = self._in_order(tensors)
        self.parameters: dict[str, tf.Tensor] = tensors
        for name, tensor in tensors.items():
            setattr(self, name, tensor)
        self.batch_shape = matching_shape(*(value.shape for value in tensors.values()))

    @property
    def name(self) -> str:
        """Name of the family."""
        return type(self).__name__

    def sample(self, n: int, seed: int) -> tf.Tensor:
        """Draw ``n`` values [n, *batch], differentiable in the parameters.

        The same seed gives the same values, but families that are drawn by rejection (gamma, χ², inverse gamma, beta,
        Student t, von Mises, and mixtures of them) others inside XLA and tf.vectorized_map, where from 16 draws on the
        values do not begin with those of fewer.
        """
        return self._sample(self._drawn_shape(n), seed_pair(seed))

    def noise(self, n: int, seed: int) -> tf.Tensor:
        """Draw the base noise [n, *batch] that :meth:`from_noise` makes the samples of the same seed of."""
        return self._noise(self._drawn_shape(n), seed_pair(seed))

    @abstractmethod
    def noise_distribution(self) -> Distribution:
        """Return the distribution of the base noise ε: the standard member of the family, or the standard normal."""

    def prob(self, value: object) -> tf.Tensor:
        """Return the density at ``value``."""
        return self._prob(self._value(value))

    def log_prob(self, value: object) -> tf.Tensor:
        """Return the log density at ``value``, in nats."""
        return self._log_prob(self._value(value))

    def cdf(self, value: object) -> tf.Tensor:
        """Return P(Z ≤ value)."""
        return self._cdf(self._value(value))

    def log_cdf(self, value: object) -> tf.Tensor:
        """Return log P(Z ≤ value), accurate in the lower tail."""
        return self._log_cdf(self._value(value))

    def survival_function(self, value: object) -> tf.Tensor:
        """Return P(Z > value), accurate in the upper tail."""
        return self._survival_function(self._value(value))

    def quantile(self, u: object) -> tf.Tensor:
        """Return the z with P(Z ≤ z) = ``u``; the edges of the support at 0 and 1, NaN outside [0, 1]."""
        level = self._value(u)
        inside = (level >= 0.0) & (level <= 1.0)
        nan = tf.constant(np.nan, self.dtype)
        return tf.where(inside, self._quantile(tf.where(inside, level, tf.constant(0.5, self.dtype))), nan)

    def from_noise(self, eps: object) -> tf.Tensor:
        """Return the value that base noise ``eps`` makes: the reparameterization path, differentiable."""
        return self._from_noise(self._value(eps))

    def to_noise(self, z: object) -> tf.Tensor:
        """Return the base noise that makes ``z``, the inverse of :meth:`from_noise`."""
        return self._to_noise(self._value(z))

    def log_prob_at_noise(self, eps: object) -> tf.Tensor:
        """Return the log density at ``from_noise(eps)``, accurate even where that value rounds to an edge."""
        return self._log_prob_at_noise(self._value(eps))

    def mean(self) -> tf.Tensor:
        """Return E[Z], shape of the batch."""
        return self._rounded(self._widened()._mean())  # noqa: SLF001 of the same class

    def variance(self) -> tf.Tensor:
        """Return Var[Z], shape of the batch."""
        return self._rounded(self._widened()._variance())  # noqa: SLF001

    def entropy(self) -> tf.Tensor:
        """Return the differential entropy in nats, shape of the batch."""
        return self._rounded(self._widened()._entropy())  # noqa: SLF001

    def _widened(self) -> Self:
        """Return the distribution in float64, of the same parameters: moments are worked out there."""
        if self.dtype == tf.float64:
            return self
        return type(self)(**{name: wide(value) for name, value in self.parameters.items()}, validate=False)

    @classmethod
    def check_parameter(cls, name: str, value: np.ndarray) -> None:
        """Raise :class:`ParameterError` if an entry of ``value`` lies outside the domain of parameter ``name``."""
        domain = cls.domains[name]
        allowed = (np.isfinite(value) | (domain == "bound")) & _bounds_hold(domain, value)
        if not allowed.all():
            wrong = value[~allowed].flat[0]
            raise ParameterError(f"{cls.__name__}: {name} must be {WANTED[domain]}, not {wrong}")

    @classmethod
    def check_order(cls, values: Mapping[str, np.ndarray]) -> None:
        """Raise :class:`ParameterError` unless the family's lower bound lies below its upper one."""
        if cls.ordered is not None:
            low, high = (np.asarray(values[name]) for name in cls.ordered)
            if not np.all(low < high):
                raise ParameterError(f"{cls.__name__}: {cls.ordered[0]} must be less than {cls.ordered[1]}")

    @classmethod  # noqa: B027 most families refuse nothing
    def check_path(cls, values: Mapping[str, float]) -> None:
        """Raise :class:`ParameterError` where the slopes of the path would be differences that leave no digits."""

    @classmethod
    def _checked(cls, name: str, value: tf.Tensor) -> tf.Tensor:
        """Check a concrete value at once; inside a graph, make the check an assertion of the graph."""
        if not tf.is_symbolic_tensor(value):
            cls.check_parameter(name, value.numpy())
            return value
        domain = cls.domains[name]
        fine = (tf.math.is_finite(value) | (domain == "bound")) & _bounds_hold(domain, value)
        return asserted(fine, f"{cls.__name__}: {name} must be {WANTED[domain]}", value)

    @classmethod
    def _in_order(cls, tensors: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Check that the lower bound lies below the upper one, where the family has bounds."""
        if cls.ordered is None:
            return tensors
        low, high = (tensors[name] for name in cls.ordered)
        broadcast_shape(low.shape, high.shape)
        if not (tf.is_symbolic_tensor(low) or tf.is_symbolic_tensor(high)):
            cls.check_order({name: tensors[name].numpy() for name in cls.ordered})
            return tensors
        message = f"{cls.__name__}: {cls.ordered[0]} must be less than {cls.ordered[1]}"
        return {**tensors, cls.ordered[0]: asserted(low < high, message, low)}

    def _drawn_shape(self, n: int) -> tf.Tensor:
        """Return [n, *batch] as a tensor; the batch may be known only when the graph runs."""
        dynamic = tf.shape(sum(tf.zeros_like(value) for value in self.parameters.values()))
        return tf.concat([[n], dynamic], axis=0)

    def _value(self, value: object) -> tf.Tensor:
        tensor = floating(value, self.dtype)
        broadcast_shape(self.batch_shape, tensor.shape)
        return tensor

    def _rounded(self, value: tf.Tensor) -> tf.Tensor:
        """Round a moment to the dtype, and broadcast one that depends on few of the parameters to the whole batch."""
        return tf.cast(value, self.dtype) + sum(tf.zeros_like(parameter) for parameter in self.parameters.values())

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self._from_noise(self._noise(shape, seed))

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._log_prob(self._from_noise(eps))

    def _prob(self, value: tf.Tensor) -> tf.Tensor:
        return tf.exp(self._log_prob(value))

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        return log_of_smaller(self._cdf(value), self._survival_function(value))

    def _log_survival(self, value: tf.Tensor) -> tf.Tensor:
        return log_of_smaller(self._survival_function(value), self._cdf(value))

    @abstractmethod
    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _log_prob(self, value: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _cdf(self, value: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _survival_function(self, value: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _quantile(self, u: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _to_noise(self, z: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _mean(self) -> tf.Tensor: ...

    @abstractmethod
    def _variance(self) -> tf.Tensor: ...

    @abstractmethod
    def _entropy(self) -> tf.Tensor: ...


def _common_dtype(parameters: Mapping[str, object]) -> tf.DType:
    """Return the floating dtype that the parameters share: float32 unless a tensor or array says float64."""
    kinds = {tf.as_dtype(value.dtype) for value in parameters.values() if hasattr(value, "dtype")}
    floating = {kind for kind in kinds if kind.is_floating}
    if len(floating) > 1:
        raise TypeError(f"parameters of different dtypes: {sorted(kind.name for kind in floating)}")
    return supported(floating.pop()) if floating else tf.float32


def supported(dtype: tf.DType) -> tf.DType:
    """Return ``dtype`` if it is float32 or float64; TypeError for those of half precision, in which tails are lost."""
    if dtype not in (tf.float32, tf.float64):
        raise TypeError(f"distributions are computed in float32 or float64: cast parameters of {dtype.name} first")
    return dtype


def floating(value: object, dtype: tf.DType) -> tf.Tensor:
    """Return ``value`` as a tensor of a floating ``dtype``; whole numbers are taken as such."""
    if isinstance(value, tf.Tensor) and value.dtype.is_integer:
        return tf.cast(value, dtype)
    return tf.convert_to_tensor(value, dtype)


def broadcast_shape(*shapes: tf.TensorShape) -> tf.TensorShape:
    """Return the shape that ``shapes`` broadcast to; ShapeError if they do not."""
    result = tf.TensorShape([])
    for shape in shapes:
        try:
            result = tf.broadcast_static_shape(result, shape)
        except ValueError as error:
            raise ShapeError(f"shapes {result} and {shape} do not broadcast") from error
    return result


def matching_shape(*shapes: tf.TensorShape) -> tf.TensorShape:
    """Return the shape that those of parameters broadcast to, of which none may stretch one of higher rank.

    [3, 4] and [4] make [3, 4]; but [4, 1] and [4] would make [4, 4], which is hardly ever meant: ShapeError.
    """
    result = tf.TensorShape([])
    for shape in sorted(shapes, key=_rank):
        wider = broadcast_shape(result, shape)
        if 0 < _rank(result) < _rank(shape) and shape.is_fully_defined() and wider != shape:
            raise ShapeError(f"shapes {result} and {shape} do not match: they would make {wider}")
        result = wider
    return result


def _rank(shape: tf.TensorShape) -> int:
    return 0 if shape.rank is None else int(shape.rank)


def _bounds_hold(domain: Domain, value: Values) -> Values:
    """Return where ``value``, an array or a tensor, keeps the bounds of the domain; finiteness is asked elsewhere."""
    # TensorFlow takes numbers below the smallest normal one for 0.
    smallest = float(np.finfo(np.float32 if value.dtype in (np.float32, tf.float32) else np.float64).tiny)
    allowed: Values = value == value if domain in ("real", "bound") else value >= smallest  # noqa: PLR0124 false where it is NaN
    if domain == "count":
        floor: Callable[[Values], Values] = tf.floor if tf.is_tensor(value) else np.floor
        whole: Values = allowed & (value >= 1) & (floor(value) == value)
        return whole
    return allowed & (value < 1) if domain == "fraction" else allowed


def asserted(condition: tf.Tensor, message: str, value: tf.Tensor) -> tf.Tensor:
    """Return ``value`` of a graph that fails unless the ``condition`` holds; XLA drops that, and it is NaN there."""
    value = tf.where(condition, value, tf.constant(np.nan, value.dtype))
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(condition), [message])]):
        return tf.identity(value)


def seed_pair(seed: object) -> tf.Tensor:
    """Return the seed of TensorFlow's stateless generators; TypeError unless ``seed`` is a whole number."""
    kind = tf.as_dtype(seed.dtype) if hasattr(seed, "dtype") else None
    whole = isinstance(seed, int) and not isinstance(seed, bool) if kind is None else kind.is_integer
    if not whole:
        raise TypeError(f"a seed is a whole number, not {seed!r}")
    return tf.stack([tf.cast(seed, tf.int64), tf.constant(0, tf.int64)])
