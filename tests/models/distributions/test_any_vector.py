"""Vectors with any batch, in graphs or not; infinite, empty and misshapen points: limits or clear errors, never NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.distributions import Concrete, Dirichlet, MultivariateNormalDiag, MultivariateNormalTriL, ShapeError
from models.distributions.vector import VectorDistribution

ROOT = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.25, 0.75, 0.5]])
OF_BATCH = ("mean", "variance", "entropy")


@dataclass(frozen=True, eq=False)
class VectorCase:
    """One family over vectors of three entries: its parameters without a batch, and its methods besides log_prob."""

    kind: Callable[..., VectorDistribution]
    values: tuple[np.ndarray, ...]
    more: tuple[str, ...] = OF_BATCH
    on_simplex: bool = False

    def __str__(self) -> str:
        return self.kind.__name__

    def build(self, shape: tuple[int, ...] = (), dtype: type = np.float64, validate: bool = True) -> Any:
        given = [tf.broadcast_to(tf.constant(value, dtype), shape + value.shape) for value in self.values]
        return self.kind(*given, validate=validate)


VECTORS = [
    VectorCase(MultivariateNormalDiag, (np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5]))),
    VectorCase(MultivariateNormalTriL, (np.array([0.5, -1.0, 2.0]), ROOT), (*OF_BATCH, "covariance")),
    VectorCase(Dirichlet, (np.array([0.5, 2.0, 3.5]),), on_simplex=True),
    VectorCase(Concrete, (np.array(0.75), np.log([0.2, 0.3, 0.5])), ("log_prob_at_noise",), on_simplex=True),
]
each_vector = pytest.mark.parametrize("case", VECTORS, ids=str)


def results(case: VectorCase, parameters: list[tf.Tensor], points: tf.Tensor) -> dict[str, tf.Tensor]:
    """Return the results of all methods of the family; ``points`` are values, turned into noise first."""
    q = case.kind(*parameters, validate=False)
    eps = q.to_noise(points)
    found = {"prob": q.prob(points), "log_prob": q.log_prob(points), "to_noise": eps, "from_noise": q.from_noise(eps)}
    for method in case.more:
        found[method] = q.log_prob_at_noise(eps) if method == "log_prob_at_noise" else getattr(q, method)()
    return {**found, "sample": q.sample(5, seed=3)}


@each_vector
def test_every_method_runs_in_a_graph_of_any_batch(case: VectorCase) -> None:
    signature = [tf.TensorSpec([5, None, 3], tf.float64),
                 *(tf.TensorSpec([None, *value.shape], tf.float64) for value in case.values)]  # fmt: skip
    graph = tf.function(lambda points, *given: results(case, list(given), points), input_signature=signature,
                        autograph=False)  # fmt: skip
    points = case.build().sample(5, seed=1)[:, tf.newaxis]
    for n in (1, 2):
        parameters = [tf.constant(np.broadcast_to(value, (n, *value.shape))) for value in case.values]
        rows = tf.tile(points, [1, n, 1])
        found, plain = graph(rows, *parameters), results(case, parameters, rows)
        for method, values in plain.items():
            assert found[method].shape == values.shape, method
            assert np.allclose(found[method], values, rtol=1e-12), method
    assert graph.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_vector
def test_every_gradient_is_finite(case: VectorCase, dtype: type) -> None:
    parameters = [tf.constant(value, dtype) for value in case.values]
    points = case.build(dtype=dtype).sample(5, seed=1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        totals = {method: tf.reduce_sum(part) for method, part in results(case, parameters, points).items()}
    for method, total in totals.items():
        slopes = tape.gradient(total, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        assert all(np.isfinite(slope).all() for slope in slopes), method


@settings(max_examples=25, deadline=None)
@given(case=st.sampled_from(VECTORS), shape=arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
       n=st.integers(0, 4))  # fmt: skip
def test_any_batch_shape_is_kept(case: VectorCase, shape: tuple[int, ...], n: int) -> None:
    q = case.build(shape)
    z = q.sample(n, seed=1)
    assert z.shape == q.noise(n, seed=1).shape == (n, *shape, 3)
    assert q.log_prob(z).shape == q.prob(z).shape == (n, *shape)
    assert np.isfinite(q.log_prob(z)).all()
    if "mean" in case.more:
        assert q.mean().shape == q.variance().shape == (*shape, 3)
        assert q.entropy().shape == shape


@settings(max_examples=25, deadline=None)
@given(case=st.sampled_from(VECTORS), other=st.integers(1, 6).filter(lambda size: size != 3), batch=st.integers(2, 5))
def test_vectors_of_another_length_and_other_batches_are_refused(case: VectorCase, other: int, batch: int) -> None:
    with pytest.raises(ShapeError):
        case.build().log_prob(np.zeros(other))
    with pytest.raises(ShapeError, match="do not broadcast"):
        case.build((batch,)).log_prob(np.zeros((batch + 1, 3)))


ENTRIES = st.one_of(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0]), st.floats(allow_nan=False))


@settings(max_examples=60, deadline=None)
@given(case=st.sampled_from(VECTORS), dtype=st.sampled_from([np.float32, np.float64]), z=st.lists(ENTRIES, min_size=3,
       max_size=3))  # fmt: skip
def test_only_nan_makes_nan_and_beyond_everything_there_is_nothing(
    case: VectorCase, dtype: type, z: list[float]
) -> None:
    with np.errstate(over="ignore"):
        point = np.array(z).astype(dtype)
    found = float(case.build(dtype=dtype).log_prob(point))
    if np.isnan(point).any():  # an entry below 0 settles it for a simplex, whatever the others are
        assert np.isnan(found) or (case.on_simplex and found == -np.inf)
    else:
        assert not np.isnan(found)
        assert found == -np.inf or np.isfinite(point).all()


@each_vector
@pytest.mark.parametrize("z", [[np.inf] * 3, [-np.inf] * 3, [np.inf, -np.inf, 0.0], [0.0, np.inf, np.inf]], ids=str)
def test_at_infinity_there_is_nothing(case: VectorCase, z: list[float]) -> None:
    assert float(case.build().log_prob(np.array(z))) == -np.inf
    assert float(case.build().prob(np.array(z))) == 0.0


@settings(max_examples=25, deadline=None)
@given(z=arrays.arrays(np.float64, 3, elements=st.floats(-2.0, 2.0)))
def test_off_the_simplex_there_is_nothing(z: np.ndarray) -> None:
    for case in VECTORS:
        if case.on_simplex and (z.min() < 0.0 or abs(z.sum() - 1.0) > 1e-9):
            assert float(case.build().log_prob(z)) == -np.inf


@pytest.mark.parametrize("kind", [MultivariateNormalDiag, Dirichlet, Concrete])
def test_the_joint_density_of_a_thousand_float32_dimensions_keeps_its_digits(kind: Any) -> None:
    rng = np.random.default_rng(3)
    values = {
        MultivariateNormalDiag: (rng.normal(size=1000), rng.uniform(0.5, 2.0, 1000)),
        Dirichlet: (rng.uniform(0.5, 3.0, 1000),),
        Concrete: (np.array(0.75), rng.normal(size=1000)),
    }[kind]
    rounded = [value.astype(np.float32) for value in values]
    q, exact = kind(*rounded), kind(*(value.astype(np.float64) for value in rounded))
    if kind is MultivariateNormalDiag:
        z = q.sample(3, seed=1).numpy()
        assert np.allclose(q.log_prob(z), exact.log_prob(z.astype(np.float64)), rtol=1e-5)
        assert (np.asarray(q.prob(z)) == 0.0).all()
    else:
        z = exact.sample(3, seed=1).numpy()
        assert np.allclose(q.log_prob(z.astype(np.float32)), exact.log_prob(z), rtol=1e-4)
