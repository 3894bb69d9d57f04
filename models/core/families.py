"""One row of facts for every univariate family; window, worker, command line and tests read it.

What a class of :mod:`models.distributions` says of itself, such as how it is reparameterized, stands there alone. A
column has no default: a new family must fill them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from models.core.numbers import LARGEST_NUMBER

LatentFamily = Literal["Normal", "Laplace", "Logistic", "StudentT"]
LATENT_FAMILIES: tuple[LatentFamily, ...] = get_args(LatentFamily)

Role = Literal["location", "scale", "rate", "shape", "low", "high"]


@dataclass(frozen=True)
class Family:
    """A univariate distribution by name and parameters, e.g. ``Family("Normal", {"loc": 0.0, "scale": 1.0})``."""

    name: str
    parameters: dict[str, float]

    @property
    def facts(self) -> Facts:
        """The row of its family."""
        return FACTS[self.name]

    @property
    def support(self) -> tuple[float, float]:
        """The ends of its support."""
        low, high = (edge.offset + self.parameters.get(edge.parameter, 0.0) for edge in self.facts.support)
        return low, high


# Degrees of freedom of a latent Student t: heavy tails, and still a variance and a finite fourth moment.
LATENT_DF = 5.0
SMALLEST = 1e-4
LEAST_SHAPE, MOST_SHAPE = 0.05, 1e4
# Farther apart, or narrower, there would be nothing but two spikes to see.
FARTHEST_MODE, NARROWEST_MODE, WIDEST_MODE = 100.0, 1e-2, 100.0
ONE_SCORE = 0.5 * math.erfc(-math.sqrt(0.5))


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family, with the least and the most that can be set.

    Beyond these the values of the family leave the range of float64 or round to the edge of the support.

    Attributes
    ----------
    name, symbol, role : str
        What it is called in code and on the screen, and what it does to z.
    usual : float
        A value with which there is something to see.
    grip : float or None
        The probability below the value of z where the parameter is dragged, one that moves with it; None where the
        class names a place of its own, such as a mode.
    slider : pair of float
        Where the handle of a slider goes.
    whole : bool
        Whether it is a whole number.
    """

    name: str
    symbol: str
    role: Role
    usual: float
    grip: float | None
    slider: tuple[float, float]
    least: float = -LARGEST_NUMBER
    most: float = LARGEST_NUMBER
    whole: bool = False

    @property
    def positive(self) -> bool:
        """Whether it must be positive."""
        return self.least > 0.0

    def clip(self, value: float) -> float:
        """Return the nearest value that is allowed; the usual one for what is no number."""
        kept = self.usual if math.isnan(value) else min(max(value, self.least), self.most)
        return float(round(kept)) if self.whole else kept


@dataclass(frozen=True)
class Edge:
    """An end of a support: a number, or so much beyond the value of a ``parameter``."""

    offset: float
    parameter: str = ""


@dataclass(frozen=True)
class LatentFacts:
    """The facts of a family over a latent space: the variance of its member with scale 1, and its fixed shapes."""

    variance: float
    kept: dict[str, float]


@dataclass(frozen=True)
class Facts:
    """The row of one family.

    Attributes
    ----------
    name : str
        That of its class in :mod:`models.distributions`.
    parameters : tuple of Parameter
        In the order of the class.
    support : pair of Edge
        An end that a parameter moves makes scores in this parameter biased.
    straight : bool
        Whether the path from noise to z is the line loc + scale·ε.
    whole : bool
        Whether its values are whole numbers: its path is a staircase, and gradients are those of the score function.
    modes : int
        Of two, neither tail may be cut off a drawing, and there may be next to no density between them.
    tracing : float
        Seconds that it takes to trace its curves: the longest are traced ahead first.
    lab : dict
        Parameters that the Lab begins with, where they are not the usual ones.
    latent : LatentFacts or None
        None where it is not offered for q(z|x) and p(z).
    """

    name: str
    parameters: tuple[Parameter, ...]
    support: tuple[Edge, Edge]
    straight: bool
    whole: bool
    modes: int
    tracing: float
    lab: dict[str, float]
    latent: LatentFacts | None

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an end of the support."""
        return tuple(dict.fromkeys(edge.parameter for edge in self.support if edge.parameter))

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called ``name``; KeyError if there is none."""
        return {parameter.name: parameter for parameter in self.parameters}[name]


_WIDE, _FAR, _POSITIVE = (-5.0, 5.0), (-10.0, 10.0), (0.05, 10.0)

_LOC = Parameter("loc", "μ", "location", 0.0, 0.5, _WIDE)
_SCALE = Parameter("scale", "σ", "scale", 1.0, ONE_SCORE, _POSITIVE, SMALLEST)
_RATE = Parameter("rate", "λ", "rate", 1.0, 0.75, _POSITIVE, SMALLEST)
_SHAPE = Parameter("concentration", "α", "shape", 2.5, 0.25, _POSITIVE, LEAST_SHAPE, MOST_SHAPE)
_TAIL_SHAPE = replace(_SHAPE, usual=3.0, slider=(0.1, 10.0), least=2.0 * LEAST_SHAPE)
_DF = Parameter("df", "ν", "shape", 5.0, 0.9, (1.0, 30.0), LEAST_SHAPE, MOST_SHAPE)

_LOC_SCALE = (_LOC, _SCALE)
_TWO_SHAPES = (
    replace(_SHAPE, name="concentration1", symbol="a"),
    replace(_SHAPE, name="concentration0", symbol="b", usual=1.5, grip=0.75),
)
_BOUNDS = (
    Parameter("low", "low", "low", -1.0, 1e-9, _FAR),
    Parameter("high", "high", "high", 2.0, 1.0 - 1e-9, _FAR),
)
_LOGITS = Parameter("logits", "η", "shape", 1.5, 0.5, (-8.0, 8.0), -500.0, 500.0)
# Beyond these, the far tails of the one leave float64, and the other is a uniform distribution to all that can be seen.
_POWER = Parameter("power", "β", "shape", 4.0, 0.9, (0.5, 10.0), 0.1, 1e3)
_CHANCE = replace(_LOGITS, least=-20.0, most=20.0)
_TRIALS = Parameter("total_count", "n", "shape", 10.0, 0.75, (1.0, 50.0), 1.0, 1e4, whole=True)
_FAILURES = Parameter("total_count", "r", "shape", 5.0, 0.75, (0.1, 30.0), LEAST_SHAPE, 1e3)
_WEIGHT = Parameter("weight", "w", "shape", 0.5, 0.35, (0.01, 0.99), 1e-3, 1.0 - 1e-3)


def _line(farthest: float, widest: float, scale: float = 1.0) -> tuple[Parameter, Parameter]:
    """Return location and scale of a normal variable that is mapped to the support: beyond, z would round to an end."""
    slider = (_POSITIVE[0], min(_POSITIVE[1], widest))
    return replace(_LOC, least=-farthest, most=farthest), replace(_SCALE, usual=scale, slider=slider, most=widest)


def _mode(number: str, symbol: str, loc: float, scale: float) -> tuple[Parameter, Parameter]:
    """Return location and scale of a component, which are dragged at its own mode."""
    return (
        Parameter(f"loc{number}", f"μ{symbol}", "location", loc, None, _WIDE, -FARTHEST_MODE, FARTHEST_MODE),
        Parameter(f"scale{number}", f"σ{symbol}", "scale", scale, None, _POSITIVE, NARROWEST_MODE, WIDEST_MODE),
    )


_LINE = (Edge(-math.inf), Edge(math.inf))
_HALF_LINE = (Edge(0.0), Edge(math.inf))
_UNIT = (Edge(0.0), Edge(1.0))
_BETWEEN = (Edge(0.0, "low"), Edge(0.0, "high"))
_FROM_LOC, _FROM_SCALE = (Edge(0.0, "loc"), Edge(math.inf)), (Edge(0.0, "scale"), Edge(math.inf))
_CIRCLE = (Edge(-math.pi, "loc"), Edge(math.pi, "loc"))

# name, parameters, support, straight, whole, modes, tracing, lab, latent
_ROWS = (
    # At the mean of N(0, 1) many gradients are 0.
    Facts("Normal", _LOC_SCALE, _LINE, True, False, 1, 0.5, {"loc": 1.0}, LatentFacts(1.0, {})),
    Facts("Laplace", _LOC_SCALE, _LINE, True, False, 1, 0.5, {}, LatentFacts(2.0, {})),
    Facts("Logistic", _LOC_SCALE, _LINE, True, False, 1, 0.5, {}, LatentFacts(math.pi**2 / 3.0, {})),
    Facts("StudentT", (_DF, *_LOC_SCALE), _LINE, False, False, 1, 4.0, {},
          LatentFacts(LATENT_DF / (LATENT_DF - 2.0), {"df": LATENT_DF})),
    Facts("Cauchy", _LOC_SCALE, _LINE, True, False, 1, 0.5, {}, None),
    Facts("Gumbel", _LOC_SCALE, _LINE, True, False, 1, 0.5, {}, None),
    Facts("Uniform", _BOUNDS, _BETWEEN, False, False, 1, 0.5, {}, None),
    Facts("Exponential", (_RATE,), _HALF_LINE, False, False, 1, 0.5, {}, None),
    Facts("Gamma", (_SHAPE, replace(_RATE, symbol="β", usual=1.5)), _HALF_LINE, False, False, 1, 2.0, {}, None),
    Facts("InverseGamma", (_TAIL_SHAPE, replace(_SCALE, symbol="β", usual=2.0)), _HALF_LINE, False, False, 1, 2.0, {},
          None),
    Facts("Chi2", (replace(_DF, usual=3.0, least=2.0 * LEAST_SHAPE),), _HALF_LINE, False, False, 1, 2.5, {}, None),
    Facts("Weibull", (replace(_SHAPE, symbol="k", usual=1.5), replace(_SCALE, symbol="λ", usual=1.5)),
          _HALF_LINE, False, False, 1, 0.5, {}, None),
    Facts("LogNormal", _line(100.0, 10.0, scale=0.5), _HALF_LINE, False, False, 1, 0.5, {}, None),
    Facts("HalfNormal", (_SCALE,), _HALF_LINE, False, False, 1, 0.5, {}, None),
    Facts("Beta", _TWO_SHAPES, _UNIT, False, False, 1, 3.0, {}, None),
    Facts("Kumaraswamy", _TWO_SHAPES, _UNIT, False, False, 1, 1.0, {}, None),
    Facts("LogitNormal", _line(10.0, 10.0), _UNIT, False, False, 1, 1.0, {}, None),
    Facts("TanhNormal", _line(5.0, 5.0), (Edge(-1.0), Edge(1.0)), False, False, 1, 1.0, {}, None),
    Facts("TruncatedNormal", (*_LOC_SCALE, *_BOUNDS), _BETWEEN, False, False, 1, 12.0, {}, None),
    Facts("VonMises", (_LOC, replace(_SHAPE, symbol="κ", usual=2.0, least=SMALLEST)), _CIRCLE, False, False, 1, 5.0, {},
          None),
    Facts("ContinuousBernoulli", (_LOGITS,), _UNIT, False, False, 1, 2.0, {}, None),
    Facts("NormalMixture", (_WEIGHT, *_mode("1", "₁", -1.5, 0.75), *_mode("2", "₂", 1.5, 1.0)), _LINE, False, False, 2,
          10.0, {}, None),
    Facts("HalfCauchy", _LOC_SCALE, _FROM_LOC, True, False, 1, 0.5, {}, None),
    Facts("Pareto", (_TAIL_SHAPE, replace(_SCALE, grip=1e-9)), _FROM_SCALE, False, False, 1, 0.5, {}, None),
    Facts("InverseGaussian", (replace(_SCALE, name="loc", symbol="μ", usual=1.5),
                              replace(_SCALE, name="concentration", symbol="λ", usual=2.5, grip=0.25)),
          _HALF_LINE, False, False, 1, 2.0, {}, None),
    Facts("Bernoulli", (_CHANCE,), _UNIT, False, True, 1, 1.0, {}, None),
    Facts("Binomial", (_TRIALS, replace(_CHANCE, usual=0.5)), (Edge(0.0), Edge(0.0, "total_count")), False, True, 1,
          5.0, {}, None),
    Facts("Poisson", (replace(_RATE, usual=4.0, slider=(0.05, 30.0), most=1e5),), _HALF_LINE, False, True, 1, 2.0, {},
          None),
    Facts("NegativeBinomial", (_FAILURES, replace(_LOGITS, usual=0.0, slider=(-5.0, 3.0), least=-20.0, most=7.0)),
          _HALF_LINE, False, True, 1, 8.0, {}, None),
    Facts("GeneralizedNormal", (*_LOC_SCALE, _POWER), _LINE, False, False, 1, 2.0, {}, None),
)  # fmt: skip

FACTS: dict[str, Facts] = {row.name: row for row in _ROWS}
FAMILY_PARAMETERS = {row.name: row.parameters for row in _ROWS}
LATENT_VARIANCES = {name: row.latent.variance for name, row in FACTS.items() if row.latent is not None}
STANDARD_NORMAL = Family("Normal", {"loc": 0.0, "scale": 1.0})


def latent_shapes(name: LatentFamily) -> dict[str, float]:
    """Return the parameters that a family keeps over a latent space, beside its location and scale."""
    latent = FACTS[name].latent
    return {} if latent is None else latent.kept


def latent_member(name: LatentFamily, loc: float = 0.0, scale: float = 1.0) -> Family:
    """Return the member of a latent family: with location 0 and scale 1, the prior of one dimension."""
    return Family(name, {**latent_shapes(name), "loc": loc, "scale": scale})


def usual_family(name: str) -> Family:
    """Return the family ``name`` with its usual parameters."""
    return Family(name, {parameter.name: parameter.usual for parameter in FAMILY_PARAMETERS[name]})


def lab_family(name: str) -> Family:
    """Return the member of a family at which the Lab compares its gradients first."""
    return Family(name, usual_family(name).parameters | FACTS[name].lab)


def with_parameter(family: Family, name: str, value: float) -> Family:
    """Return ``family`` with one parameter set to the nearest value that :func:`limits_of` allows."""
    low, high = limits_of(family, name)
    kept = min(max(family.facts.parameter(name).clip(value), low), high)
    return Family(family.name, {**family.parameters, name: kept})


def limits_of(family: Family, name: str) -> tuple[float, float]:
    """Return the least and the most that a parameter can be beside the others: a lower bound below its upper one."""
    parameter = family.facts.parameter(name)
    bounds = {other.role: family.parameters[other.name] for other in family.facts.parameters}
    low, high = parameter.least, parameter.most
    if parameter.role == "low":
        high = min(high, bounds["high"] - SMALLEST)
    elif parameter.role == "high":
        low = max(low, bounds["low"] + SMALLEST)
    return low, high
