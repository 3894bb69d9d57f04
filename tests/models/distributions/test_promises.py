"""What holds for every method of every family: finite gradients, XLA, layers of Keras, refusals, any batch shape."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.distributions import FAMILIES, Dirichlet, Distribution, MultivariateNormalTriL, ParameterError, ShapeError
from models.distributions.scored import Scored
from tests.models.distributions.cases import CASES, Case

ONE_EACH = list({case.family: case for case in CASES if case.family in FAMILIES}.values())
OF_VALUES = ("prob", "log_prob", "cdf", "log_cdf", "survival_function", "to_noise")
OF_BATCH = ("mean", "variance", "entropy")


def values_of(case: Case, dtype: type) -> tf.Tensor:
    return tf.constant(case.build().quantile(np.array([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])).numpy().astype(dtype))


def results(case: Case, parameters: list[tf.Tensor], method: str, values: tf.Tensor) -> tf.Tensor:
    q = FAMILIES[case.family](**dict(zip(case.names, parameters, strict=True)), validate=False)
    if method in OF_BATCH:
        return getattr(q, method)()
    if method == "sample":
        return q.sample(5, seed=3)
    if method == "quantile":
        values = tf.constant([1e-6, 0.1, 0.5, 0.9, 0.999], values.dtype)
    if method in {"from_noise", "log_prob_at_noise"}:
        values = tf.constant([0.1, 0.3, 0.5, 0.7, 0.9], values.dtype)  # noise of every family
    return getattr(q, method)(values)


METHODS = (*OF_VALUES, "quantile", "from_noise", "log_prob_at_noise", "sample", *OF_BATCH)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_every_gradient_is_finite_inside_and_in_the_tails(case: Case, dtype: type) -> None:
    parameters = [tf.constant(value, dtype) for value in case.values]
    wrong = []
    for method in METHODS:
        if case.family == "Cauchy" and method in {"mean", "variance"}:
            continue  # they do not exist
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            total = tf.reduce_sum(results(case, parameters, method, values_of(case, dtype)))
        slopes = tape.gradient(total, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        if not np.isfinite([float(part) for part in slopes]).all():
            wrong.append(method)
    assert wrong == []


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_gradients_are_finite_outside_of_the_support(case: Case) -> None:
    low, high = case.support
    ends = [low - 1.0 if np.isfinite(low) else -1e3, high + 1.0 if np.isfinite(high) else 1e3]
    parameters = [tf.constant(value, tf.float64) for value in case.values]
    for method in ("prob", "cdf", "survival_function"):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            total = tf.reduce_sum(results(case, parameters, method, tf.constant(ends, tf.float64)))
        slopes = tape.gradient(total, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        assert np.isfinite([float(part) for part in slopes]).all(), method


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_every_method_compiles_with_xla(case: Case) -> None:
    parameters, values = [tf.constant(value, tf.float64) for value in case.values], values_of(case, np.float64)

    # The density at noise is made of two others, and the quantile of a scored family is the path from its noise.
    left_out = {"log_prob_at_noise"} | ({"quantile"} if issubclass(FAMILIES[case.family], Scored) else set())
    methods = [name for name in METHODS if name not in left_out]

    def everything(given: list[tf.Tensor], points: tf.Tensor) -> dict[str, tf.Tensor]:
        return {method: results(case, given, method, points) for method in methods}

    compiled = tf.function(everything, jit_compile=True, autograph=False)(parameters, values)
    for method, plain in everything(parameters, values).items():
        if method != "sample":  # XLA's noise is other noise
            assert np.allclose(compiled[method], plain, rtol=1e-6, atol=1e-9, equal_nan=True), method
        assert np.isnan(compiled[method]).any() == np.isnan(plain).any()


class Drawing(keras.layers.Layer):
    """Adds samples whose parameters are trained to its input."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.offsets = [self.add_weight(shape=(), initializer="zeros", name=name) for name in case.names]

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        given = [tf.cast(value, tf.float32) + tf.convert_to_tensor(part)
                 for value, part in zip(self.case.values, self.offsets, strict=True)]  # fmt: skip
        q = FAMILIES[self.case.family](*given, validate=False)
        return inputs + tf.reduce_mean(q.sample(8, seed=1))


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_parameters_are_trained_in_a_layer(case: Case) -> None:
    layer = Drawing(case)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss="mse")
    model.fit(np.zeros((4, 1), np.float32), np.ones((4, 1), np.float32), epochs=2, verbose=0)
    moved = np.array([float(part) for part in layer.offsets])
    assert np.isfinite(moved).all()
    assert moved.any()


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_bad_parameters_are_refused(case: Case) -> None:
    kind = FAMILIES[case.family]
    for index, name in enumerate(case.names):
        bad = [np.nan, np.inf] + ([0.0, -1.0] if kind.domains[name] == "positive" else [])
        for value in bad:
            given = [value if i == index else part for i, part in enumerate(case.values)]
            with pytest.raises(ParameterError, match=f"{name} must be finite"):
                kind(*given)
    if len(case.names) > 1:
        with pytest.raises(ShapeError, match="do not broadcast"):
            kind(np.full(2, case.values[0]), np.full(3, case.values[1]), *case.values[2:])


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_empty_batches_and_whole_numbers_are_allowed(case: Case) -> None:
    q = case.build(parameters=[tf.fill([0], tf.constant(value, tf.float64)) for value in case.values])
    assert q.sample(3, seed=1).shape == (3, 0)
    assert q.quantile(0.5).shape == q.mean().shape == (0,)
    assert case.build().sample(0, seed=1).shape == (0,)
    whole = FAMILIES[case.family](*(np.array(index + 1) for index in range(len(case.names))))
    assert whole.dtype == tf.float32
    assert np.isfinite(whole.sample(3, seed=1)).all()


@settings(max_examples=25, deadline=None)
@given(
    case=st.sampled_from(ONE_EACH), shape=arrays.array_shapes(min_dims=0, max_dims=3, max_side=3), n=st.integers(0, 4)
)
def test_any_batch_shape_is_kept(case: Case, shape: tuple[int, ...], n: int) -> None:
    q = case.build(parameters=[tf.fill(shape, tf.constant(value, tf.float64)) for value in case.values])
    assert q.sample(n, seed=1).shape == (n, *shape)
    assert q.log_prob(np.zeros((n, *shape))).shape == (n, *shape)
    assert q.quantile(0.25).shape == q.entropy().shape == shape


@settings(max_examples=25, deadline=None)
@given(case=st.sampled_from(ONE_EACH), distance=st.floats(1e-3, 1e6))
def test_any_point_outside_of_the_support_has_no_density(case: Case, distance: float) -> None:
    q, (low, high) = case.build(), case.support
    for end, side in ((low, -1.0), (high, 1.0)):
        if np.isfinite(end):
            point = end + side * distance
            assert float(q.prob(point)) == 0.0
            assert float(q.log_prob(point)) == -np.inf
            assert float(q.cdf(point)) == (side > 0)
            assert float(q.survival_function(point)) == (side < 0)


@pytest.mark.parametrize("q", [
    MultivariateNormalTriL(np.zeros(1000, np.float32), 0.5 * np.eye(1000, dtype=np.float32)),
    Dirichlet(np.full(1000, 2.0, np.float32)),
], ids=["normal", "dirichlet"])  # fmt: skip
def test_a_thousand_dimensions_stay_finite(q: object) -> None:
    assert np.isfinite(q.log_prob(q.sample(2, seed=1))).all()


def test_a_thousand_independent_values_add_up_without_underflow() -> None:
    q: Distribution = FAMILIES["Laplace"](np.zeros(1000, np.float32), np.float32(1.0))
    z = q.sample(1, seed=1)[0]
    assert float(tf.reduce_sum(q.log_prob(z))) == pytest.approx(-float(np.abs(z).sum()) - 1000 * np.log(2), rel=1e-5)
