"""One family beside a reference: its curves, path, bank, one value of it and its numbers, in float64."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from models.core.arrays import Floats64, Vector
from models.core.families import FACTS, usual_family
from models.core.typicality import Typicality
from models.curves import graphs
from models.curves.compiled import Function, Member, evaluated, is_traced, traced
from models.curves.whole import as_stems, numbers_in, staircase, with_stems
from models.distributions import FAMILIES
from models.distributions.registry import check_family
from models.numerics import tracing
from models.numerics.incomplete_gamma import chi2_cdf, chi2_sf
from models.numerics.quadrature import FARTHEST, USUAL_PANELS
from models.protocol.distribution import (
    Anchor,
    Curves,
    CurvesReady,
    Grip,
    Locate,
    Located,
    Numbers,
    Place,
    Probabilities,
    ProbabilitiesReady,
)

EVEN_POINTS = 121
NEAR_SCORES = np.linspace(-6.0, 6.0, 121)
# A quadrature whose outermost nodes still add more than this fraction has not come to an end.
ENDED = 1e-7
# The share of a divergence without closed form that its nodes may miss before they are set anew, and after that.
FOLLOWED, LOST = 1e-7, 1e-5
# Of the nodes in the middle half of the reference: with fewer, it may lie between them.
FEWEST_NODES = 8
# From half a quartile outward, up to 10 million of them.
DOUBLINGS = 25
NO_SCORES = b""
Pair = tuple[str, str]


def evaluate_curves(request: Curves) -> CurvesReady:
    """Answer ``request``; ParameterError if a family or parameter is wrong, ValueError if another number is."""
    _check(request)
    q, p = Member.of(request.family), Member.of(request.reference)
    if not is_prepared(q.name, p.name):
        deque(preparing(q.name, p.name), maxlen=0)
    scores = request.scores.tobytes()
    place, grips = _place_and_grips(q, request.anchor, request.value, scores)
    span = _span(q, p, place.z, scores) if request.span is None else request.span
    if not np.isfinite([place.z, place.eps, *span]).all():
        raise ValueError(f"the values of {request.family} leave the range of the computer's numbers")
    still = _still(q, p, scores, span)
    numbers = replace(still.numbers, typicality=_typicality(request.squared_norm, request.latent_dim))
    return CurvesReady(
        request.id, still.x, *still.reference, *still.family, still.path_eps, still.path_z, still.bank_eps,
        still.bank_z, still.span, place, grips, numbers,
    )  # fmt: skip


def locate(request: Locate) -> Located:
    """Answer ``request``; ValueError unless the value is finite, and 0 < u < 1."""
    check_family(request.family)
    _check_anchor(request.anchor, request.value)
    place, _ = _place_and_grips(Member.of(request.family), request.anchor, request.value, NO_SCORES)
    return Located(request.id, place.z)


def evaluate_probabilities(request: Probabilities) -> ProbabilitiesReady:
    """Answer ``request``; ParameterError if a location or scale is wrong."""
    kind = check_family(request.family)
    given = {"loc": request.loc, "scale": request.scale}
    if not set(given) <= set(kind.domains):
        raise ValueError(f"{request.family.name} has no location and scale")
    for name, values in given.items():
        kind.check_parameter(name, values)
    size = len(request.z)
    rows = [given.get(name, np.full(size, request.family.parameters[name])) for name in kind.domains]
    (u,) = traced(graphs.probability, (request.family.name,), (2, 1))(np.stack(rows), request.z)
    return ProbabilitiesReady(request.id, u.numpy())


class _Outline(NamedTuple):
    """What :func:`graphs.outline` returns of a member; the bank is followed by :data:`NEAR_SCORES`."""

    levels: Vector
    reach: Vector
    moments: Vector
    bank_eps: Vector
    bank_z: Vector
    path_eps: Vector
    path_z: Vector


@dataclass(frozen=True)
class _Still:
    """The part of an answer that does not change while only z is dragged."""

    span: tuple[float, float]
    x: Floats64
    family: tuple[Floats64, Floats64]
    reference: tuple[Floats64, Floats64]
    path_eps: Floats64
    path_z: Floats64
    bank_eps: Floats64
    bank_z: Floats64
    numbers: Numbers


def _check(request: Curves) -> None:
    families = (request.family, request.reference)
    kinds = [check_family(family) for family in families]
    _check_anchor(request.anchor, request.value)
    for kind, family in zip(kinds, families, strict=True):
        kind.check_path(family.parameters)
    if request.scores.ndim != 1 or not len(request.scores) or not np.isfinite(request.scores).all():
        raise ValueError("the bank must be a vector of finite scores")
    if request.span is not None and not -math.inf < request.span[0] < request.span[1] < math.inf:
        raise ValueError(f"the range must go from a lower to a higher number, not {request.span}")
    if request.latent_dim < 0 or not request.squared_norm >= 0.0:
        raise ValueError("neither the squared norm nor the latent dimension may be negative")


def _check_anchor(anchor: str, value: float) -> None:
    if anchor not in ("z", "eps", "u"):
        raise ValueError(f"a value is given as z, eps or u, not {anchor!r}")
    if not math.isfinite(value):
        raise ValueError(f"{anchor} must be finite, it is {value}")
    if anchor == "u" and not 0.0 < value < 1.0:
        raise ValueError(f"u must lie between 0 and 1, it is {value}")


def is_prepared(name: str, reference: str) -> bool:
    """Return whether a family beside a reference can be evaluated without tracing."""
    # The last that is traced of each.
    parts = (graphs.divergence, name, reference), (graphs.scores_of, name), (graphs.heights, reference)
    return all(is_traced(part, *names) for part, *names in parts)


def preparing(name: str, reference: str) -> Iterator[None]:
    """Trace and call all that the curves of a family beside a reference need, one part at a time.

    Every way to give a value is among it, so that the first drag of another grip does not wait for it.
    """
    ks_p_value(0.5, 1)
    yield
    q, p = (Member.of(usual_family(key)) for key in (name, reference))
    few = np.array([0.25, 0.5])
    for member in (q, p):
        _outline(member, NO_SCORES)
        yield
        _heights(member, few, few)
        yield
    for anchor in graphs.ANCHORS:
        _place_and_grips(q, anchor, 0.5, NO_SCORES)
        yield
    evaluated(graphs.scores_of, q, few)
    yield
    _divergence(q, p)


@lru_cache(maxsize=64)
def _still(q: Member, p: Member, scores: bytes, span: tuple[float, float]) -> _Still:
    bank = len(scores) // 8
    outline = _outline(q, scores)
    path_eps, path_z = _staircase(q, outline) if _is_whole(q) else (outline.path_eps, outline.path_z)
    x = _grid(span, outline.bank_z[bank:], (*outline.levels[:2], *_outline(p, scores).levels[:2]))
    if _is_whole(q) or _is_whole(p):
        x = with_stems(x, span)
    eps, z = outline.bank_eps[:bank], outline.bank_z[:bank]
    family, bank_cdf = _heights(q, x, z)
    reference, bank_reference = _heights(p, x, z)
    numbers = _numbers(q, p, outline, bank_cdf, bank_reference)
    return _Still(span, x, family, reference, path_eps, path_z, eps, z, numbers)


@lru_cache(maxsize=64)
def _outline(q: Member, scores: bytes) -> _Outline:
    return _Outline(*evaluated(graphs.outline, q, np.concatenate([np.frombuffer(scores), NEAR_SCORES])))


def _heights(q: Member, x: Vector, bank: Vector) -> tuple[tuple[Floats64, Floats64], Floats64]:
    """Return density and distribution function on ``x``, and the distribution function at the bank."""
    pdf, cdf = evaluated(graphs.heights, q, np.concatenate([x, bank]))
    drawn = pdf[: len(x)], cdf[: len(x)]
    return as_stems(x, *drawn) if _is_whole(q) else drawn, cdf[len(x) :]


def _is_whole(q: Member) -> bool:
    return FACTS[q.name].whole


def _staircase(q: Member, outline: _Outline) -> tuple[Vector, Vector]:
    numbers = numbers_in(outline.levels[4], outline.levels[5])
    (ends,) = evaluated(graphs.scores_of, q, numbers)
    return staircase(numbers, ends[0], (outline.path_eps[0], outline.path_eps[-1]))


def _span(q: Member, p: Member, z: float, scores: bytes) -> tuple[float, float]:
    """Return a range that holds nearly all of both, and z."""
    ranges = [_range_of(member, scores) for member in (q, p)]
    return min(z, *(low for low, _ in ranges)), max(z, *(high for _, high in ranges))


def _range_of(q: Member, scores: bytes) -> tuple[float, float]:
    """Return the range worth drawing of one; of whole numbers with room for the outermost stems."""
    low, high = _outline(q, scores).reach.tolist()
    return (low - 1.0, high + 1.0) if _is_whole(q) else (low, high)


def _grid(span: tuple[float, float], near: Vector, edges: tuple[float, ...]) -> Vector:
    """Return the points to draw at: even ones, more where q has its mass, and both sides of every edge."""
    low, high = span
    sides = [side for edge in edges if math.isfinite(edge) for side in (_beside(edge, low), edge, _beside(edge, high))]
    points = np.concatenate([np.linspace(low, high, EVEN_POINTS), near, sides])
    return np.unique(points[(points >= low) & (points <= high)])


def _beside(edge: float, towards: float) -> float:
    """Return the number next to an edge; next to 0 the smallest normal one: TensorFlow takes those below it for 0."""
    moved = float(np.nextafter(edge, towards))
    return moved if abs(moved) >= graphs.SMALLEST_NORMAL else math.copysign(graphs.SMALLEST_NORMAL, moved)


def _numbers(q: Member, p: Member, outline: _Outline, bank: Vector, reference: Vector) -> Numbers:
    """Return what is said of q as a whole; ``bank`` and ``reference`` are F of q and of p at the bank."""
    mean, variance, entropy = outline.moments.tolist()
    kl, unsure, closed = _divergence(q, p)
    bound = ENDED * max(abs(kl), 1.0)
    # A support of p that does not hold q's makes it infinite; below 0 the integral has missed where q is.
    ended = closed or kl == math.inf or (unsure <= bound and kl >= -bound)
    near, far, count = ks_distance(bank, _is_whole(q)), ks_distance(reference, _is_whole(p)), len(bank)
    return Numbers(
        mean, math.sqrt(variance), entropy, kl if ended else math.nan, closed, near, ks_p_value(near, count),
        far, ks_p_value(far, count), tuple(outline.levels[8:].tolist()), None,
    )  # fmt: skip


def _divergence(q: Member, p: Member) -> tuple[float, float, bool]:
    """Return KL(q ‖ p), what is uncertain of it, and whether it is a closed form.

    Where nodes at even scores miss something, such as a kink or a narrow mode of p, they are set anew, from the middle
    of p outward.
    """
    quartiles, edges = _features(p), np.linspace(-FARTHEST, FARTHEST, USUAL_PANELS + 1)
    kl, unsure, closed, missed, count = (
        float(part) for part in evaluated(graphs.divergence, q, p, edges[np.newaxis], quartiles)
    )
    if not closed and (missed > FOLLOWED or count < FEWEST_NODES):
        (scores,) = evaluated(graphs.scores_of, q, _outward(quartiles))
        finer = np.sort([np.concatenate([edges, row.clip(-FARTHEST, FARTHEST)]) for row in scores])
        kl, unsure, closed, missed, _ = (float(part) for part in evaluated(graphs.divergence, q, p, finer, quartiles))
        unsure = math.inf if missed > LOST else unsure
    return kl, unsure, bool(closed)


@lru_cache(maxsize=64)
def _features(p: Member) -> Floats64:
    (quartiles,) = evaluated(graphs.features, p)
    return quartiles


def _outward(quartiles: Floats64) -> Vector:
    """Return values from the medians outward, in steps that double, of all components."""
    low, middle, high = quartiles[..., np.newaxis]
    steps = np.concatenate([[0.0], 2.0 ** np.arange(-1.0, DOUBLINGS)])
    return np.concatenate([middle - (middle - low) * steps, middle + (high - middle) * steps], axis=None)


def ks_distance(probabilities: Floats64, whole: bool = False) -> float:
    """Return the largest gap between the ECDF of a sorted sample and F; ``probabilities`` [n] are F at the sample.

    Where F has steps at ``whole`` numbers, as the ECDF has, they are compared after those: F is not known before.
    """
    steps = np.arange(len(probabilities) + 1) / len(probabilities)
    if whole:
        last = np.append(np.diff(probabilities) > 0.0, True)
        return float(np.abs(steps[1:] - probabilities)[last].max())
    return float(max((steps[1:] - probabilities).max(), (probabilities - steps[:-1]).max()))


def ks_p_value(distance: float, count: int) -> float:
    """Return P(D_n ≥ ``distance``) for ``count`` independent draws from a continuous distribution."""
    # Imported here, which takes a second and more; :func:`preparing` does so ahead.
    from scipy.stats import kstwo

    return float(kstwo.sf(distance, count))


def _place_and_grips(q: Member, anchor: Anchor, value: float, scores: bytes) -> tuple[Place, tuple[Grip, ...]]:
    edges = _outline(q, scores).levels[:4]
    at, slopes, grips = evaluated(graphs.place, q, float(graphs.ANCHORS.index(anchor)), value, edges)
    names = list(FAMILIES[q.name].domains)
    held = (Grip(name, *column) for name, column in zip(names, grips.T.tolist(), strict=True))
    z, eps, u, survival, pdf, by_noise = at.tolist()
    return Place(z, eps, u, survival, pdf, by_noise, dict(zip(names, slopes.tolist(), strict=True))), tuple(held)


def _typicality(squared_norm: float, latent_dim: int) -> Typicality | None:
    if latent_dim == 0:
        return None
    nearer, farther = distance_tails()(np.float64(squared_norm), np.float64(latent_dim))
    return Typicality(float(nearer.numpy()), float(farther.numpy()))


@lru_cache(maxsize=1)
def distance_tails() -> Function:
    """Return a function of squared distances from the centre and dimensions: the χ² probabilities below and above.

    Called operation by operation it would take as long as all else of an answer together.
    """

    def tails(squared: tf.Tensor, degrees: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return chi2_cdf(squared, degrees), chi2_sf(squared, degrees)

    return tracing.traced(tails, [tf.TensorSpec([], tf.float64)] * 2)
