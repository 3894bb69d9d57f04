"""The families with parameters that float32 holds exactly, and their values by mpmath with 25 digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import mpmath as mp
import numpy as np
import scipy.stats as st
import tensorflow as tf
from scipy.special import logit

from models.core.families import FACTS, Family
from models.distributions import FAMILIES, Distribution

mp.mp.dps = 25
Formula = Callable[..., mp.mpf]
# Those of whole numbers are asked in test_discrete.py.
CONTINUOUS = {name: kind for name, kind in FAMILIES.items() if not FACTS[name].whole}


@dataclass(frozen=True)
class Case:
    """One family with one set of parameters.

    ``location`` and ``scaling`` name the parameters that move and stretch z, or what LINES makes of it; a rate has −1.
    """

    family: str
    values: tuple[float, ...]
    location: tuple[str, ...] = ()
    scaling: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.family}({', '.join(f'{value:g}' for value in self.values)})"

    def build(
        self, dtype: type = np.float64, parameters: list[tf.Tensor] | None = None, validate: bool = True
    ) -> Distribution:
        given = [tf.constant(value, dtype) for value in self.values] if parameters is None else parameters
        return FAMILIES[self.family](**dict(zip(self.names, given, strict=True)), validate=validate)

    @property
    def names(self) -> list[str]:
        return list(FAMILIES[self.family].domains)

    @property
    def support(self) -> tuple[float, float]:
        return Family(self.family, dict(zip(self.names, self.values, strict=True))).support

    @property
    def singular(self) -> bool:
        """Return whether the density is a fractional power at an edge."""
        return self.family in {"Gamma", "Chi2", "Weibull", "Beta", "Kumaraswamy"}

    @property
    def endless(self) -> bool:
        """Return whether the fourth moment does not exist, so that means and variances of samples say nothing."""
        return self.family in {"Cauchy", "HalfCauchy"} or (
            self.family in {"StudentT", "Pareto"} and self.values[0] <= 4
        )

    def exact(self, what: str, z: float) -> mp.mpf:
        """Return ``pdf``, ``cdf`` or ``sf`` at exactly the float ``z``."""
        return EXACT[self.family][("pdf", "cdf", "sf").index(what)](mp.mpf(float(z)), *map(mp.mpf, self.values))


LOC_SCALE = {"location": ("loc",), "scaling": (("loc", 1), ("scale", 1))}
BOUNDS = {"location": ("loc", "low", "high"), "scaling": (("loc", 1), ("scale", 1), ("low", 1), ("high", 1))}
PAIR = {
    "location": ("loc1", "loc2"), "scaling": (("loc1", 1), ("scale1", 1), ("loc2", 1), ("scale2", 1)),
}  # fmt: skip
CASES = [
    Case("Normal", (0.25, 1.5), **LOC_SCALE), Case("Normal", (-3.0, 0.125), **LOC_SCALE),
    Case("Laplace", (0.25, 1.5), **LOC_SCALE), Case("Logistic", (0.25, 1.5), **LOC_SCALE),
    Case("Cauchy", (0.25, 1.5), **LOC_SCALE), Case("Gumbel", (0.25, 1.5), **LOC_SCALE),
    Case("StudentT", (5.0, 0.25, 1.5), **LOC_SCALE), Case("StudentT", (1.5, 0.0, 1.0), **LOC_SCALE),
    Case("StudentT", (40.0, -2.0, 0.5), **LOC_SCALE),
    Case("Uniform", (-1.0, 2.5), location=("low", "high"), scaling=(("low", 1), ("high", 1))),
    Case("Exponential", (1.5,), scaling=(("rate", -1),)), Case("Exponential", (0.125,), scaling=(("rate", -1),)),
    Case("Gamma", (2.5, 1.5), scaling=(("rate", -1),)), Case("Gamma", (0.5, 0.25), scaling=(("rate", -1),)),
    Case("Gamma", (64.0, 8.0), scaling=(("rate", -1),)),
    Case("InverseGamma", (6.0, 1.5), scaling=(("scale", 1),)),
    Case("Chi2", (3.0,)), Case("Chi2", (0.75,)), Case("Chi2", (50.0,)),
    Case("Weibull", (1.5, 2.0), scaling=(("scale", 1),)), Case("Weibull", (0.75, 0.5), scaling=(("scale", 1),)),
    Case("LogNormal", (0.25, 0.5), **LOC_SCALE), Case("LogNormal", (-1.0, 0.75), **LOC_SCALE),
    Case("HalfNormal", (1.5,), scaling=(("scale", 1),)),
    Case("Beta", (2.5, 1.5)), Case("Beta", (0.5, 0.75)), Case("Beta", (32.0, 64.0)),
    Case("Kumaraswamy", (2.5, 1.5)), Case("Kumaraswamy", (0.75, 3.0)),
    Case("LogitNormal", (0.25, 1.5), **LOC_SCALE), Case("LogitNormal", (-1.0, 0.5), **LOC_SCALE),
    Case("TanhNormal", (0.25, 0.75), **LOC_SCALE), Case("TanhNormal", (-0.5, 0.25), **LOC_SCALE),
    Case("TruncatedNormal", (0.25, 1.25, -1.0, 2.0), **BOUNDS), Case("TruncatedNormal", (0.0, 1.0, 3.0, 8.0), **BOUNDS),
    Case("TruncatedNormal", (4.0, 2.0, -1.0, 0.5), **BOUNDS),
    Case("VonMises", (0.25, 1.5), location=("loc",)), Case("VonMises", (0.0, 0.125), location=("loc",)),
    Case("VonMises", (-1.0, 40.0), location=("loc",)),
    Case("ContinuousBernoulli", (1.5,)), Case("ContinuousBernoulli", (-6.0,)), Case("ContinuousBernoulli", (0.0,)),
    Case("NormalMixture", (0.625, -1.0, 0.75, 1.5, 0.5), **PAIR),
    Case("NormalMixture", (0.25, 0.0, 2.0, 0.25, 1.0), **PAIR),
    Case("HalfCauchy", (0.25, 1.5), **LOC_SCALE), Case("HalfCauchy", (0.0, 0.125), **LOC_SCALE),
    Case("Pareto", (1.5, 2.0), scaling=(("scale", 1),)), Case("Pareto", (6.0, 0.5), scaling=(("scale", 1),)),
    Case("InverseGaussian", (1.5, 0.25), scaling=(("loc", 1), ("concentration", 1))),
    Case("InverseGaussian", (0.5, 40.0), scaling=(("loc", 1), ("concentration", 1))),
    Case("InverseGaussian", (1.5, 2.5), scaling=(("loc", 1), ("concentration", 1))),
    Case("GeneralizedNormal", (0.25, 1.5, 0.75), **LOC_SCALE), Case("GeneralizedNormal", (-1.0, 0.5, 8.0), **LOC_SCALE),
]  # fmt: skip
LINES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "LogNormal": (np.log, lambda z: 1.0 / z), "LogitNormal": (logit, lambda z: 1.0 / (z * (1.0 - z))),
    "TanhNormal": (np.arctanh, lambda z: 1.0 / (1.0 - z * z)),
}  # fmt: skip


def phi(y: mp.mpf) -> mp.mpf:
    return mp.exp(-y * y / 2) / mp.sqrt(2 * mp.pi)


def upper(y: mp.mpf) -> mp.mpf:
    return mp.erfc(y / mp.sqrt(2)) / 2


def through_normal(to_line: Formula, slope: Formula) -> tuple[Formula, Formula, Formula]:
    """Return density and tails of a function of a normal variable."""
    return (
        lambda z, m, s: phi((to_line(z) - m) / s) / s * slope(z),
        lambda z, m, s: upper(-(to_line(z) - m) / s),
        lambda z, m, s: upper((to_line(z) - m) / s),
    )


def t_upper(y: mp.mpf, n: mp.mpf) -> mp.mpf:
    tail = mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + y * y), regularized=True) / 2
    return tail if y > 0 else 1 - tail


def t_density(y: mp.mpf, n: mp.mpf) -> mp.mpf:
    return (1 + y * y / n) ** (-(n + 1) / 2) / (mp.sqrt(n) * mp.beta(n / 2, mp.mpf(1) / 2))


def gamma_density(z: mp.mpf, a: mp.mpf, b: mp.mpf) -> mp.mpf:
    return b * (b * z) ** (a - 1) * mp.exp(-b * z) / mp.gamma(a)


def gamma_lower(a: mp.mpf, y: mp.mpf) -> mp.mpf:
    return mp.gammainc(a, 0, y, regularized=True)


def gamma_upper(a: mp.mpf, y: mp.mpf) -> mp.mpf:
    return mp.gammainc(a, y, mp.inf, regularized=True)


def circle(t: mp.mpf, k: mp.mpf) -> mp.mpf:
    return mp.exp(k * mp.cos(t)) / around(k)


@cache
def around(k: mp.mpf) -> mp.mpf:
    return 2 * mp.pi * mp.besseli(0, k)


def circle_upper(t: mp.mpf, k: mp.mpf) -> mp.mpf:
    return circle_tail(t, k) if t > 0 else 1 - circle_tail(-t, k)


@cache
def circle_tail(t: mp.mpf, k: mp.mpf) -> mp.mpf:
    return mp.quad(lambda v: mp.exp(k * mp.cos(v)), mp.linspace(t, mp.pi, 5)) / around(k)


def kumaraswamy_rest(z: mp.mpf, a: mp.mpf, b: mp.mpf) -> mp.mpf:
    return (1 - z**a) ** b


def falling(z: mp.mpf, slope: mp.mpf) -> mp.mpf:
    return mp.expm1(slope * z) / slope if slope else z


def passage(sign: int) -> Formula:
    """Return a tail of the inverse Gaussian distribution, of which the lower one has the ``sign`` 1."""

    def tail(z: mp.mpf, m: mp.mpf, c: mp.mpf) -> mp.mpf:
        with mp.workdps(60):
            root = mp.sqrt(c / z)
            return upper(-sign * root * (z / m - 1)) + sign * mp.exp(2 * c / m) * upper(root * (z / m + 1))

    return tail


def power_upper(y: mp.mpf, power: mp.mpf) -> mp.mpf:
    return gamma_upper(1 / power, y**power) / 2 if y > 0 else (1 + gamma_lower(1 / power, (-y) ** power)) / 2


def through_two(index: int) -> Formula:
    """Return the density or a tail of a mixture of two normals."""

    def blend(z: mp.mpf, weight: mp.mpf, m1: mp.mpf, s1: mp.mpf, m2: mp.mpf, s2: mp.mpf) -> mp.mpf:
        part = EXACT["Normal"][index]
        return weight * part(z, m1, s1) + (1 - weight) * part(z, m2, s2)

    return blend


EXACT: dict[str, tuple[Formula, Formula, Formula]] = {
    "NormalMixture": (through_two(0), through_two(1), through_two(2)),
    "Normal": through_normal(lambda z: z, lambda z: 1),
    "LogNormal": through_normal(mp.log, lambda z: 1 / z),
    "LogitNormal": through_normal(lambda z: mp.log(z / (1 - z)), lambda z: 1 / (z * (1 - z))),
    "TanhNormal": through_normal(mp.atanh, lambda z: 1 / (1 - z * z)),
    "HalfNormal": (
        lambda z, s: 2 * phi(z / s) / s, lambda z, s: mp.erf(z / s / mp.sqrt(2)), lambda z, s: 2 * upper(z / s),
    ),
    "Laplace": (
        lambda z, m, s: mp.exp(-abs(z - m) / s) / (2 * s),
        lambda z, m, s: mp.exp((z - m) / s) / 2 if z < m else 1 - mp.exp((m - z) / s) / 2,
        lambda z, m, s: mp.exp((m - z) / s) / 2 if z > m else 1 - mp.exp((z - m) / s) / 2,
    ),
    "Logistic": (
        lambda z, m, s: mp.sech((z - m) / (2 * s)) ** 2 / (4 * s),
        lambda z, m, s: 1 / (1 + mp.exp((m - z) / s)),
        lambda z, m, s: 1 / (1 + mp.exp((z - m) / s)),
    ),
    "Cauchy": (
        lambda z, m, s: 1 / (mp.pi * s * (1 + ((z - m) / s) ** 2)),
        lambda z, m, s: mp.mpf(1) / 2 + mp.atan((z - m) / s) / mp.pi,
        lambda z, m, s: mp.mpf(1) / 2 - mp.atan((z - m) / s) / mp.pi,
    ),
    "Gumbel": (
        lambda z, m, s: mp.exp(-(z - m) / s - mp.exp((m - z) / s)) / s,
        lambda z, m, s: mp.exp(-mp.exp((m - z) / s)),
        lambda z, m, s: -mp.expm1(-mp.exp((m - z) / s)),
    ),
    "StudentT": (
        lambda z, n, m, s: t_density((z - m) / s, n) / s,
        lambda z, n, m, s: t_upper((m - z) / s, n),
        lambda z, n, m, s: t_upper((z - m) / s, n),
    ),
    "Uniform": (
        lambda z, a, b: 1 / (b - a), lambda z, a, b: (z - a) / (b - a), lambda z, a, b: (b - z) / (b - a),
    ),
    "Exponential": (
        lambda z, r: r * mp.exp(-r * z), lambda z, r: -mp.expm1(-r * z), lambda z, r: mp.exp(-r * z),
    ),
    "Weibull": (
        lambda z, k, s: k / s * (z / s) ** (k - 1) * mp.exp(-((z / s) ** k)),
        lambda z, k, s: -mp.expm1(-((z / s) ** k)),
        lambda z, k, s: mp.exp(-((z / s) ** k)),
    ),
    "Gamma": (gamma_density, lambda z, a, b: gamma_lower(a, b * z), lambda z, a, b: gamma_upper(a, b * z)),
    "Chi2": (
        lambda z, n: gamma_density(z, n / 2, mp.mpf(1) / 2),
        lambda z, n: gamma_lower(n / 2, z / 2),
        lambda z, n: gamma_upper(n / 2, z / 2),
    ),
    "InverseGamma": (
        lambda z, a, b: gamma_density(1 / z, a, b) / z**2,
        lambda z, a, b: gamma_upper(a, b / z),
        lambda z, a, b: gamma_lower(a, b / z),
    ),
    "Beta": (
        lambda z, a, b: z ** (a - 1) * (1 - z) ** (b - 1) / mp.beta(a, b),
        lambda z, a, b: mp.betainc(a, b, 0, z, regularized=True),
        lambda z, a, b: mp.betainc(b, a, 0, 1 - z, regularized=True),
    ),
    "Kumaraswamy": (
        lambda z, a, b: a * b * z ** (a - 1) * (1 - z**a) ** (b - 1),
        lambda z, a, b: 1 - kumaraswamy_rest(z, a, b),
        kumaraswamy_rest,
    ),
    "TruncatedNormal": (
        lambda z, m, s, a, b: phi((z - m) / s) / s / (upper((a - m) / s) - upper((b - m) / s)),
        lambda z, m, s, a, b: (upper((a - m) / s) - upper((z - m) / s)) / (upper((a - m) / s) - upper((b - m) / s)),
        lambda z, m, s, a, b: (upper((z - m) / s) - upper((b - m) / s)) / (upper((a - m) / s) - upper((b - m) / s)),
    ),
    "VonMises": (
        lambda z, m, k: circle(z - m, k),
        lambda z, m, k: circle_upper(m - z, k),
        lambda z, m, k: circle_upper(z - m, k),
    ),
    "HalfCauchy": (
        lambda z, m, s: 2 / (mp.pi * s * (1 + ((z - m) / s) ** 2)),
        lambda z, m, s: 2 * mp.atan((z - m) / s) / mp.pi,
        lambda z, m, s: 2 * mp.atan(s / (z - m)) / mp.pi,
    ),
    "Pareto": (
        lambda z, a, s: a / z * (s / z) ** a,
        lambda z, a, s: -mp.expm1(a * mp.log(s / z)),
        lambda z, a, s: (s / z) ** a,
    ),
    "InverseGaussian": (
        lambda z, m, c: mp.sqrt(c / z) / z * phi(mp.sqrt(c / z) * (z / m - 1)), passage(1), passage(-1),
    ),
    "GeneralizedNormal": (
        lambda z, m, s, b: mp.exp(-abs((z - m) / s) ** b) / (2 * s * mp.gamma(1 + 1 / b)),
        lambda z, m, s, b: power_upper((m - z) / s, b),
        lambda z, m, s, b: power_upper((z - m) / s, b),
    ),
    "ContinuousBernoulli": (
        lambda z, t: mp.exp(t * z) / falling(mp.mpf(1), t),
        lambda z, t: falling(z, t) / falling(mp.mpf(1), t),
        lambda z, t: (falling(mp.mpf(1), t) - falling(z, t)) / falling(mp.mpf(1), t),
    ),
}  # fmt: skip

SCIPY: dict[str, Callable[..., object]] = {
    "Normal": st.norm, "Laplace": st.laplace, "Logistic": st.logistic, "Cauchy": st.cauchy, "Gumbel": st.gumbel_r,
    "StudentT": st.t, "Uniform": lambda a, b: st.uniform(a, b - a), "Exponential": lambda r: st.expon(scale=1 / r),
    "Gamma": lambda a, b: st.gamma(a, scale=1 / b), "InverseGamma": lambda a, b: st.invgamma(a, scale=b),
    "Chi2": st.chi2, "Weibull": lambda k, s: st.weibull_min(k, scale=s),
    "LogNormal": lambda m, s: st.lognorm(s, scale=np.exp(m)), "HalfNormal": lambda s: st.halfnorm(scale=s),
    "Beta": st.beta, "TruncatedNormal": lambda m, s, a, b: st.truncnorm((a - m) / s, (b - m) / s, m, s),
    "VonMises": lambda m, k: st.vonmises(k, loc=m), "HalfCauchy": st.halfcauchy,
    "Pareto": lambda a, s: st.pareto(a, scale=s), "InverseGaussian": lambda m, c: st.invgauss(m / c, scale=c),
    "GeneralizedNormal": lambda m, s, b: st.gennorm(b, m, s),
}  # fmt: skip
