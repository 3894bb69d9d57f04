"""Multivariate normal distributions, diagonal and with a triangular root.

The last axis of a value is its event. There is no distribution function; noise and value recover each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from models.distributions.base import ParameterError, Reparameterization, ShapeError
from models.distributions.vector import VectorDistribution, checked_vector
from models.numerics.special import LOG_SQRT_TWO_PI, standard_normal


class MultivariateNormalDiag(VectorDistribution):
    """Independent normal components with means ``loc`` [..., d] and standard deviations ``scale_diag`` [..., d]."""

    reparameterization_type: Reparameterization = "location-scale"

    def __init__(self, loc: object, scale_diag: object, validate: bool = True) -> None:
        self.loc, self.scale_diag = checked_vector(self.name, validate, loc=(loc, False), scale_diag=(scale_diag, True))
        super().__init__(self.loc + tf.zeros_like(self.scale_diag))

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return standard_normal(shape, seed, self.dtype)

    def from_noise(self, eps: object) -> tf.Tensor:
        """Return loc + scale·ε."""
        return self.loc + self.scale_diag * self._value(eps)

    def to_noise(self, z: object) -> tf.Tensor:
        """Return (z − loc)/scale."""
        return (self._value(z) - self.loc) / self.scale_diag

    def log_prob(self, value: object) -> tf.Tensor:
        """Return the joint log density [...] in nats; a sum of logarithms, which no dimension underflows."""
        return self.log_prob_at_noise(self.to_noise(value))

    def log_prob_at_noise(self, eps: object) -> tf.Tensor:
        """Return the log density at ``from_noise(eps)``."""
        return _log_prob_of_noise(self._value(eps), self.scale_diag + tf.zeros_like(self.like))

    def mean(self) -> tf.Tensor:
        """Return the means [..., d]."""
        return self.like

    def variance(self) -> tf.Tensor:
        """Return the variances [..., d]."""
        return tf.square(self.scale_diag) + tf.zeros_like(self.like)

    def entropy(self) -> tf.Tensor:
        """Return the entropy [...] in nats."""
        return tf.reduce_sum(0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.scale_diag) + 0.0 * self.loc, axis=-1)


class MultivariateNormalTriL(VectorDistribution):
    """Normal vector loc + L·ε with ``scale_tril`` L [..., d, d] lower triangular, its diagonal positive."""

    reparameterization_type: Reparameterization = "location-scale"

    def __init__(self, loc: object, scale_tril: object, validate: bool = True) -> None:
        (self.loc,) = checked_vector(self.name, validate, loc=(loc, False))
        self.scale_tril = tf.convert_to_tensor(scale_tril, self.loc.dtype)
        if self.scale_tril.shape[-2:] != (self.loc.shape[-1], self.loc.shape[-1]):
            raise ShapeError(f"{self.name}: scale_tril must be [..., d, d] with d = {self.loc.shape[-1]}")
        self.diagonal = tf.linalg.diag_part(self.scale_tril)
        if validate and not tf.is_symbolic_tensor(self.scale_tril):
            self._check_root()
        super().__init__(self.loc + tf.zeros_like(self.diagonal))

    def _check_root(self) -> None:
        checked_vector(self.name, True, scale_tril=(self.scale_tril, False))
        upper = self.scale_tril - tf.linalg.band_part(self.scale_tril, -1, 0)
        if not bool(tf.reduce_all(tf.equal(upper, 0.0)) & tf.reduce_all(self.diagonal > 0.0)):
            raise ParameterError(f"{self.name}: scale_tril must be lower triangular with a positive diagonal")

    def _noise(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return standard_normal(shape, seed, self.dtype)

    def from_noise(self, eps: object) -> tf.Tensor:
        """Return loc + L·ε."""
        return self.loc + self._by_root(self._value(eps), tf.linalg.matmul)

    def to_noise(self, z: object) -> tf.Tensor:
        """Return L⁻¹(z − loc)."""
        return self._by_root(self._value(z) - self.loc, _solve)

    def _by_root(self, vectors: tf.Tensor, act: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Let L ``act`` on ``vectors`` [..., d]; those that share a root are the columns of one matrix [..., d, n]."""
        root = self.scale_tril + tf.zeros_like(self.like)[..., tf.newaxis]
        shape = tf.shape(vectors + tf.zeros_like(self.like))
        batch = tf.shape(root)[:-1]
        rows = tf.reshape(tf.broadcast_to(vectors, shape), tf.concat([[-1], batch], axis=0))
        order = [*range(1, root.shape.rank), 0]
        made = act(root, tf.transpose(rows, order))
        back = [root.shape.rank - 1, *range(root.shape.rank - 1)]
        return tf.reshape(tf.transpose(made, back), shape)

    def log_prob(self, value: object) -> tf.Tensor:
        """Return the joint log density [...] in nats, −∞ where an entry is infinite."""
        z = self._value(value)
        infinite = tf.math.is_inf(z)
        # The substitution would take the difference of two infinities.
        eps = self.to_noise(tf.where(infinite, tf.zeros_like(z), z))
        beyond = tf.reduce_any(infinite, -1)
        return self.log_prob_at_noise(eps) - tf.where(
            beyond, tf.constant(math.inf, self.dtype), tf.constant(0.0, self.dtype)
        )

    def log_prob_at_noise(self, eps: object) -> tf.Tensor:
        """Return the log density at ``from_noise(eps)``: nothing is solved for."""
        return _log_prob_of_noise(self._value(eps), self.diagonal + tf.zeros_like(self.like))

    def mean(self) -> tf.Tensor:
        """Return the means [..., d]."""
        return self.like

    def variance(self) -> tf.Tensor:
        """Return the variances [..., d], the diagonal of LLᵀ."""
        return tf.reduce_sum(tf.square(self.scale_tril), axis=-1) + tf.zeros_like(self.like)

    def covariance(self) -> tf.Tensor:
        """Return LLᵀ [..., d, d]."""
        return tf.linalg.matmul(self.scale_tril, self.scale_tril, transpose_b=True)

    def entropy(self) -> tf.Tensor:
        """Return the entropy [...] in nats."""
        return tf.reduce_sum(0.5 + LOG_SQRT_TWO_PI + tf.math.log(self.diagonal) + 0.0 * self.loc, axis=-1)


def _solve(root: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Return L⁻¹ times the columns [..., d, n]; of more than d, by that inverse, whose products are quicker."""
    size, count = root.shape[-1], columns.shape[-1]
    if size is None or count is None or count <= size:
        return tf.linalg.triangular_solve(root, columns)
    return tf.linalg.triangular_solve(root, tf.eye(size, dtype=root.dtype) + tf.zeros_like(root)) @ columns


def _log_prob_of_noise(eps: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Return −Σ(½ε² + log √2πσ) over the last axis, with the ``scale`` σ of each entry."""
    return -0.5 * tf.reduce_sum(tf.square(eps), axis=-1) - tf.reduce_sum(tf.math.log(scale) + LOG_SQRT_TWO_PI, axis=-1)
