"""Requests about one univariate distribution, its noise and a value drawn from it, and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.core.arrays import Floats64
from models.core.families import Family
from models.core.typicality import Typicality

Anchor = Literal["z", "eps", "u"]


@dataclass(frozen=True)
class Curves:
    """Evaluate a family beside a reference, at one value and along the whole range, in float64.

    Attributes
    ----------
    family, reference : Family
        q and p.
    anchor, value : str, float
        Which of z, ε and u = F(z) is given, and its value; the other two are answered.
    scores : array [b]
        Sorted standard normal numbers: the frozen bank. Each becomes a noise ε of the family and a value z.
    span : pair of float, or None
        The range to draw; None asks for one that holds nearly all of q and p.
    squared_norm, latent_dim : float, int
        ‖z‖² of the latent point and its d, for the typicality; 0 and 0 where there is no such point.
    """

    id: int
    family: Family
    reference: Family
    anchor: Anchor
    value: float
    scores: Floats64
    span: tuple[float, float] | None = None
    squared_norm: float = 0.0
    latent_dim: int = 0


@dataclass(frozen=True)
class Place:
    """One value of q: z, its noise ε, u = P(Z ≤ z), P(Z > z), the density, and the slopes of the path at it.

    ``by_noise`` is ∂z/∂ε, ``by_parameter`` ∂z/∂θ at fixed ε of every parameter.
    """

    z: float
    eps: float
    u: float
    survival: float
    pdf: float
    by_noise: float
    by_parameter: dict[str, float]


@dataclass(frozen=True)
class Grip:
    """The place of a handle of a parameter θ: a value z of q with its density, and how it moves with θ: ∂z/∂θ."""

    parameter: str
    z: float
    pdf: float
    slope: float


@dataclass(frozen=True)
class Numbers:
    """The numbers of q as a whole; a moment that does not exist is NaN or infinite.

    Attributes
    ----------
    mean, deviation, entropy : float
        Mean, standard deviation and differential entropy in nats.
    kl, kl_closed : float, bool
        KL(q ‖ p) in nats, and whether by a closed form (else by quadrature).
    ks, ks_p : float
        Kolmogorov–Smirnov distance of the bank from q, and its p-value.
    ks_reference, ks_reference_p : float
        The same of the bank from p.
    quantiles : tuple of float
        At 5, 25, 50, 75 and 95 %.
    typicality : Typicality or None
        By the χ²_d distribution at ‖z‖²; None where there is no latent point of a normal prior.
    """

    mean: float
    deviation: float
    entropy: float
    kl: float
    kl_closed: bool
    ks: float
    ks_p: float
    ks_reference: float
    ks_reference_p: float
    quantiles: tuple[float, ...]
    typicality: Typicality | None


@dataclass(frozen=True)
class CurvesReady:
    """Densities and distribution functions of p and q [n] on ``x``; the path [m]; the bank [b]; place and numbers.

    ``reference_pdf`` … ``family_cdf`` lie on ``x``; ``path_z`` is the path from noise on ``path_eps``; ``span`` is the
    range drawn.
    """

    id: int
    x: Floats64
    reference_pdf: Floats64
    reference_cdf: Floats64
    family_pdf: Floats64
    family_cdf: Floats64
    path_eps: Floats64
    path_z: Floats64
    bank_eps: Floats64
    bank_z: Floats64
    span: tuple[float, float]
    place: Place
    grips: tuple[Grip, ...]
    numbers: Numbers


@dataclass(frozen=True)
class Locate:
    """Ask for the z that has this ε or this u = F(z); answered by :class:`Located`."""

    id: int
    family: Family
    anchor: Anchor
    value: float


@dataclass(frozen=True)
class Located:
    """The value z of :class:`Locate`."""

    id: int
    z: float


@dataclass(frozen=True)
class Probabilities:
    """Ask for u = F(z) of many values [d] of a location–scale family, its ``loc`` and ``scale`` [d] given apart.

    ``family`` names the family; its own location and scale are not used.
    """

    id: int
    family: Family
    loc: Floats64
    scale: Floats64
    z: Floats64


@dataclass(frozen=True)
class ProbabilitiesReady:
    """The probabilities u [d] of :class:`Probabilities`."""

    id: int
    u: Floats64
