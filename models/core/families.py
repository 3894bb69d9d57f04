"""Name the univariate families: their parameters, limits and usual values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

LatentFamily = Literal["Normal", "Laplace", "Logistic", "StudentT"]

LATENT_FAMILIES: tuple[LatentFamily, ...] = ("Normal", "Laplace", "Logistic", "StudentT")


@dataclass(frozen=True)
class Family:
    """A univariate distribution by name and parameters, e.g. ``Family("Normal", {"loc": 0.0, "scale": 1.0})``."""

    name: str
    parameters: dict[str, float]


# Degrees of freedom of a latent Student t: heavy tails, and still a variance and a finite fourth moment.
LATENT_DF = 5.0

SMALLEST, LARGEST_NUMBER = 1e-4, 1e6

LEAST_SHAPE, MOST_SHAPE = 0.05, 1e4


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family: its name, symbol, a usual value, and the least and the largest that can be set.

    Beyond these the values of the family leave the range of float64 or round to the edge of the support.
    """

    name: str
    symbol: str
    usual: float
    least: float = -LARGEST_NUMBER
    most: float = LARGEST_NUMBER

    @property
    def positive(self) -> bool:
        """Whether it must be positive."""
        return self.least > 0.0

    def clip(self, value: float) -> float:
        """Return the nearest value that is allowed; the usual one for what is no number."""
        return self.usual if math.isnan(value) else min(max(value, self.least), self.most)


_LOC, _SCALE = Parameter("loc", "μ", 0.0), Parameter("scale", "σ", 1.0, SMALLEST)

_LOC_SCALE = (_LOC, _SCALE)

_TWO_SHAPES = (
    Parameter("concentration1", "a", 2.5, LEAST_SHAPE, MOST_SHAPE),
    Parameter("concentration0", "b", 1.5, LEAST_SHAPE, MOST_SHAPE),
)

_BOUNDS = (Parameter("low", "low", -1.0), Parameter("high", "high", 2.0))

# Farther apart, or narrower, there would be nothing but two spikes to see.
FARTHEST_MODE, NARROWEST_MODE, WIDEST_MODE = 100.0, 1e-2, 100.0

_TWO_MODES = (
    Parameter("weight", "w", 0.5, 1e-3, 1.0 - 1e-3),
    Parameter("loc1", "μ₁", -1.5, -FARTHEST_MODE, FARTHEST_MODE),
    Parameter("scale1", "σ₁", 0.75, NARROWEST_MODE, WIDEST_MODE),
    Parameter("loc2", "μ₂", 1.5, -FARTHEST_MODE, FARTHEST_MODE),
    Parameter("scale2", "σ₂", 1.0, NARROWEST_MODE, WIDEST_MODE),
)

FAMILY_PARAMETERS: dict[str, tuple[Parameter, ...]] = {
    "Normal": _LOC_SCALE,
    "Laplace": _LOC_SCALE,
    "Logistic": _LOC_SCALE,
    "StudentT": (Parameter("df", "ν", 5.0, LEAST_SHAPE, MOST_SHAPE), *_LOC_SCALE),
    "Cauchy": _LOC_SCALE,
    "Gumbel": _LOC_SCALE,
    "Uniform": _BOUNDS,
    "Exponential": (Parameter("rate", "λ", 1.0, SMALLEST),),
    "Gamma": (
        Parameter("concentration", "α", 2.5, LEAST_SHAPE, MOST_SHAPE), Parameter("rate", "β", 1.5, SMALLEST),
    ),
    "InverseGamma": (
        Parameter("concentration", "α", 3.0, 2.0 * LEAST_SHAPE, MOST_SHAPE), Parameter("scale", "β", 2.0, SMALLEST),
    ),
    "Chi2": (Parameter("df", "ν", 3.0, 2.0 * LEAST_SHAPE, MOST_SHAPE),),
    "Weibull": (
        Parameter("concentration", "k", 1.5, LEAST_SHAPE, MOST_SHAPE), Parameter("scale", "λ", 1.5, SMALLEST),
    ),
    "LogNormal": (Parameter("loc", "μ", 0.0, -100.0, 100.0), Parameter("scale", "σ", 0.5, SMALLEST, 10.0)),
    "HalfNormal": (_SCALE,),
    "Beta": _TWO_SHAPES,
    "Kumaraswamy": _TWO_SHAPES,
    "LogitNormal": (Parameter("loc", "μ", 0.0, -10.0, 10.0), Parameter("scale", "σ", 1.0, SMALLEST, 10.0)),
    "TanhNormal": (Parameter("loc", "μ", 0.0, -5.0, 5.0), Parameter("scale", "σ", 1.0, SMALLEST, 5.0)),
    "TruncatedNormal": (*_LOC_SCALE, *_BOUNDS),
    "VonMises": (_LOC, Parameter("concentration", "κ", 2.0, SMALLEST, MOST_SHAPE)),
    "ContinuousBernoulli": (Parameter("logits", "η", 1.5, -500.0, 500.0),),
    "NormalMixture": _TWO_MODES,
}  # fmt: skip

STANDARD_NORMAL = Family("Normal", {"loc": 0.0, "scale": 1.0})

# Where the estimators of a gradient are compared: at the mean of N(0, 1) many gradients are 0.
UNIT_AT_ONE = Family("Normal", {"loc": 1.0, "scale": 1.0})

# Variances of the members with scale 1.
LATENT_VARIANCES: dict[LatentFamily, float] = {
    "Normal": 1.0, "Laplace": 2.0, "Logistic": math.pi**2 / 3.0, "StudentT": LATENT_DF / (LATENT_DF - 2.0),
}  # fmt: skip


def latent_member(name: LatentFamily, loc: float = 0.0, scale: float = 1.0) -> Family:
    """Return the member of a latent family: with location 0 and scale 1, the prior of one dimension."""
    shape = {"df": LATENT_DF} if name == "StudentT" else {}
    return Family(name, {**shape, "loc": loc, "scale": scale})


def usual_family(name: str) -> Family:
    """Return the family ``name`` with its usual parameters."""
    return Family(name, {parameter.name: parameter.usual for parameter in FAMILY_PARAMETERS[name]})


def with_parameter(family: Family, name: str, value: float) -> Family:
    """Return ``family`` with one parameter set, kept in its domain and a lower bound below its upper one."""
    kept = next(p for p in FAMILY_PARAMETERS[family.name] if p.name == name).clip(value)
    if name == "low":
        kept = min(kept, family.parameters["high"] - SMALLEST)
    elif name == "high":
        kept = max(kept, family.parameters["low"] + SMALLEST)
    return Family(family.name, {**family.parameters, name: kept})
