"""Geodesics of decoders whose metric is known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.core.steps import finished
from models.paths.geodesic import OffData, Picture, energy_graph, minimizing_energy

NOTHING = OffData(np.zeros((0, 2)), np.zeros((0, 2)), 0.0)


def _polar(z: tf.Tensor) -> tf.Tensor:
    return tf.stack([z[:, 0] * tf.cos(z[:, 1]), z[:, 0] * tf.sin(z[:, 1])], axis=1)


def _sphere(z: tf.Tensor) -> tf.Tensor:
    """Return the inverse of the stereographic projection."""
    square = tf.reduce_sum(z * z, axis=1, keepdims=True)
    return tf.concat([2.0 * z, square - 1.0], axis=1) / (square + 1.0)


def _steps(picture: Picture, z: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(picture(tf.constant(z)).numpy(), axis=0), axis=1)


def _found(picture: Picture, ends: tuple[list[float], list[float]], segments: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the straight line between two points and the geodesic."""
    start = np.linspace(*map(np.array, ends), segments + 1)
    energies = energy_graph(picture, 2, tf.float64)
    return start, finished(minimizing_energy(energies, start, NOTHING, tf.float64))


def test_in_polar_coordinates_it_is_the_chord() -> None:
    start, found = _found(_polar, ([1.0, 0.0], [1.0, np.pi / 2]), 32)
    assert _steps(_polar, start).sum() == pytest.approx(1.57079633, abs=2e-4)
    assert _steps(_polar, found).sum() == pytest.approx(1.41421356, abs=1e-8)
    assert np.ptp(_steps(_polar, found)) < 1e-6
    picture = _polar(tf.constant(found)).numpy()
    assert np.abs(picture.sum(axis=1) - 1.0).max() < 1e-6


def test_on_a_sphere_it_is_the_great_circle() -> None:
    lengths = []
    for segments in (32, 64):
        start, found = _found(_sphere, ([1.5, 0.0], [-1.0, 1.0]), segments)
        lengths.append((_steps(_sphere, start).sum(), _steps(_sphere, found).sum()))
    # The error of the chords falls with the square of their number (Richardson).
    straight, geodesic = (4.0 * np.array(lengths[1]) - np.array(lengths[0])) / 3.0
    assert straight == pytest.approx(3.02544264, abs=2e-6)
    assert geodesic == pytest.approx(2.07965345, abs=2e-8)


def test_of_a_linear_decoder_it_is_straight() -> None:
    matrix = tf.constant(np.random.default_rng(5).standard_normal((2, 7)))
    start, found = _found(lambda z: z @ matrix, ([0.0, 1.0], [2.0, -1.0]), 16)
    assert np.abs(found - start).max() < 1e-8


def test_the_cost_of_leaving_the_data_draws_it_to_them() -> None:
    energies = energy_graph(lambda z: 1.0 * z, 2, tf.float64)
    angles = np.linspace(0.0, np.pi, 40)
    mu = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    start = mu[::2]
    straight = finished(minimizing_energy(energies, start, NOTHING, tf.float64))
    held = finished(minimizing_energy(energies, start, OffData(mu, np.full_like(mu, 0.05), 1.0), tf.float64))
    assert np.abs(straight - np.linspace(start[0], start[-1], 20)).max() < 1e-3
    assert np.linalg.norm(held, axis=1).min() > 0.9
    assert np.array_equal(held[[0, -1]], start[[0, -1]])
