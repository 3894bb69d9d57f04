"""The root finder: how often it evaluates the distribution function, which is its entire cost."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from models.distributions import Beta, Distribution, StudentT, VonMises, beta, student_t, von_mises
from models.numerics import roots
from models.numerics.roots import Tails
from models.numerics.special import ndtr

SCORES = np.linspace(-6.0, 6.0, 241)
MOST_CALLS = 10
MOST_CALLS_ON_A_CIRCLE = 3


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tf.Tensor]:
    """Return the values at which the root finder evaluates the distribution function, in order."""
    asked: list[tf.Tensor] = []

    def counted(tails: Tails, *rest: tf.Tensor) -> tf.Tensor:
        def noted(t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            asked.append(t)
            return tails(t)

        return roots.invert(noted, *rest)

    for module in (beta, student_t, von_mises):
        monkeypatch.setattr(module, "invert", counted)
    return asked


@pytest.mark.parametrize(
    ("q", "oracle"),
    [
        (StudentT(np.float64(0.05), np.float64(0.0), np.float64(1.0)), stats.t(0.05)),
        (StudentT(np.float64(5.0), np.float64(0.0), np.float64(1.0)), stats.t(5.0)),
        (StudentT(np.float64(1000.0), np.float64(0.0), np.float64(1.0)), stats.t(1000.0)),
        (Beta(np.float64(0.01), np.float64(0.5)), stats.beta(0.01, 0.5)),
        (Beta(np.float64(2.5), np.float64(1.5)), stats.beta(2.5, 1.5)),
        (Beta(np.float64(300.0), np.float64(200.0)), stats.beta(300.0, 200.0)),
    ],
    ids=["t 0.05", "t 5", "t 1000", "beta 0.01", "beta 2.5", "beta 300"],
)  # fmt: skip
def test_roots_take_few_steps(q: Distribution, oracle: object, calls: list[tf.Tensor]) -> None:
    z = q.from_noise(tf.constant(SCORES)).numpy()
    assert 0 < len(calls) <= MOST_CALLS
    expected = np.where(SCORES < 0, oracle.ppf(ndtr(SCORES).numpy()), oracle.isf(ndtr(-SCORES).numpy()))  # type: ignore[attr-defined]
    # Beyond this, the squares of both overflow.
    inside = (np.abs(expected) > 1e-120) & (np.abs(expected) < 1e120)
    assert np.allclose(z[inside], expected[inside], rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("kappa", [1e-3, 0.5, 2.0, 10.0, 400.0, 1e5])
def test_on_a_circle_the_first_guess_is_nearly_the_root(kappa: float, calls: list[tf.Tensor]) -> None:
    """Down to tails of 1e-12, where that of a small κ is a straight line and that of a large κ is normal."""
    share = np.concatenate([10.0 ** np.linspace(-12.0, -2.0, 41), np.linspace(0.01, 0.5, 99)])
    q = VonMises(np.float64(0.0), np.float64(kappa))
    z = q.quantile(share)
    assert 0 < len(calls) <= MOST_CALLS_ON_A_CIRCLE
    # Near π, adjacent float64 numbers are 4e-16 apart.
    assert np.allclose(q.cdf(z), share, rtol=1e-9, atol=1e-15)
