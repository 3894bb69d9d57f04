"""Mixtures of univariate families, each component of a family of its own.

The path is implicit: at fixed F the value moves by ∂z/∂φ = −∂_φF(z; φ)/q(z; φ) (Figurnov, Mohamed & Mnih 2018), in the
weights as in the parameters of the components.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import ClassVar

import numpy as np
import tensorflow as tf

from models.distributions.base import Distribution, ParameterError, Reparameterization, ShapeError, broadcast_shape
from models.distributions.scored import Sampled, between
from models.numerics.implicit import first_only
from models.numerics.quadrature import legendre
from models.numerics.roots import invert
from models.numerics.special import log_of_smaller, ndtr, open_uniform, wide

_SCORES = np.linspace(-7.5, 7.5, 61)
NODES = 12


class Mixture(Sampled):
    """Mixture Σ πᵢ qᵢ(z) of univariate distributions.

    Parameters
    ----------
    components : sequence of Distribution
        Of one dtype; their batches broadcast with each other.
    logits : tensor [..., k]
        Logarithms of the weights, up to a constant.
    probs : tensor [..., k]
        Or the weights themselves, positive; they are divided by their sum.
    """

    reparameterization_type: ClassVar[Reparameterization] = "implicit"

    def __init__(
        self, components: Sequence[Distribution], logits: object = None, probs: object = None, validate: bool = True
    ) -> None:
        self.components = _checked(components)
        self.dtype = self.components[0].dtype
        self.logits = _weights(logits, probs, self.dtype, len(self.components), validate)
        self._log_weights = tf.unstack(self.logits, axis=-1)
        self.parameters = {"logits": self.logits[..., 0]}
        for index, part in enumerate(self.components):
            self.parameters |= {f"{name}{index}": value for name, value in part.parameters.items()}
        self.batch_shape = broadcast_shape(*(value.shape for value in self.parameters.values()))

    @property
    def probs(self) -> tf.Tensor:
        """The weights [..., k], which add up to 1."""
        return tf.exp(self.logits)

    def _sum(self, parts: list[tf.Tensor]) -> tf.Tensor:
        """Return Σ πᵢ·partᵢ."""
        return sum(tf.exp(weight) * part for weight, part in zip(self._log_weights, parts, strict=True))

    def _log_sum(self, parts: list[tf.Tensor]) -> tf.Tensor:
        """Return log Σ πᵢ·exp(partᵢ), −∞ with derivative 0 where every part is −∞."""
        rows = tf.stack(_alike(w + part for w, part in zip(self._log_weights, parts, strict=True)), axis=-1)
        nothing = tf.reduce_all(tf.equal(rows, -math.inf), -1)
        rows = tf.where(nothing[..., tf.newaxis], tf.zeros_like(rows), rows)
        return tf.where(nothing, tf.constant(-math.inf, self.dtype), tf.reduce_logsumexp(rows, -1))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._log_sum([part.log_prob(value) for part in self.components])

    def _probability(self, parts: list[tf.Tensor]) -> tf.Tensor:
        """Return Σ πᵢ·partᵢ of probabilities: 1 where all of them are, and no more, whatever the weights add up to."""
        total = self._sum(parts)
        sure = reduce(tf.logical_and, [tf.equal(part, 1.0) for part in parts])
        rounded = tf.where(sure, tf.ones_like(total), tf.minimum(total, 1.0))
        return total + tf.stop_gradient(rounded - total)

    def _cdf(self, value: tf.Tensor) -> tf.Tensor:
        return self._probability([part.cdf(value) for part in self.components])

    def _survival_function(self, value: tf.Tensor) -> tf.Tensor:
        return self._probability([part.survival_function(value) for part in self.components])

    def _log_cdf(self, value: tf.Tensor) -> tf.Tensor:
        lower, upper = self._cdf(value), self._survival_function(value)
        near_one = log_of_smaller(lower, upper)
        return tf.where(lower < 0.5, self._log_sum([part.log_cdf(value) for part in self.components]), near_one)

    def _sample(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Choose a component for each value, draw from it, and let the value follow all parameters implicitly."""
        u = open_uniform(shape, seed + tf.constant([0, 3 << 20], seed.dtype), self.dtype)
        value, edge = tf.zeros(shape, self.dtype), tf.zeros(shape, self.dtype)
        for index, (part, weight) in enumerate(zip(self.components, self._log_weights, strict=True)):
            stream = seed + tf.constant([0, (index + 1) << 40], seed.dtype)
            drawn = part._sample(shape, stream)  # noqa: SLF001 a distribution of the same kind
            value = tf.where(u >= edge, drawn, value)
            edge += tf.exp(weight)
        return first_only(self._following(tf.stop_gradient(value)))

    def _following(self, value: tf.Tensor) -> tf.Tensor:
        """Return ``value`` with the derivative −∂_φF/q in every parameter, from the smaller tail."""
        lower, upper = self._cdf(value), self._survival_function(value)
        share = tf.where(lower < upper, lower, -upper)
        density = tf.stop_gradient(self._prob(value))
        some = (density > 0.0) & tf.math.is_finite(density)
        change = tf.stop_gradient(share) - share
        return value + tf.where(some, change / tf.where(some, density, tf.ones_like(density)), 0.0)

    def _inverse(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        edge, low_inside, up_inside = between(lower, upper)
        root = tf.cast(self._in_float64()._root(wide(low_inside), wide(up_inside)), self.dtype)  # noqa: SLF001
        density = tf.stop_gradient(self._prob(root))
        along = 0.5 * ((low_inside - tf.stop_gradient(low_inside)) - (up_inside - tf.stop_gradient(up_inside)))
        some = density > 0.0
        moved = tf.where(some, along / tf.where(some, density, tf.ones_like(density)), 0.0)
        value = first_only(self._following(root) + moved)
        return tf.where(edge, tf.where(lower <= 0.0, self._end(0.0), self._end(1.0)), value)

    def _end(self, u: float) -> tf.Tensor:
        """Return the lower or upper end of the support, without derivative: 0 times an infinite end would be NaN."""
        ends = [tf.stop_gradient(part.quantile(u)) for part in self.components]
        outermost = tf.minimum if u < 0.5 else tf.maximum
        result = ends[0]
        for end in ends[1:]:
            result = outermost(result, end)
        return result

    def _widened(self) -> Mixture:
        """Return the mixture in float64."""
        return self if self.dtype == tf.float64 else self._in_float64(tf.identity)

    def _in_float64(self, kept: Callable[[tf.Tensor], tf.Tensor] = tf.stop_gradient) -> Mixture:
        """Return the mixture in float64, without derivatives unless ``kept`` keeps them."""
        parts = [
            type(part)(**{name: wide(kept(value)) for name, value in part.parameters.items()}, validate=False)
            for part in self.components
        ]
        return Mixture(parts, logits=wide(kept(self.logits)), validate=False)

    def _root(self, lower: tf.Tensor, upper: tf.Tensor) -> tf.Tensor:
        """Return the value with tails ``lower`` and ``upper``; it lies between the components' quantiles."""
        level = tf.clip_by_value(tf.where(lower < upper, lower, 1.0 - upper), 1e-300, 1.0 - 1e-15)
        guesses = [part.quantile(level) for part in self.components]
        start = self._sum(guesses)
        low, high = start, start
        for guess in guesses:
            low, high = tf.minimum(low, guess), tf.maximum(high, guess)
        pad = 1e-9 * (1.0 + tf.abs(low) + tf.abs(high))
        high = self._opened(upper, high + pad)

        def tails(t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            return self._log_cdf(t), self._log_survival(t), self._log_prob(t)

        return invert(tails, lower, upper, tf.stop_gradient(start), tf.stop_gradient(low - pad), tf.stop_gradient(high))

    def _opened(self, upper: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
        """Return the end of the bracket, moved up until the tail above it is small enough."""

        def short(_: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
            return tf.reduce_any(self._survival_function(end) > upper)

        def longer(step: tf.Tensor, end: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return 2.0 * step, tf.where(self._survival_function(end) > upper, end + step, end)

        end = high + 0.0 * upper
        return tf.while_loop(short, longer, (1e-2 * (1.0 + tf.abs(end)), end), maximum_iterations=80)[1]

    def _mean(self) -> tf.Tensor:
        return self._sum([part.mean() for part in self.components])

    def _variance(self) -> tf.Tensor:
        centre = self._mean()
        return self._sum([part.variance() + tf.square(part.mean() - centre) for part in self.components])

    def _entropy(self) -> tf.Tensor:
        """Return −∫ q log q numerically: no closed form exists.

        Gauss–Legendre panels between the quantiles of all components, so that edges and kinks lie between panels. The
        derivative holds as long as no component's support moves with a parameter.
        """
        exact = self._in_float64()
        edges = tf.sort(tf.concat([exact._mesh(part) for part in exact.components], 0), axis=0)  # noqa: SLF001
        half, middle = 0.5 * (edges[1:] - edges[:-1]), 0.5 * (edges[1:] + edges[:-1])
        total = tf.zeros([], self.dtype)
        for node, weight in zip(*legendre(NODES), strict=True):
            log_prob = self._log_prob(tf.cast(middle + half * node, self.dtype))
            some = tf.math.is_finite(log_prob)
            log_prob = tf.where(some, log_prob, tf.zeros_like(log_prob))
            terms = tf.cast(half * weight, self.dtype) * tf.where(some, tf.exp(log_prob) * log_prob, 0.0)
            total -= tf.reduce_sum(terms, 0)
        return total

    def _mesh(self, part: Distribution) -> tf.Tensor:
        """Return the edges of panels [m, *batch] for one component, its support's finite ends among them."""
        batch = tf.shape(self._mean())
        levels = ndtr(tf.constant(_SCORES.reshape([-1] + [1] * len(self.batch_shape)), tf.float64))
        inner = part.quantile(levels)
        ends = [tf.where(tf.math.is_inf(end), edge, end + 0.0 * edge)
                for end, edge in ((part.quantile(0.0), inner[0]), (part.quantile(1.0), inner[-1]))]  # fmt: skip
        rows = tf.concat([ends[0][tf.newaxis], inner, ends[1][tf.newaxis]], 0)
        return tf.broadcast_to(rows, tf.concat([[len(_SCORES) + 2], batch], 0))


def _checked(components: Sequence[Distribution]) -> list[Distribution]:
    parts = list(components)
    if not parts or any(isinstance(part, Mixture) or not isinstance(part, Distribution) for part in parts):
        raise ParameterError("Mixture: components must be one or more univariate distributions, none of them a mixture")
    if len({part.dtype for part in parts}) > 1:
        raise TypeError("Mixture: the components are of different dtypes")
    return parts


def _weights(logits: object, probs: object, dtype: tf.DType, count: int, validate: bool) -> tf.Tensor:
    """Return the logarithms of the weights [..., k], checked."""
    if (logits is None) == (probs is None):
        raise ParameterError("Mixture takes either logits or probs")
    given = tf.convert_to_tensor(logits if probs is None else probs, dtype)
    if given.shape.rank is not None and (given.shape.rank == 0 or given.shape[-1] != count):
        raise ShapeError(f"Mixture: {count} components need weights [..., {count}], not {given.shape}")
    if validate and not tf.is_symbolic_tensor(given):
        allowed = np.isfinite(given.numpy()) & ((given.numpy() > 0.0) | (probs is None))
        if not allowed.all():
            wanted = "logits must be finite" if probs is None else "probs must be finite and positive"
            raise ParameterError(f"Mixture: {wanted}, not {given.numpy()[~allowed].flat[0]}")
    return tf.nn.log_softmax(given if probs is None else tf.math.log(given))


def _alike(parts: Iterable[tf.Tensor]) -> list[tf.Tensor]:
    """Return the tensors broadcast to one shape."""
    rows = list(parts)
    zero = sum(tf.zeros_like(row) for row in rows)
    return [row + zero for row in rows]
