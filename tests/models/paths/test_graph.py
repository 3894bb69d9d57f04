"""The way on the data: shortest paths in the graph of nearest neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from models.core.errors import UserError
from models.core.steps import finished
from models.paths import graph as graph_module
from models.paths.graph import building_graph, nearest_of, thinned, way_on_data

ANGLES = np.linspace(0.0, np.pi, 60)
HALF_CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)


def test_the_neighbours_and_their_distances_are_those_of_a_tree() -> None:
    means = np.random.default_rng(1).standard_normal((300, 4)).astype(np.float32)
    built = finished(building_graph(means, 5)).toarray()
    distances, nearest = cKDTree(means.astype(np.float64)).query(means.astype(np.float64), 6)
    expected = np.zeros((300, 300))
    for row, (lengths, others) in enumerate(zip(distances, nearest, strict=True)):
        expected[row, others[1:]] = lengths[1:]
    assert np.allclose(built, np.maximum(expected, expected.T), atol=1e-6)


def test_the_slices_of_a_large_graph_make_the_same_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    means = np.random.default_rng(2).standard_normal((100, 3)).astype(np.float32)
    whole = finished(building_graph(means, 4)).toarray()
    monkeypatch.setattr(graph_module, "PAIRS_PER_SLICE", 700)
    shares: list[float] = []
    assert np.array_equal(finished(building_graph(means, 4), shares.append).toarray(), whole)
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (15, 1.0)


def test_the_way_follows_the_data_around_a_hole() -> None:
    graph = finished(building_graph(HALF_CIRCLE, 2))
    (leg,) = way_on_data(graph, HALF_CIRCLE, np.array([[1.0, 0.0], [-1.0, 0.0]]), 2)
    assert leg.tolist() == sorted(leg.tolist())
    assert len(leg) > 50
    assert np.abs(np.linalg.norm(HALF_CIRCLE[leg], axis=1) - 1.0).max() < 1e-6


def test_every_pair_of_keys_has_a_leg_of_its_own() -> None:
    graph = finished(building_graph(HALF_CIRCLE, 2))
    keys = HALF_CIRCLE[[0, 20, 10]].astype(np.float64)
    first, second = way_on_data(graph, HALF_CIRCLE, keys, 2)
    assert set(first) <= set(range(21))
    assert set(second) <= set(range(10, 21))
    assert second.tolist() == sorted(second.tolist(), reverse=True)


def test_islands_are_named_with_the_way_on() -> None:
    islands = np.concatenate([HALF_CIRCLE, HALF_CIRCLE + np.float32(100.0)])
    graph = finished(building_graph(islands, 3))
    with pytest.raises(UserError, match="3 nearest images lead from key point 1 to 2; allow more neighbours"):
        way_on_data(graph, islands, islands[[0, 90]].astype(np.float64), 3)


def test_identical_images_are_neighbours() -> None:
    means = np.zeros((5, 2), np.float32)
    graph = finished(building_graph(means, 3))
    (leg,) = way_on_data(graph, means, np.zeros((2, 2)), 2)
    assert len(leg) >= 1


def test_of_many_images_every_second_or_third_is_taken() -> None:
    assert len(thinned(20_000)) == 20_000
    assert thinned(50_000)[:3].tolist() == [0, 3, 6]
    assert len(thinned(70_000)) == 17_500


def test_the_nearest_are_found_in_any_order() -> None:
    assert sorted(nearest_of(HALF_CIRCLE[:1], HALF_CIRCLE, 3)[0]) == [0, 1, 2]
