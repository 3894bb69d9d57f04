"""Eager, as a graph and inside XLA, a method answers the same in float32, to 32 units in the last place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from tests.models.distributions.cases import CASES, Case

LEVELS = np.array([1e-9, 1e-4, 0.3, 0.5, 0.8, 0.9999], np.float32)
METHODS = ("log_prob", "cdf", "survival_function", "log_cdf", "to_noise")
UNITS = 32.0
# Each family compiles once, which takes seconds where its distribution function is no formula.
QUICK = {"Normal", "Laplace", "Gumbel", "Weibull"}
ONE_EACH = [pytest.param(case, marks=() if case.family in QUICK else pytest.mark.slow, id=str(case))
            for case in {case.family: case for case in CASES}.values()]  # fmt: skip


def asked(case: Case, z: np.ndarray) -> Callable[..., list[tf.Tensor]]:
    def all_methods(*parameters: tf.Tensor) -> list[tf.Tensor]:
        q = case.build(parameters=list(parameters), validate=False)
        return [*(getattr(q, name)(z) for name in METHODS), q.quantile(LEVELS), q.mean(), q.variance(), q.entropy()]

    return all_methods


@pytest.mark.parametrize("case", ONE_EACH)
def test_all_modes_answer_alike(case: Case) -> None:
    z = case.build(np.float32).quantile(LEVELS).numpy()
    given = [tf.constant(value, tf.float32) for value in case.values]
    function = asked(case, z)
    eager = function(*given)
    for xla in (False, True):
        other = tf.function(function, autograph=False, jit_compile=xla)(*given)
        for name, one, two in zip((*METHODS, "quantile", "mean", "variance", "entropy"), eager, other, strict=True):
            least = UNITS * np.finfo(np.float32).eps
            assert np.allclose(one, two, rtol=least, atol=least, equal_nan=True), (name, xla)
