"""Contracts of every method of every family: finite gradients, XLA, Keras layers, clear errors, any batch shape."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.distributions import FAMILIES, Dirichlet, MultivariateNormalTriL, ParameterError, ShapeError
from models.distributions.base import WANTED
from models.distributions.scored import Scored
from tests.models.distributions.cases import CASES, Case
from tests.support.kinds import ASKED_AT_ONCE, marks_beside_properties, marks_of

ONE_EACH = list({case.family: case for case in CASES}.values())
EACH = [pytest.param(case, marks=marks_beside_properties(case.family)) for case in ONE_EACH]
# No weight is an integer.
OF_WHOLE_NUMBERS = [case for case in ONE_EACH if "fraction" not in FAMILIES[case.family].domains.values()]
OF_VALUES = ("prob", "log_prob", "cdf", "log_cdf", "survival_function", "to_noise")
OF_BATCH = ("mean", "variance", "entropy")
BEYOND = {"bound": (), "real": (), "positive": (0.0, -1.0), "fraction": (0.0, 1.0, -1.0, 2.0)}


def values_of(case: Case, dtype: type) -> tf.Tensor:
    return tf.constant(case.build().quantile(np.array([1e-6, 0.1, 0.5, 0.9, 1 - 1e-6])).numpy().astype(dtype))


def results(case: Case, parameters: list[tf.Tensor], method: str, values: tf.Tensor) -> tf.Tensor:
    q = case.build(parameters=parameters, validate=False)
    if method in OF_BATCH:
        return getattr(q, method)()
    if method == "sample":
        return q.sample(5, seed=3)
    if method in INSIDE:
        column = [-1] + [1] * (values.shape.rank - 1)
        values = tf.reshape(tf.constant(INSIDE[method], values.dtype), column)
    return getattr(q, method)(values)


NOISE = [0.1, 0.3, 0.5, 0.7, 0.9]  # of every family
INSIDE = {"quantile": [1e-6, 0.1, 0.5, 0.9, 0.999], "from_noise": NOISE, "log_prob_at_noise": NOISE}
METHODS = (*OF_VALUES, "quantile", "from_noise", "log_prob_at_noise", "sample", *OF_BATCH)


@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", EACH, ids=str)
def test_every_gradient_is_finite_inside_and_in_the_tails(case: Case, dtype: type) -> None:
    parameters = [tf.constant(value, dtype) for value in case.values]
    wrong = []
    for method in METHODS:
        if case.family in {"Cauchy", "HalfCauchy"} and method in {"mean", "variance"}:
            continue  # they do not exist
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            total = tf.reduce_sum(results(case, parameters, method, values_of(case, dtype)))
        slopes = tape.gradient(total, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        if not np.isfinite([float(part) for part in slopes]).all():
            wrong.append(method)
    assert wrong == []


@pytest.mark.parametrize("case", EACH, ids=str)
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


# Compiling takes seconds.
@pytest.mark.parametrize("case", [
    pytest.param(case, marks=marks_of(case.family)) for case in ONE_EACH
], ids=str)  # fmt: skip
def test_every_method_runs_in_a_graph_of_any_batch_and_compiles_with_xla(case: Case) -> None:
    # The density at noise is composed of two others, and the quantile of a scored family is the path from its noise.
    scored = isinstance(case.build(), Scored)
    methods = [
        name for name in METHODS if name not in ({"log_prob_at_noise", "quantile"} if scored else {"log_prob_at_noise"})
    ]

    def everything(points: tf.Tensor, *given: tf.Tensor) -> dict[str, tf.Tensor]:
        return {method: results(case, list(given), method, points) for method in methods}

    signature = [tf.TensorSpec([None, None], tf.float64), *([tf.TensorSpec([None], tf.float64)] * len(case.values))]
    # Traced twice, because the samplers work differently inside XLA.
    graph, compiled = (
        tf.function(everything, input_signature=signature, autograph=False, jit_compile=xla) for xla in (False, True)
    )
    points = values_of(case, np.float64)[:, tf.newaxis]
    one, two = ([tf.fill([n], tf.constant(value, tf.float64)) for value in case.values] for n in (1, 2))
    plain, shorter, found = graph(points, *two), graph(points, *one), compiled(points, *two)
    assert graph.experimental_get_tracing_count() == 1
    for method, values in plain.items():
        assert values.shape == found[method].shape == ((2,) if method in OF_BATCH else (5, 2)), method
        if method != "sample":  # the noise of another batch, and that of XLA, is other noise
            assert np.allclose(values[..., :1], shorter[method], rtol=1e-12, atol=0.0, equal_nan=True), method
            assert np.allclose(found[method], values, rtol=1e-6, atol=1e-9, equal_nan=True), method
        assert np.isnan(found[method]).any() == np.isnan(values).any()


class Drawing(keras.layers.Layer):
    """Adds the mean of samples whose parameters are trained to each row of its input."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.offsets = [self.add_weight(shape=(), initializer="zeros", name=name) for name in case.names]

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        row = tf.zeros_like(inputs[:, 0])  # the number of rows is known when the graph runs
        given = [tf.cast(value, tf.float32) + tf.convert_to_tensor(part) + row
                 for value, part in zip(self.case.values, self.offsets, strict=True)]  # fmt: skip
        q = self.case.build(parameters=given, validate=False)
        return inputs + tf.reduce_mean(q.sample(8, seed=1), 0)[:, tf.newaxis]


@pytest.mark.parametrize("cases", [
    [case for case in ONE_EACH if case.family not in ASKED_AT_ONCE],
    pytest.param([case for case in ONE_EACH if case.family in ASKED_AT_ONCE], marks=pytest.mark.slow),
], ids=["most", "rest"])  # fmt: skip
def test_parameters_of_every_family_are_trained_in_layers_of_one_model(cases: list[Case]) -> None:
    layers = [Drawing(case) for case in cases]
    rows = keras.Input((1,))
    model = keras.Model(rows, keras.ops.concatenate([layer(rows) for layer in layers], axis=-1))
    model.compile(optimizer=keras.optimizers.SGD(1e-3), loss="mse")
    model.fit(np.zeros((5, 1), np.float32), np.ones((5, len(layers)), np.float32), batch_size=3, epochs=2, verbose=0)
    moved = {str(layer.case): np.array([float(part) for part in layer.offsets]) for layer in layers}
    assert {name: offsets for name, offsets in moved.items() if not np.isfinite(offsets).all()} == {}
    assert [name for name, offsets in moved.items() if not offsets.any()] == []


@pytest.mark.parametrize("case", EACH, ids=str)
def test_bad_parameters_are_refused(case: Case) -> None:
    kind = FAMILIES[case.family]
    for index, name in enumerate(case.names):
        infinite = [] if kind.domains[name] == "bound" else [np.inf]
        bad = [np.nan, *infinite, *BEYOND[kind.domains[name]]]
        for value in bad:
            given = [value if i == index else part for i, part in enumerate(case.values)]
            with pytest.raises(ParameterError, match=f"{name} must be {WANTED[kind.domains[name]]}"):
                kind(*given)
    if len(case.names) > 1:
        with pytest.raises(ShapeError, match="do not broadcast"):
            kind(np.full(2, case.values[0]), np.full(3, case.values[1]), *case.values[2:])
        with pytest.raises(ShapeError, match="do not match: they would make"):
            kind(np.full((2, 1), case.values[0]), np.full(2, case.values[1]), *case.values[2:])


@pytest.mark.parametrize("case", EACH, ids=str)
def test_a_bad_parameter_fails_a_graph_and_is_nan_in_xla(case: Case) -> None:
    kind = FAMILIES[case.family]
    graph, compiled = (
        tf.function(lambda *parameters: kind(*parameters).cdf(0.25), autograph=False, jit_compile=xla)
        for xla in (False, True)
    )
    for index, name in enumerate(case.names):
        if kind.domains[name] not in {"real", "bound"}:
            given = [tf.constant(-1.0 if i == index else value) for i, value in enumerate(case.values)]
            with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name} must be {WANTED[kind.domains[name]]}"):
                graph(*given)
            assert np.isnan(compiled(*given))


@pytest.mark.parametrize("case", EACH, ids=str)
def test_empty_batches_are_allowed(case: Case) -> None:
    q = case.build(parameters=[tf.fill([0], tf.constant(value, tf.float64)) for value in case.values])
    assert q.sample(3, seed=1).shape == (3, 0)
    assert q.quantile(0.5).shape == q.mean().shape == (0,)
    assert case.build().sample(0, seed=1).shape == (0,)


@pytest.mark.parametrize("case", OF_WHOLE_NUMBERS, ids=str)
def test_whole_numbers_are_allowed(case: Case) -> None:
    whole = case.build(parameters=[np.array(index + 1) for index in range(len(case.names))])
    assert whole.dtype == tf.float32
    assert np.isfinite(whole.sample(3, seed=1)).all()
    tensors = case.build(parameters=[tf.constant(index + 1) for index in range(len(case.names))])
    assert np.array_equal(tensors.log_prob(tf.constant([1, 2])), whole.log_prob([1.0, 2.0]), equal_nan=True)


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


@pytest.mark.parametrize("case", EACH, ids=str)
def test_a_thousand_independent_float32_values_add_up_without_underflow(case: Case) -> None:
    q = case.build(np.float32)
    z = q.quantile(np.linspace(0.001, 0.999, 1000, dtype=np.float32)).numpy()
    exact = case.build().log_prob(z.astype(np.float64)).numpy()
    # Each value keeps five digits; densities near 1 have logarithms near 0, so bound by the sum of their magnitudes.
    assert float(tf.reduce_sum(q.log_prob(z))) == pytest.approx(exact.sum(), abs=1e-5 * np.abs(exact).clip(1.0).sum())
