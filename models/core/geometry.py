"""Linear geometry of a latent space: reparameterization, projections to a plane, ellipses. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Matrix, Vector
from models.core.families import LATENT_DF, LatentFamily

USUAL_RANGE = 4.0


def reparameterize(mu: Vector, sigma: Vector, eps: Vector) -> Vector:
    """Return z = μ + σ·ε, the path from noise to a sample (Kingma & Welling 2014), elementwise."""
    return mu + sigma * eps


def noise_of(mu: Vector, sigma: Vector, z: Vector) -> Vector:
    """Return ε = (z − μ)/σ, the inverse of :func:`reparameterize`, elementwise; σ must be positive."""
    return (z - mu) / sigma


def standard_noise(seed: int, n: int, latent_dim: int, family: LatentFamily = "Normal") -> NDArray[np.float32]:
    """Return ε [n, d] of the standard member of ``family``, decided by ``seed``, the same in every process.

    Row i does not depend on n.
    """
    generator, shape = np.random.Generator(np.random.PCG64(seed)), (n, latent_dim)
    match family:
        case "Laplace":
            return generator.laplace(size=shape).astype(np.float32)
        case "Logistic":
            return generator.logistic(size=shape).astype(np.float32)
        case "StudentT":
            return generator.standard_t(LATENT_DF, shape).astype(np.float32)
    return generator.standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True)
class Projection:
    """A plane through the latent space: coordinates are ``basis @ (z - origin)``.

    Attributes
    ----------
    basis : array [2, d]
        Two orthonormal rows.
    origin : array [d]
        The point drawn at (0, 0).
    labels : tuple of str
        Names of the two axes.
    explained : tuple of float or None
        Fraction of the variance of the data along each axis, where the axes are principal components.
    """

    basis: Matrix
    origin: Vector
    labels: tuple[str, str]
    explained: tuple[float, float] | None = None

    def to_plane(self, z: NDArray[np.floating]) -> Matrix:
        """Project latent vectors [..., d] to coordinates [..., 2]."""
        return (np.asarray(z, np.float64) - self.origin) @ self.basis.T

    def cloud_to_plane(self, means: NDArray[np.float32]) -> Matrix:
        """Project many latent vectors [n, d] for a plot, in float32: good to a millionth of the range, and quick."""
        wide = means @ self.basis.T.astype(np.float32) - (self.basis @ self.origin).astype(np.float32)
        return np.asarray(wide, np.float64)

    def ellipse(self, sigma: Vector) -> Matrix:
        """Return the covariance WΣWᵀ [2, 2] of a diagonal normal with standard deviations ``sigma`` [d]."""
        return (self.basis * sigma**2) @ self.basis.T

    def move(self, z: Vector, target: Vector, free: NDArray[np.bool_] | None = None) -> Vector:
        """Return ``z`` [d] moved within the plane until it is drawn at ``target`` [2].

        ``free`` [d] marks the dimensions that may change (default: all); with some locked, the shortest step of the
        free ones is taken (least squares, so that a target out of reach is approached).
        """
        gap = np.asarray(target, np.float64) - self.to_plane(z)
        if free is None or free.all():
            return z + self.basis.T @ gap
        masked = self.basis * free
        return z + np.linalg.pinv(masked) @ gap


def dimension_plane(latent_dim: int, x: int, y: int) -> Projection:
    """Return the plane of two latent dimensions; ``x`` and ``y`` count from 0 and may be equal for d = 1."""
    basis = np.zeros((2, latent_dim))
    basis[0, x] = 1.0
    if x != y:
        basis[1, y] = 1.0
    return Projection(basis, np.zeros(latent_dim), (dimension_name(x), dimension_name(y)))


def principal_axes(covariance: Matrix) -> tuple[Matrix, Vector]:
    """Return the first two principal axes [2, d] of data with this covariance [d, d], and their shares of its trace.

    The sign of each axis is fixed, so that the picture does not flip between runs.
    """
    values, vectors = np.linalg.eigh(covariance)
    axes = with_signs(vectors[:, ::-1][:, :2].T.copy())
    return axes, values[::-1][:2] / max(float(values.sum()), np.finfo(float).tiny)


def with_signs(axes: Matrix) -> Matrix:
    """Return axes [k, d] with their signs turned so that the largest loading of each is positive."""
    largest = np.take_along_axis(axes, np.argmax(np.abs(axes), axis=1)[:, None], axis=1)
    return axes * np.where(largest < 0.0, -1.0, 1.0)


def principal_plane(mean: Vector, axes: Matrix, shares: Vector) -> Projection:
    """Return the plane through ``mean`` [d] along ``axes`` [2, d], which explain these shares of the variance."""
    return Projection(axes, mean, ("PC 1", "PC 2"), (float(shares[0]), float(shares[1])))


def drawn_range(low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Return the ranges to draw of dimensions whose data reach from ``low`` to ``high`` [d]: ±4, or more."""
    return np.minimum(-USUAL_RANGE, low), np.maximum(USUAL_RANGE, high)


def ellipse_outline(covariance: Matrix, scale: float, points: int = 72) -> Matrix:
    """Return a closed outline [points, 2] at ``scale`` standard deviations of a 2-D normal centred on 0."""
    values, vectors = np.linalg.eigh(covariance)
    turn = np.linspace(0.0, 2.0 * np.pi, points)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    outline: Matrix = scale * (circle * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return outline


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def dimension_name(index: int) -> str:
    """Return the name of a latent dimension, counted from 0: ``z₁₇``."""
    return "z" + str(index).translate(_SUBSCRIPTS)
