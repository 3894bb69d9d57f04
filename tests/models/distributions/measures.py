"""The measures of the battery: the worst error for a case and a dtype, None where a check does not apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import mpmath as mp
import numpy as np
import scipy.integrate
import scipy.special as sp
import scipy.stats
import tensorflow as tf

from models.distributions.scored import Sampled
from tests.models.distributions.cases import LINES, SCIPY, Case
from tests.models.distributions.exact import kept

TAILS = [1e-9, 1e-6, 1e-3]
MIDDLE = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]
FROM_TAIL_TO_TAIL = np.array([*TAILS, *MIDDLE, *(1 - np.array(TAILS))])
LEVELS = np.linspace(0.02, 0.98, 32)  # not ½, where the Laplace density has its kink
SCORES = np.array([-6.0, -4.7, -3.0, -2.0, -1.2, -0.5, 0.0, 0.3, 1.0, 2.0, 3.0, 4.7, 6.0])
LEGENDRE = np.polynomial.legendre.leggauss(12)


def points(case: Case) -> tuple[float, ...]:
    """Values from one tail at 1e-9 to the other, as float32 holds them."""
    return kept(case).points


def points_of(case: Case) -> tuple[float, ...]:
    """Work out what :func:`points` has kept."""
    z = at_scores(case, SCORES).astype(np.float32).astype(np.float64)
    low, high = case.support
    return tuple(z[(z > low) & (z < high)].tolist())


def at_scores(case: Case, scores: np.ndarray) -> np.ndarray:
    """Return the values with the given normal scores."""
    q = case.build()
    if q.noise_distribution().name == "Normal":
        return q.from_noise(scores).numpy()
    return q.quantile(sp.ndtr(scores)).numpy()


@cache
def exact(case: Case, what: str) -> tuple[mp.mpf, ...]:
    """Return what mpmath says at the points; ``exact.json`` holds it, which a test marked slow works out again."""
    return tuple(map(mp.mpf, kept(case).values[what]))


def _relative(found: np.ndarray, truth: tuple[mp.mpf, ...]) -> float:
    return max(float(abs(mp.mpf(float(a)) - b) / abs(b)) for a, b in zip(found, truth, strict=True))


def inverse(case: Case, dtype: type) -> float:
    """Return the worst |cdf(quantile(p)) − p|, p from .02 to .98."""
    q = case.build(dtype)
    level = LEVELS.astype(dtype)
    return float(np.abs(q.cdf(q.quantile(level)).numpy().astype(float) - level).max())


def round_trip(case: Case, dtype: type) -> float:
    """Return the worst |from_noise(to_noise(z)) − z| relative to |z| or, near 0, to the spread of the quartiles."""
    q = case.build(dtype)
    z = q.quantile(LEVELS.astype(dtype)).numpy()
    spread = float(np.ptp(q.quantile(np.array([0.25, 0.75], dtype)).numpy()))
    back = q.from_noise(q.to_noise(z)).numpy()
    return float((np.abs(back - z) / np.maximum(np.abs(z), spread)).max())


def slope_of_cdf(case: Case, _: type) -> float:
    """Compare the central difference of cdf with prob in float64, relative to the largest density."""
    q, h = case.build(), 1e-5
    z = q.quantile(LEVELS).numpy()
    # Near an edge where the density is a power, h is not a small step: the error is in the third derivative.
    low, high = case.support
    z = z[(z - low > 0.2) & (high - z > 0.2)] if case.singular else z
    slope = (q.cdf(z + h) - q.cdf(z - h)).numpy() / (2 * h)
    density = q.prob(z).numpy()
    return float(np.abs(slope - density).max() / density.max())


def total(case: Case, dtype: type) -> float:
    """Return |∫prob − 1| over panels of equal normal scores; the mass beyond the last, 6e-7, is known."""
    q = case.build(dtype)
    edges = at_scores(case, np.linspace(-5, 5, 81))
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + LEGENDRE[0])
    return abs(float((half * LEGENDRE[1] * q.prob(z.astype(dtype)).numpy()).sum()) - (1 - 2 * sp.ndtr(-5)))


def kolmogorov(case: Case, dtype: type) -> float:
    """Return −log₁₀ of the Kolmogorov–Smirnov p-value of 20 000 samples."""
    q = case.build(dtype)
    z = q.sample(20_000, seed=11).numpy().astype(np.float64)
    p = scipy.stats.kstest(z, lambda value: case.build().cdf(value).numpy()).pvalue
    return float(-np.log10(p))


def moments(case: Case, dtype: type) -> float | None:
    """Return the error of mean and variance of 20 000 samples, in standard errors."""
    q, n = case.build(dtype), 20_000
    if case.endless:
        return None
    z = q.sample(n, seed=12).numpy().astype(np.float64)
    away = (z - float(q.mean())) ** 2
    on_mean = abs(z.mean() - float(q.mean())) / (z.std() / np.sqrt(n))
    on_variance = abs(away.mean() - float(q.variance())) / (away.std() / np.sqrt(n))
    return float(max(on_mean, on_variance))


def density(case: Case, dtype: type) -> float:
    """Compare prob with mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).prob(z).numpy(), exact(case, "pdf"))


def lower_tail(case: Case, dtype: type) -> float:
    """Compare cdf with mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).cdf(z).numpy(), exact(case, "cdf"))


def upper_tail(case: Case, dtype: type) -> float:
    """Compare the survival function with mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).survival_function(z).numpy(), exact(case, "sf"))


def log_lower_tail(case: Case, dtype: type) -> float:
    """Compare log_cdf with mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    truth = tuple(mp.log1p(-upper) if upper < 0.5 else mp.log(lower)
                  for lower, upper in zip(exact(case, "cdf"), exact(case, "sf"), strict=True))  # fmt: skip
    return _relative(case.build(dtype).log_cdf(z).numpy(), truth)


def quantile_by_scipy(case: Case, _: type) -> float | None:
    """Compare quantile with SciPy in float64, relative to |z| or the quartiles' spread, from tail to tail."""
    # SciPy's von Mises is wrong by 1e-4 in the tails at 1e-9 (mpmath agrees with ours to 1e-14 there).
    if case.family not in SCIPY or case.family == "VonMises":
        return None
    truth = SCIPY[case.family](*case.values).ppf(FROM_TAIL_TO_TAIL)
    z = case.build().quantile(FROM_TAIL_TO_TAIL).numpy()
    spread = np.ptp(case.build().quantile(np.array([0.25, 0.75])).numpy())
    return float((np.abs(z - truth) / np.maximum(np.abs(truth), 1e-3 * spread)).max())


def quantile_by_mpmath(case: Case, _: type) -> float:
    """Compare mpmath's tail at the quantile with the requested one, relative, for the smaller of both tails.

    Floats near an upper edge are far apart: the change over one step between them is not an error.
    """
    levels, worst = FROM_TAIL_TO_TAIL, 0.0
    for level, z in zip(levels, case.build().quantile(levels).numpy(), strict=True):
        asked = mp.mpf(float(level)) if level < 0.5 else 1 - mp.mpf(float(level))
        away = abs(case.exact("cdf" if level < 0.5 else "sf", z) - asked)
        worst = max(worst, float((away - case.exact("pdf", z) * float(np.spacing(abs(z)))) / asked))
    return worst


def path(case: Case, _: type) -> float:
    """Return the median |∂z/∂θ + ∂F/∂θ / q| in float64, ∂F by differences of the distribution function."""
    q = case.build()
    z = q.quantile(LEVELS).numpy()
    worst = 0.0
    for index, slope in enumerate(slopes(case, q.to_noise(z))):
        h = 1e-4 * max(1e-1, abs(case.values[index]))
        shifted = [case.build(parameters=_moved(case, index, step * h)).cdf(z).numpy() for step in (-2, -1, 1, 2)]
        implicit = -(shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / (12 * h) / q.prob(z).numpy()
        worst = max(worst, float(np.median(np.abs(implicit - slope))))
    return worst


def equivariance(case: Case, dtype: type) -> float | None:
    """Check Σ ∂x/∂(location-like) = 1 and Σ ±θ ∂x/∂θ = x, relative; x is z, or the value on the line behind it."""
    if not case.location and not case.scaling:
        return None
    q = case.build(dtype)
    z = q.quantile(LEVELS.astype(dtype)).numpy()
    by_name = dict(zip(case.names, slopes(case, q.to_noise(z), dtype), strict=True))
    z, worst = z.astype(np.float64), 0.0
    if case.family in LINES:
        to_line, stretch = LINES[case.family]
        by_name, z = {name: part * stretch(z) for name, part in by_name.items()}, to_line(z)
    if case.location:
        worst = float(np.abs(sum(by_name[name] for name in case.location) - 1).max())
    if case.scaling:
        values = dict(zip(case.names, case.values, strict=True))
        moved = sum(sign * values[name] * by_name[name] for name, sign in case.scaling)
        worst = max(worst, float((np.abs(moved - z) / np.maximum(np.abs(z), 1.0)).max()))
    return worst


def sampled_path(case: Case, _: type) -> float | None:
    """Compare E[∂z²/∂θ] over 4e5 samples with its value along the path of one noise, in standard errors."""
    q, n, worst = case.build(), 400_000, 0.0
    if not isinstance(q, Sampled) or case.endless:
        return None
    score = np.linspace(-8, 8, 401)
    weight = scipy.stats.norm.pdf(score) * (score[1] - score[0])
    z = q.from_noise(score).numpy()
    for slope, terms in zip(slopes(case, score), _sampled_terms(case, n), strict=True):
        truth = float((weight * 2 * z * slope).sum())
        worst = max(worst, abs(terms.mean() - truth) / max(terms.std() / np.sqrt(n), 1e-9))
    return worst


def _sampled_terms(case: Case, n: int) -> list[np.ndarray]:
    """Return ∂z²/∂θ sample by sample, for each parameter: all are broadcast to the samples."""
    wide = [tf.fill([n], tf.constant(value, tf.float64)) for value in case.values]
    with tf.GradientTape() as tape:
        tape.watch(wide)
        total_of = tf.reduce_sum(tf.square(case.build(parameters=wide).sample(1, seed=5)))
    return [part.numpy() for part in tape.gradient(total_of, wide)]


def slopes(case: Case, eps: object, dtype: type = np.float64) -> list[np.ndarray]:
    """Return ∂from_noise(eps)/∂θ for each parameter, value by value."""
    noise = tf.convert_to_tensor(eps, dtype)
    wide = [tf.fill(noise.shape, tf.constant(value, dtype)) for value in case.values]
    with tf.GradientTape() as tape:
        tape.watch(wide)
        z = case.build(parameters=wide).from_noise(noise)
    found = tape.gradient(z, wide, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [part.numpy().astype(np.float64) for part in found]


def mean_variance_entropy(case: Case, dtype: type) -> float:
    """Compare mean, variance and entropy with integrals of the 25-digit density or SciPy's closed forms."""
    q = case.build(dtype)
    found = np.array([float(q.mean()), float(q.variance()), float(q.entropy())])
    truth = np.array(_moments(case))
    finite = np.isfinite(truth)
    if not np.array_equal(finite, np.isfinite(found)):
        return np.inf
    scale = np.maximum(np.abs(truth[finite]), 1e-2)
    return float((np.abs(found[finite] - truth[finite]) / scale).max())


@cache
def _moments(case: Case) -> tuple[float, ...]:
    if case.family in SCIPY and case.family not in {"VonMises", "Cauchy", "TruncatedNormal"}:
        frozen = SCIPY[case.family](*case.values)
        return float(frozen.mean()), float(frozen.var()), float(frozen.entropy())
    if case.family == "Cauchy":
        return np.nan, np.nan, float(np.log(4 * np.pi * case.values[1]))
    return kept(case).moments


def moments_of(case: Case) -> tuple[float, ...]:
    """Integrate the 25-digit density; none where SciPy has closed forms."""
    if case.family in SCIPY and case.family not in {"VonMises", "TruncatedNormal"}:
        return ()
    low, high = case.support
    pdf = lambda z: float(case.exact("pdf", z))  # noqa: E731
    cuts = [low, *case.build().quantile(np.array([1e-4, 0.05, 0.5, 0.95, 1 - 1e-4])).numpy(), high]

    def over(g: object) -> float:
        return sum(scipy.integrate.quad(g, a, b, epsabs=1e-13)[0] for a, b in pairwise(cuts))

    mean = over(lambda z: z * pdf(z))
    return mean, over(lambda z: (z - mean) ** 2 * pdf(z)), over(lambda z: -sp.xlogy(pdf(z), pdf(z)))


def _moved(case: Case, index: int, step: float) -> list[tf.Tensor]:
    return [tf.constant(v + step * (i == index), tf.float64) for i, v in enumerate(case.values)]


Figures = dict[tuple[str, type], float | None]


@dataclass(frozen=True)
class Measure:
    """One check: how the error is measured, its bound for each dtype, and the effect of one rounding.

    ``rounding`` is by how much an error of one unit in the last place grows on its way; None for a statistic of
    samples, which roundings do not move.
    """

    error: Callable[[Case, type], float | None]
    bounds: dict[type, float]
    rounding: float | None = 1.0


def _both(bound: float) -> dict[type, float]:
    return {np.float32: bound, np.float64: bound}


DIGITS = {np.float32: 1e-5, np.float64: 1e-10}
# In the tails at 1e-9, a rounding of z is amplified by |z f/F|, up to about 40 times.
MEASURES = {
    "prob, mpmath": Measure(density, DIGITS, 40.0),
    "cdf, mpmath": Measure(lower_tail, DIGITS, 40.0),
    "survival_function, mpmath": Measure(upper_tail, DIGITS, 40.0),
    "log_cdf, mpmath": Measure(log_lower_tail, DIGITS, 40.0),
    "quantile, mpmath": Measure(quantile_by_mpmath, {np.float64: 1e-6}, 40.0),
    "quantile, SciPy": Measure(quantile_by_scipy, {np.float64: 1e-6}),
    "mean, variance, entropy": Measure(mean_variance_entropy, {np.float32: 3e-5, np.float64: 1e-8}),
    "cdf(quantile(p)) − p": Measure(inverse, _both(1e-6)),
    "from_noise(to_noise(z))": Measure(round_trip, _both(1e-5)),
    "difference of cdf − prob": Measure(slope_of_cdf, {np.float64: 2e-8}, 1e5),
    "∫prob − 1": Measure(total, {np.float64: 1e-4}),
    "∂z/∂θ + ∂F/∂θ / q": Measure(path, {np.float64: 1e-8}, 1e5),
    "equivariance": Measure(equivariance, _both(1e-5)),
    "KS, −log₁₀ p": Measure(kolmogorov, _both(4.0), None),
    "moments, SE": Measure(moments, _both(4.0), None),
    "path of samples, SE": Measure(sampled_path, {np.float64: 4.5}, None),
}


@cache
def measured(case: Case) -> Figures:
    """Return the error of every check in every dtype; each case is measured only once."""
    return {(name, dtype): measure.error(case, dtype) for name, measure in MEASURES.items() for dtype in measure.bounds}
