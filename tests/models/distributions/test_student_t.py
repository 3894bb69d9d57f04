"""Student's t with few degrees of freedom: its quantiles are so large that their squares overflow."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

from models.distributions import StudentT

LEVELS = (0.3, 1e-3, 1e-6, 1e-9)
STEP = mp.mpf(10) ** -12


def _survival(z: float, df: mp.mpf) -> mp.mpf:
    y = mp.mpf(z)
    return mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + y * y), regularized=True) / 2


def _density(z: float, df: mp.mpf) -> mp.mpf:
    scale = mp.gamma((df + 1) / 2) / mp.sqrt(df * mp.pi) / mp.gamma(df / 2)
    return scale * (1 + mp.mpf(z) ** 2 / df) ** (-(df + 1) / 2)


@tf.function(autograph=False)
def _computed(nu: tf.Tensor, level: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Return the quantile, the opposite survival function, and the derivatives of both in ν, the latter first."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(nu)
        q = StudentT(nu, np.float64(0.0), np.float64(1.0))
        z = q.quantile(level)
        survival = q.survival_function(-tf.stop_gradient(z))
    return z, survival, tape.gradient(survival, nu), tape.gradient(z, nu)


@pytest.mark.parametrize("df", [0.02, 0.05, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("level", LEVELS)
def test_tails_and_their_derivatives_are_those_of_mpmath(df: float, level: float) -> None:
    z, *found = (float(part) for part in _computed(tf.constant(df, tf.float64), tf.constant(level, tf.float64)))
    with mp.workdps(40):
        exact = mp.mpf(df)
        far = -z
        if (df, level) == (0.02, 1e-9):
            assert far == np.inf  # 6e433
            return
        true, density = _survival(far, exact), _density(far, exact)
        slope = (_survival(far, exact + STEP) - _survival(far, exact - STEP)) / (2 * STEP)
        expected = [float(part) for part in (true, slope, -slope / density)]
        assert abs(true / level - 1) < 1e-12
    assert np.allclose(found, expected, rtol=1e-11, atol=0.0)
