"""What 40 digits say of the functions in models.numerics: ``python -m tests.models.numerics.exact`` writes the table.

Each row of the table beside it is a function, its arguments as float64 holds them, and the first 25 digits of its
value. ``--write`` also makes docs/measured/numerics.md, which says how many of them ours have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import mpmath as mp
import numpy as np

from tests.support.places import ROOT

TABLE = Path(__file__).with_suffix(".json")
DOCUMENT = ROOT / "docs" / "measured" / "numerics.md"
DIGITS = 25
STEP = mp.mpf(10) ** -16
Number = mp.mpf


@dataclass(frozen=True)
class Function:
    """A function: its value by mpmath, the arguments at which it is asked, and the error that ours may have."""

    exact: Callable[..., Number]
    at: tuple[tuple[float, ...], ...]
    bound: float
    about: str


def log_gamma_rest(a: Number) -> Number:
    return mp.loggamma(a) - (a - mp.mpf(1) / 2) * mp.log(a) + a - mp.log(2 * mp.pi) / 2


def gamma_lower(a: Number, x: Number) -> Number:
    """Return P(a, x) by its series of positive terms, which converges at any shape."""
    term = total = mp.mpf(1)
    n = 0
    while term > total * mp.mpf(10) ** -45:
        n += 1
        term *= x / (a + n)
        total += term
    return mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1)) * total


def gamma_tail(a: Number, x: Number) -> Number:
    """Return the smaller of P and Q, which is P below the shape."""
    return gamma_lower(a, x) if x < a else 1 - gamma_lower(a, x)


def gamma_elasticity(a: Number, x: Number) -> Number:
    moved = gamma_lower(a + STEP * a, x) - gamma_lower(a - STEP * a, x)
    density = mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))
    return -moved / (2 * STEP) / density / x


def beta_lower(a: Number, b: Number, z: Number) -> Number:
    """Return I_z(a, b) by its series of positive terms."""
    term = total = mp.mpf(1)
    n = 0
    while term > total * mp.mpf(10) ** -45:
        term *= z * (a + b + n) / (a + 1 + n)
        total += term
        n += 1
    log = a * mp.log(z) + b * mp.log1p(-z) - mp.log(a) - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b)
    return mp.exp(log) * total


def beta_upper(a: Number, b: Number, z: Number) -> Number:
    """Return 1 − I_z(a, b), by the series from the other end where nothing is left of the difference."""
    lower = beta_lower(a, b, z)
    return 1 - lower if lower < 0.99 else beta_lower(b, a, 1 - z)


def log_beta_tail(a: Number, b: Number, z: Number) -> Number:
    """Return the logarithm of the smaller tail."""
    return mp.log(min(beta_lower(a, b, z), beta_upper(a, b, z)))


def logit_slope(a: Number, b: Number, z: Number) -> Number:
    """Return ∂ logit z/∂a at fixed I."""
    moved = beta_upper(a + STEP * a, b, z) - beta_upper(a - STEP * a, b, z)
    density = mp.exp(a * mp.log(z) + b * mp.log1p(-z) - mp.loggamma(a) - mp.loggamma(b) + mp.loggamma(a + b))
    return moved / (2 * STEP * a) / density


def normal_score(level: Number) -> Number:
    """Return Φ⁻¹ by Newton's method on the logarithm of the smaller tail."""
    side = -1 if level < 0.5 else 1
    tail = level if side < 0 else 1 - level
    start = -mp.sqrt(-2 * mp.log(tail)) if tail < 0.1 else mp.mpf(-0.5)
    return -side * mp.findroot(lambda y: mp.log(mp.erfc(-y / mp.sqrt(2)) / 2) - mp.log(tail), start, tol=1e-40)


def minimum_moments(h: Number, b: Number) -> Number:
    """Return log E[U^2h] − 2 log E[U^h] of U = 1 − V^(1/b)."""

    def log_moment(h: Number) -> Number:
        return mp.loggamma(1 + h) + mp.loggamma(1 + b) - mp.loggamma(1 + b + h)

    return log_moment(2 * h) - 2 * log_moment(h)


def logistic_variance(loc: Number, scale: Number) -> Number:
    def over(power: int) -> Number:
        peak = min(loc + power * scale**2, mp.mpf(0))
        cuts = sorted({peak + k * (5 + scale) for k in range(-12, 13)})
        return mp.quad(lambda x: mp.npdf(x, loc, scale) / (1 + mp.exp(-x)) ** power, cuts)

    return over(2) - over(1) ** 2


SHAPES = (1e-6, 1e-3, 0.3, 1.0, 3.7, 9.9, 10.1, 250.0, 1e5, 1e8)
GAMMAS = tuple((a, float(a * np.exp(s / np.sqrt(a)))) for a, s in product(
    (0.3, 2.5, 30.0, 199.0, 201.0, 1e3, 1e5, 1e6), (-6.5, -0.01, 0.0, 0.7, 6.5)) if a > 10.0 or s < 1.0)  # fmt: skip
BETAS = (
    (1e-6, 1e-3, 0.1), (1e-3, 2.0, 0.36), (1e-3, 300.0, 0.01), (1e-4, 1e4, 1e-3), (30.0, 1e-4, 0.95), (0.3, 0.6, 0.44),
    (0.1, 1e3, 0.5), (2.5, 1.5, 0.005), (2.5, 1.5, 0.67), (2.5, 1.5, 0.99), (50.0, 3.0, 0.39), (50.0, 3.0, 0.95),
    (4e3, 7e3, 0.34), (4e3, 7e3, 0.365), (0.5, 1e5, 6e-6), (3e5, 2e5, 0.596), (3e5, 2e5, 0.6), (3e5, 2e5, 0.604),
    (1.5, 2e7, 5e-8), (5e6, 5e6, 0.4995),
)  # fmt: skip
FUNCTIONS: dict[str, Function] = {
    "binet": Function(log_gamma_rest, tuple((a,) for a in SHAPES), 1e-12, "log Γ less Stirling's leading terms"),
    "binet_slope": Function(
        lambda a: mp.psi(0, a) - mp.log(a) + 1 / (2 * a), tuple((a,) for a in SHAPES), 2e-13, "its derivative",
    ),
    "log_beta": Function(
        lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
        tuple((a, b) for a, b in product(SHAPES, SHAPES) if a <= b and (a, b) != (1.0, 1.0)), 1e-14, "log B(a, b)",
    ),
    "excess": Function(
        lambda x, y: x / y - 1 - mp.log(x / y),
        tuple(product((1e-8, 0.4, 0.85, 1.000001, 1.2, 2.5, 1e9), (1.0, 2.0))), 2e-15, "x/y − 1 − log(x/y)",
    ),
    "gamma_tail": Function(gamma_tail, GAMMAS, 3e-13, "P(a, x) below a, Q(a, x) above"),
    "gamma_elasticity": Function(gamma_elasticity, GAMMAS, 1e-12, "∂ log x/∂ log a at fixed P(a, x)"),
    "log_beta_tail": Function(log_beta_tail, BETAS, 1e-9, "log I(z; a, b) or log(1 − I), of the smaller"),
    "logit_slope": Function(logit_slope, BETAS, 2e-9, "∂ logit z/∂a at fixed I(z; a, b)"),
    "score_of_level": Function(
        normal_score, tuple((u,) for u in (1e-300, 1e-100, 1e-20, 1e-9, 1e-3, 0.074, 0.2, 0.49, 0.6, 0.999)), 1e-15,
        "Φ⁻¹(u)",
    ),
    "score_beside_half": Function(
        lambda q: mp.sqrt(2) * mp.erfinv(2 * q), tuple((q,) for q in (1e-300, 1e-9, 1e-3, 0.1, 0.42)), 1e-15,
        "Φ⁻¹(½ + q)",
    ),
    "minimum_moments": Function(
        minimum_moments, tuple((h, b) for h, b in product((1e-6, 1e-2, 0.4, 3.0, 1e3), (1e-6, 0.1, 1.0, 50.0, 1e6))),
        1e-13, "log E[U^2h] − 2 log E[U^h], 1 − U = V^(1/b)",
    ),
    "logistic_variance": Function(
        logistic_variance, ((0.3, 0.1), (0.3, 0.99), (-2.0, 1.0), (0.3, 30.0), (5.0, 100.0), (-40.0, 3.0)), 1e-11,
        "variance of 1/(1 + e⁻ˣ), x normal",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """What the table holds of a function: arguments, one row each, and values."""

    arguments: np.ndarray
    values: tuple[str, ...]


@cache
def kept() -> dict[str, Kept]:
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Kept(np.array([row[0] for row in table]), tuple(row[1] for row in table))
            for name, table in rows.items()}  # fmt: skip


def said_of(name: str) -> Iterator[str]:
    """Ask mpmath."""
    with mp.workdps(60):
        for at in FUNCTIONS[name].at:
            yield mp.nstr(FUNCTIONS[name].exact(*map(mp.mpf, at)), DIGITS)


def document() -> str:
    rows = [f"| `{name}` | {function.about} | {len(function.at)} | {function.bound:.0e} |"
            for name, function in FUNCTIONS.items()]  # fmt: skip
    return "\n".join([
        "# Accuracy of the special functions", "",
        "The functions of `models/numerics` on which the distributions rest, against mpmath with 40 digits and more,",
        "at arguments from one end of their domain to the other: shapes from 1e-6 to 1e8, tails from 1e-300 to ½. The",
        "tests hold the relative errors in float64 below the last column.",
        "`python -m tests.models.numerics.exact --write` works the table out again.", "",
        "| function | what it is | values | relative error below |", "|---|---|---|---|", *rows, "",
    ])  # fmt: skip


def _write() -> None:
    rows = {name: list(zip(function.at, said_of(name), strict=True)) for name, function in FUNCTIONS.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    TABLE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    _write()
