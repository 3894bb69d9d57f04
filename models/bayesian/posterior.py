"""A mixture of normal distributions over the weights: what every method here arrives at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.core.arrays import Floats64


@dataclass(frozen=True)
class Posterior:
    """Shares [c], means [c, m] and covariances [c, m, m] of the components; a covariance of 0 is a point."""

    shares: Floats64
    means: Floats64
    covariances: Floats64

    @classmethod
    def normal(cls, mean: Floats64, covariance: Floats64) -> Posterior:
        """Return a single normal distribution."""
        return cls(np.ones(1), mean[np.newaxis], covariance[np.newaxis])

    @classmethod
    def points(cls, shares: Floats64, weights: Floats64) -> Posterior:
        """Return a distribution over single points [c, m]."""
        return cls(shares, weights, np.zeros((*weights.shape, weights.shape[1])))

    def mean(self) -> Floats64:
        """Return the mean [m] of the weights."""
        return np.asarray(self.shares @ self.means)

    def std(self) -> Floats64:
        """Return the standard deviation [m] of every weight."""
        return np.sqrt(np.diag(self.covariance()))

    def covariance(self) -> Floats64:
        """Return the covariance [m, m] of the weights."""
        away = self.means - self.mean()
        between = (self.shares[:, np.newaxis] * away).T @ away
        return np.asarray(np.tensordot(self.shares, self.covariances, axes=1) + between)

    def has_density(self) -> bool:
        """Return whether it is a single normal distribution, which has an ELBO in closed form."""
        return len(self.shares) == 1 and bool(self.covariances.any())

    def moments_of_outputs(self, features: Floats64) -> tuple[Floats64, Floats64]:
        """Return mean and standard deviation [n] of f = Φw for ``features`` Φ [n, m]."""
        variances = np.einsum("ni,ij,nj->n", features, self.covariance(), features)
        return features @ self.mean(), np.sqrt(variances)

    def outputs(self, features: Floats64) -> tuple[Floats64, Floats64]:
        """Return means and variances [c, n] of f = Φw in every component, for ``features`` Φ [n, m]."""
        variances = np.einsum("ni,cij,nj->cn", features, self.covariances, features)
        return self.means @ features.T, variances
