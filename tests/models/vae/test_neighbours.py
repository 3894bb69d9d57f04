"""Nearest images: known graphs, SciPy's distances, closed forms and quadratures of what posteriors differ by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import laplace

from models.core.errors import UserError
from models.core.neighbours import METRICS, Metric
from models.core.steps import finished
from models.vae.neighbours import Found, Place, nearest
from models.vae.posterior import Posteriors

RNG = np.random.default_rng(0)
COUNT, DIMS = 3000, 7
POSTERIORS = Posteriors(
    RNG.normal(size=(COUNT, DIMS)).astype(np.float32), RNG.uniform(0.05, 1.0, (COUNT, DIMS)).astype(np.float32)
)
IMAGES = RNG.integers(0, 256, (COUNT, 3, 2, 1)).astype(np.uint8)
Z, SIGMA = RNG.normal(size=DIMS), RNG.uniform(0.1, 1.0, DIMS)
PICTURE = RNG.uniform(size=(3, 2, 1))


def _nearest(metric: Metric, place: Place | None = None, posteriors: Posteriors = POSTERIORS, count: int = 12) -> Found:
    images = IMAGES[: len(posteriors.mu)]
    return finished(nearest(place or Place(Z, SIGMA, PICTURE), posteriors, images, metric, "Normal", count))


def _all_distances(metric: Metric) -> np.ndarray:
    mu, sigma = POSTERIORS.mu.astype(float), POSTERIORS.sigma.astype(float)
    if metric == "mu":
        return cdist(Z[None], mu)[0]
    if metric == "sigma":
        return np.array(
            [cdist(Z[None], loc[None], "seuclidean", V=s**2)[0, 0] for loc, s in zip(mu, sigma, strict=True)]
        )
    if metric == "wasserstein":
        return np.hypot(cdist(Z[None], mu)[0], cdist(SIGMA[None], sigma)[0])
    if metric == "kl":
        gap, one, other = mu - Z, SIGMA**2, sigma**2
        there = np.log(sigma / SIGMA) + (one + gap**2) / (2 * other) - 0.5
        back = np.log(SIGMA / sigma) + (other + gap**2) / (2 * one) - 0.5
        return (there + back).sum(axis=1)
    return np.sqrt(((IMAGES / 255.0 - PICTURE) ** 2).mean(axis=(1, 2, 3)))


@pytest.mark.parametrize("metric", METRICS)
def test_all_images_are_compared_and_the_nearest_come_first(metric: Metric) -> None:
    indices, distances = _nearest(metric)
    expected = _all_distances(metric)
    assert indices.tolist() == np.argsort(expected, kind="stable")[:12].tolist()
    assert distances == pytest.approx(expected[indices], rel=1e-6)


def test_the_graph_of_a_grid_is_known() -> None:
    side = 40
    grid = np.stack(np.unravel_index(np.arange(side * side), (side, side)), axis=1).astype(np.float32)
    posteriors = Posteriors(grid, np.ones_like(grid))
    for node in (0, 41, 820, 1599):
        indices, distances = _nearest("mu", Place(grid[node].astype(float), np.ones(2)), posteriors, count=5)
        row, column = divmod(node, side)
        around = [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]
        inside = [side * y + x for y, x in around if 0 <= y < side and 0 <= x < side]
        # Of equally near ones that with the lower number comes first.
        assert indices[: len(inside) + 1].tolist() == [node, *inside]
        assert distances[: len(inside) + 1] == pytest.approx([0.0] + [1.0] * len(inside))


def test_narrow_posteriors_far_from_the_origin_keep_their_digits() -> None:
    mu = (1e4 + 0.01 * np.arange(64)[:, None] * np.ones(3)).astype(np.float32)
    posteriors = Posteriors(mu, np.full_like(mu, 1e-4))
    indices, distances = _nearest("sigma", Place(mu[7].astype(float) + 1e-4, np.ones(3)), posteriors, count=1)
    assert indices.tolist() == [7]
    assert distances == pytest.approx([np.sqrt(3.0)], rel=1e-6)


def test_transport_of_laplace_posteriors_is_that_of_their_quantiles() -> None:
    posteriors = Posteriors(np.array([[0.7]], np.float32), np.array([[0.4]], np.float32))
    place = Place(np.array([-0.3]), np.array([1.5]))
    _, distances = finished(nearest(place, posteriors, IMAGES[:1], "wasserstein", "Laplace"))
    u = (np.arange(200_000) + 0.5) / 200_000
    squares = (laplace(-0.3, 1.5).ppf(u) - laplace(0.7, 0.4).ppf(u)) ** 2
    assert distances == pytest.approx([np.sqrt(squares.mean())], rel=1e-3)


def test_a_divergence_that_is_not_known_is_refused_with_a_way_on() -> None:
    with pytest.raises(UserError, match="normal posteriors, but those of this model are Laplace: choose another"):
        finished(nearest(Place(Z, SIGMA), POSTERIORS, IMAGES, "kl", "Laplace"))


def test_of_few_images_all_are_neighbours() -> None:
    few = Posteriors(POSTERIORS.mu[:3], POSTERIORS.sigma[:3])
    indices, distances = _nearest("mu", posteriors=few)
    assert sorted(indices.tolist()) == [0, 1, 2]
    assert (np.diff(distances) >= 0.0).all()
