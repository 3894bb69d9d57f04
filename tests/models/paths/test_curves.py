"""Curves through key points, and even steps along them."""

from __future__ import annotations

import numpy as np
import pytest

from models.paths.curves import closed_spline, even_places, noise_loop, polyline, slerp

RNG = np.random.default_rng(3)
PLACES = np.linspace(0.0, 1.0, 41)


def _on_sphere(count: int, dims: int, radius: float) -> np.ndarray:
    points = RNG.standard_normal((count, dims))
    return radius * points / np.linalg.norm(points, axis=1, keepdims=True)


def test_a_line_has_its_key_points_at_even_places() -> None:
    points = RNG.standard_normal((4, 3))
    assert np.allclose(polyline(points)(np.array([0.0, 1 / 3, 2 / 3, 1.0])), points)
    assert np.allclose(polyline(points)(np.array([1 / 6])), points[:2].mean(axis=0))


@pytest.mark.parametrize("dims", [2, 10, 50])
def test_slerp_keeps_the_norm_and_turns_evenly(dims: int) -> None:
    points = _on_sphere(3, dims, 7.0)
    arc = slerp(points)(PLACES)
    assert np.abs(np.linalg.norm(arc, axis=1) - 7.0).max() < 1e-12
    assert np.allclose(arc[[0, 20, 40]], points)
    steps = np.linalg.norm(np.diff(arc[:21], axis=0), axis=1)
    assert np.ptp(steps) < 1e-9


def test_slerp_agrees_with_the_formula_of_sines_between_points_of_one_norm() -> None:
    one, other = _on_sphere(2, 5, 1.0)
    angle = np.arccos(one @ other)
    expected = np.outer(np.sin((1 - PLACES) * angle), one) + np.outer(np.sin(PLACES * angle), other)
    assert np.allclose(slerp(np.stack([one, other]))(PLACES), expected / np.sin(angle))


@pytest.mark.parametrize(
    ("start", "end"), [([0.0, 0.0], [1.0, 2.0]), ([1.0, 1.0], [3.0, 3.0]), ([2.0, 1.0], [2.0, 1.0])]
)
def test_slerp_is_straight_where_there_is_no_angle(start: list[float], end: list[float]) -> None:
    points = np.array([start, end])
    assert np.allclose(slerp(points)(PLACES), polyline(points)(PLACES))


def test_slerp_joins_opposite_points_around_the_centre() -> None:
    points = np.array([[2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    assert np.allclose(np.linalg.norm(slerp(points)(PLACES), axis=1), 2.0)


def test_a_line_between_typical_points_leaves_the_shell_and_slerp_does_not() -> None:
    one = np.zeros(50)
    one[0] = np.sqrt(49.33)
    middle = np.array([0.5])
    points = np.stack([one, np.roll(one, 1)])
    assert np.square(polyline(points)(middle)).sum() == pytest.approx(49.33 / 2)
    assert np.square(slerp(points)(middle)).sum() == pytest.approx(49.33)


def test_a_spline_is_a_smooth_loop_through_its_points() -> None:
    points = RNG.standard_normal((5, 4))
    curve = closed_spline(points)
    dense = curve(np.linspace(0.0, 1.0, 20_001))
    assert max(np.linalg.norm(dense - point, axis=1).min() for point in points) < 1e-3
    assert np.allclose(curve(np.array([0.0])), curve(np.array([1.0])))
    slopes = np.diff(dense, axis=0) * 20_000
    assert np.allclose(slopes[0], slopes[-1], atol=0.02)


def test_a_spline_passes_a_point_that_is_there_twice() -> None:
    points = RNG.standard_normal((3, 2))
    assert np.allclose(closed_spline(points[[0, 1, 1, 2]])(PLACES), closed_spline(points)(PLACES))
    assert np.allclose(closed_spline(points[[0, 0]])(PLACES), points[0])


def test_a_noise_loop_is_decided_by_its_seed_and_has_its_radius() -> None:
    centre = np.full(400, 3.0)
    loop = noise_loop(centre, 0.5, 8)(PLACES)
    assert np.allclose(loop, noise_loop(centre, 0.5, 8)(PLACES))
    assert not np.allclose(loop, noise_loop(centre, 0.5, 9)(PLACES))
    assert np.allclose(loop[0], loop[-1])
    # Over 400 dimensions the deviation of a standard deviation is 0.5/√800.
    assert np.abs((loop - centre).std(axis=1) - 0.5).max() < 5 * 0.5 / np.sqrt(800)


def test_even_places_divide_a_curve_and_a_loop_leaves_out_its_end() -> None:
    steps = np.array([1.0, 0.0, 3.0])
    places = np.array([0.0, 0.2, 0.6, 1.0])
    assert np.allclose(even_places(places, steps, 5, returns=False), [0.0, 0.6, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3, 1.0])
    assert np.allclose(even_places(places, steps, 4, returns=True), [0.0, 0.6, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3])
    assert np.allclose(even_places(places, np.zeros(3), 3, returns=False), [0.0, 0.5, 1.0])
