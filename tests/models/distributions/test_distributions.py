"""Contracts of every family: shapes, parameter checks, the registry of divergences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from models.core.families import Family
from models.distributions import (
    FAMILIES,
    LogitNormal,
    Normal,
    ParameterError,
    ShapeError,
    distribution_of,
    kl_divergence,
    register_kl,
)
from models.distributions.base import Distribution
from models.vae.aggregate_posterior import AggregatePosterior
from tests.models.conftest import finish


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_wrong_scale_is_refused_by_name(scale: float) -> None:
    with pytest.raises(ParameterError, match="Normal: scale must be finite and positive"):
        Normal(0.0, np.array([1.0, scale]))


@pytest.mark.parametrize("loc", [np.nan, -np.inf])
def test_a_wrong_mean_is_refused_by_name(loc: float) -> None:
    with pytest.raises(ParameterError, match="Normal: loc must be finite"):
        Normal(loc, 1.0)


def test_a_wrong_scale_is_refused_inside_a_compiled_function() -> None:
    compiled = tf.function(lambda scale: Normal(0.0, scale).prob(0.0))
    assert float(compiled(tf.constant(1.0))) == pytest.approx(0.39894, abs=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="scale must be finite and positive"):
        compiled(tf.constant(-1.0))


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    with pytest.raises(ShapeError, match="do not broadcast"):
        Normal(np.zeros(3), np.ones(2))
    with pytest.raises(ShapeError, match="do not broadcast"):
        Normal(np.zeros(3), np.ones(3)).prob(np.zeros(2))


def test_shapes_broadcast_as_arrays_do_but_none_stretches_one_of_higher_rank() -> None:
    with pytest.raises(ShapeError, match=r"shapes \(3,\) and \(4, 1\) do not match: they would make \(4, 3\)"):
        Normal(np.zeros((4, 1)), np.ones(3))
    assert Normal(np.zeros((4, 3)), np.ones(3)).batch_shape == (4, 3)
    q = Normal(np.zeros((4, 1)), np.ones((1, 3)))
    assert q.batch_shape == (4, 3)
    assert q.prob(np.zeros(3)).shape == (4, 3)
    assert q.sample(7, seed=0).shape == (7, 4, 3)
    assert q.mean().shape == (4, 3)


def test_nan_in_gives_nan_out() -> None:
    q = Normal(0.0, 1.0)
    for method in (q.prob, q.log_prob, q.cdf, q.survival_function):
        assert np.isnan(method(np.float32(np.nan)).numpy())


def test_infinity_is_outside_of_everything() -> None:
    q, edge = Normal(0.0, 1.0), np.array([-np.inf, np.inf], np.float32)
    assert q.prob(edge).numpy().tolist() == [0.0, 0.0]
    assert q.log_prob(edge).numpy().tolist() == [-np.inf, -np.inf]
    assert q.cdf(edge).numpy().tolist() == [0.0, 1.0]


def test_parameters_decide_the_dtype_and_may_not_mix() -> None:
    assert Normal(0.0, 1.0).prob(0.0).dtype == tf.float32
    assert Normal(np.float64(0.0), 1.0).prob(0.0).dtype == tf.float64
    with pytest.raises(TypeError, match="different dtypes"):
        Normal(np.float64(0.0), np.float32(1.0))


def test_a_family_by_name() -> None:
    q = distribution_of(Family("Normal", {"loc": 1.0, "scale": 2.0}))
    assert q.dtype == tf.float64
    assert float(q.prob(1.0)) == pytest.approx(0.19947114020071635)


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        (Family("Gauss", {}), "no family is called 'Gauss'"),
        (Family("Normal", {"loc": 0.0}), "Normal takes loc, scale"),
        (Family("Normal", {"loc": 0.0, "scale": 1.0, "df": 1.0}), "Normal takes loc, scale"),
        (Family("Normal", {"loc": 0.0, "scale": 0.0}), "scale must be finite and positive, not 0.0"),
    ],
)
def test_a_wrong_family_is_refused(family: Family, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        distribution_of(family)


@pytest.mark.parametrize("family", FAMILIES.values())
def test_every_family_says_how_it_is_reparameterized(family: type[Distribution]) -> None:
    assert family.reparameterization_type in {"location-scale", "inverse-cdf", "implicit", "none"}


def test_a_divergence_without_closed_form_says_so() -> None:
    class Odd(Normal):
        """A family without any registered divergence."""

    with pytest.raises(NotImplementedError, match="Odd"):
        kl_divergence(Odd(0.0, 1.0), Normal(0.0, 1.0))


def test_a_divergence_is_registered_once() -> None:
    with pytest.raises(ValueError, match="already registered"):
        register_kl(Normal, Normal)(kl_divergence)


def test_the_aggregate_posterior_is_the_exact_mixture() -> None:
    rng = np.random.default_rng(0)
    loc, scale = rng.normal(size=1300).astype(np.float32), rng.uniform(0.05, 2.0, 1300).astype(np.float32)
    x = np.linspace(-6, 6, 41)
    pdf, cdf = finish(AggregatePosterior(loc, scale, Normal).curves(x))
    components = Normal(loc.astype(np.float64), scale.astype(np.float64))
    assert np.allclose(pdf, components.prob(x[:, None]).numpy().mean(axis=1), rtol=1e-12)
    assert np.allclose(cdf, components.cdf(x[:, None]).numpy().mean(axis=1), rtol=1e-12)
    fine = np.linspace(-12, 12, 4001)
    assert np.trapezoid(finish(AggregatePosterior(loc, scale, Normal).curves(fine))[0], fine) == pytest.approx(
        1.0, abs=1e-4
    )


def test_the_entropy_behind_a_steep_curve_is_the_integral() -> None:
    loc, scale = np.array([0.5, -3.0, 40.0]), np.array([1.5, 30.0, 100.0])
    score = np.linspace(-10.0, 10.0, 200_001)[:, np.newaxis]
    weight = np.exp(-0.5 * score**2) / np.sqrt(2.0 * np.pi) * 1e-4
    line = np.abs(loc + scale * score)
    slope = np.sum(weight * (-line - 2.0 * np.log1p(np.exp(-line))), 0)
    truth = 0.5 * np.log(2.0 * np.pi * np.e) + np.log(scale) + slope
    assert np.allclose(LogitNormal(loc, scale).entropy(), truth, rtol=1e-9)
