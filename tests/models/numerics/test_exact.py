"""Every function of the numerics against 40 digits: one call on all arguments of the table."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

from models.numerics import incomplete_beta, log_gamma, normal_quantile
from models.numerics.incomplete_gamma import elasticity, igamma, igammac
from models.numerics.logistic_normal import logistic_moments
from tests.models.numerics.exact import DOCUMENT, FUNCTIONS, document, kept, said_of


def gamma_tail(a: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.where(x < a, igamma(a, x), igammac(a, x))


def log_beta_tail(a: tf.Tensor, b: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
    return tf.minimum(*incomplete_beta.log_tails(incomplete_beta.place_of_value(a, b, z)))


OURS: dict[str, Callable[..., tf.Tensor]] = {
    "binet": log_gamma.binet,
    "binet_slope": log_gamma.binet_slope,
    "log_beta": log_gamma.log_beta,
    "excess": log_gamma.excess,
    "gamma_tail": gamma_tail,
    "gamma_elasticity": lambda a, x: elasticity(a, x, tf.math.log(x)),
    "log_beta_tail": log_beta_tail,
    "logit_slope": lambda a, b, z: incomplete_beta.logit_slopes(incomplete_beta.place_of_value(a, b, z))[0],
    "score_of_level": normal_quantile.score_of_level,
    "score_beside_half": normal_quantile.score_beside_half,
    "minimum_moments": lambda h, b: log_gamma.log_power_moments(h, b)[1],
    "logistic_variance": lambda loc, scale: logistic_moments(loc, scale)[1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_keeps_its_digits(name: str) -> None:
    table = kept()[name]
    found = OURS[name](*(tf.constant(column) for column in table.arguments.T)).numpy()
    away = [
        float(abs(mp.mpf(float(ours)) / mp.mpf(value) - 1)) for ours, value in zip(found, table.values, strict=True)
    ]
    worst = int(np.argmax(away))
    assert away[worst] <= FUNCTIONS[name].bound, table.arguments[worst]


def test_the_table_holds_every_argument_and_the_document_every_bound() -> None:
    assert {name: [tuple(row) for row in table.arguments.tolist()] for name, table in kept().items()} == {
        name: list(function.at) for name, function in FUNCTIONS.items()
    }
    assert DOCUMENT.read_text(encoding="utf-8") == document()


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_table_is_what_mpmath_says(name: str) -> None:
    assert tuple(said_of(name)) == kept()[name].values
