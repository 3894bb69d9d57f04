"""Bases of the families with a location and a scale."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain, Reparameterization
from models.numerics.chebyshev import polynomial
from models.numerics.special import inside_xla, open_uniform, wide

# So many scales from 0, loc takes two digits of float32 from the noise.
FEW_DIGITS = 64.0
# Of log(x)/(2r), r = (x − 1)/(x + 1), the coefficients of r²ᵏ, and the r² up to which these are enough.
ARTANH = [1.0 / (2.0 * k + 1.0) for k in range(7)]
BESIDE_ONE = 0.12


class LocScaleParameters(Distribution):
    """The parameters ``loc`` and ``scale`` > 0, in this order; z need not be a straight line of ε."""

    domains: ClassVar[Mapping[str, Domain]] = {"loc": "real", "scale": "positive"}
    loc: tf.Tensor
    scale: tf.Tensor

    def __init__(self, loc: object, scale: object, validate: bool = True) -> None:
        super().__init__({"loc": loc, "scale": scale}, validate)

    def _away(self, line: tf.Tensor, part: tf.Tensor, rest: tf.Tensor, steepness: float = 1.0) -> tf.Tensor:
        """Return line − loc of the line log(part/rest)/steepness, to all digits of float32, which a small scale shows.

        Its derivatives are those of the plain difference. The digits are looked for only where parameters ask for them,
        but always inside XLA, where that is cheaper than a branch.
        """
        away = line - self.loc
        if self.dtype == tf.float64:
            return away

        def missing() -> tf.Tensor:
            return _missing_digits(away, part, rest, self.loc, steepness)

        shown = 1.0 + tf.abs(self.loc) > FEW_DIGITS * self.scale
        digits = missing() if inside_xla() else tf.cond(tf.reduce_any(shown), missing, lambda: tf.zeros_like(away))
        return away + tf.stop_gradient(digits)

    def _noise_of_line(self, line: tf.Tensor) -> tf.Tensor:
        """Return (line − loc)/scale of a float64 line, rounded: at a small scale, float32 has too few digits of it."""
        return tf.cast((line - wide(self.loc)) / wide(self.scale), self.dtype)


class LocationScale(LocScaleParameters):
    """A standard member that ``scale`` stretches and ``loc`` moves: z = loc + scale·ε."""

    reparameterization_type: ClassVar[Reparameterization] = "location-scale"

    def noise_distribution(self) -> Distribution:
        """Return the member with location 0 and scale 1, the distribution of ε."""
        return type(self)(tf.zeros([], self.dtype), tf.ones([], self.dtype), validate=False)

    def _from_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self.loc + self.scale * eps

    def _to_noise(self, z: tf.Tensor) -> tf.Tensor:
        # The difference is formed before the division: loc/scale alone would lose the digits of a large location.
        return (z - self.loc) / self.scale


class StandardQuantile(LocationScale):
    """Families whose standard member has an elementary quantile, by which noise is drawn too."""

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return self._standard_quantile(open_uniform(shape, seed, self.dtype))

    def _log_prob(self, value: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(self._to_noise(value)) - tf.math.log(self.scale)

    def _log_prob_at_noise(self, eps: tf.Tensor) -> tf.Tensor:
        return self._standard_log_prob(eps + tf.zeros_like(self.loc)) - tf.math.log(self.scale)

    def _quantile(self, u: tf.Tensor) -> tf.Tensor:
        return self._from_noise(self._standard_quantile(u))

    @abstractmethod
    def _standard_log_prob(self, y: tf.Tensor) -> tf.Tensor: ...

    @abstractmethod
    def _standard_quantile(self, u: tf.Tensor) -> tf.Tensor: ...


def _missing_digits(away: tf.Tensor, part: tf.Tensor, rest: tf.Tensor, loc: tf.Tensor, steepness: float) -> tf.Tensor:
    """Return what log(part/rest)/steepness − loc has beyond ``away``, its difference in float32; 0 far from loc."""
    middle = wide(rest) * tf.exp(steepness * wide(loc))
    r = tf.cast((wide(part) - middle) / (wide(part) + middle), away.dtype)
    square = r * r
    exact = 2.0 / steepness * r * polynomial(ARTANH, square)
    return tf.where(square < BESIDE_ONE, exact - away, tf.zeros_like(away))
