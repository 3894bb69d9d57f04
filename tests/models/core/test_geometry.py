"""The plane of the latent map: dragging moves a point within it and nowhere else, and ellipses are to scale."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.geometry import Projection, ellipse_outline

DIMS = 5


@pytest.fixture
def plane() -> Projection:
    generator = np.random.default_rng(4)
    basis = np.linalg.qr(generator.normal(size=(DIMS, 2)))[0].T
    return Projection(basis, generator.normal(size=DIMS), ("x", "y"))


def test_a_point_goes_to_the_target_and_moves_within_the_plane_only(plane: Projection) -> None:
    z, target = np.arange(DIMS) / 3.0, np.array([1.5, -2.0])
    moved = plane.move(z, target)
    np.testing.assert_allclose(plane.to_plane(moved), target, atol=1e-12)
    across = np.eye(DIMS) - plane.basis.T @ plane.basis
    np.testing.assert_allclose(across @ (moved - z), 0.0, atol=1e-12)


def test_locked_dimensions_stay_and_the_target_is_reached_by_the_others(plane: Projection) -> None:
    z, target, free = np.arange(DIMS) / 3.0, np.array([1.5, -2.0]), np.array([True, False, True, True, False])
    moved = plane.move(z, target, free)
    np.testing.assert_allclose(plane.to_plane(moved), target, atol=1e-12)
    np.testing.assert_array_equal(moved[~free], z[~free])


def test_an_ellipse_is_the_image_of_the_sphere_of_standard_deviations(plane: Projection) -> None:
    sigma = np.linspace(0.2, 1.8, DIMS)
    covariance = plane.ellipse(sigma)
    np.testing.assert_allclose(covariance, plane.basis @ np.diag(sigma**2) @ plane.basis.T, atol=1e-15)
    outline = ellipse_outline(covariance, scale=2.0)
    np.testing.assert_allclose(np.einsum("ni,ij,nj->n", outline, np.linalg.inv(covariance), outline), 4.0)
