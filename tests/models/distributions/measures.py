"""What the battery measures: for a case and a dtype, the worst error and the bound it has to keep."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import mpmath as mp
import numpy as np
import scipy.integrate
import scipy.special as sp
import scipy.stats
import tensorflow as tf

from models.distributions.scored import Sampled
from tests.models.distributions.cases import SCIPY, Case

TAILS = [1e-9, 1e-6, 1e-3]
MIDDLE = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98]
LEVELS = np.linspace(0.02, 0.98, 32)  # not ½, where the Laplace density has its kink
SCORES = np.array([-6.0, -4.7, -3.0, -2.0, -1.2, -0.5, 0.0, 0.3, 1.0, 2.0, 3.0, 4.7, 6.0])
LEGENDRE = np.polynomial.legendre.leggauss(12)


@cache
def points(case: Case) -> tuple[float, ...]:
    """Values from one tail at 1e-9 to the other, as float32 holds them."""
    z = at_scores(case, SCORES).astype(np.float32).astype(np.float64)
    low, high = case.support
    return tuple(z[(z > low) & (z < high)])


def at_scores(case: Case, scores: np.ndarray) -> np.ndarray:
    """Return the values whose normal scores are given."""
    q = case.build()
    if q.noise_distribution().name == "Normal":
        return q.from_noise(scores).numpy()
    return q.quantile(sp.ndtr(scores)).numpy()


@cache
def exact(case: Case, what: str) -> tuple[mp.mpf, ...]:
    return tuple(case.exact(what, z) for z in points(case))


def _relative(found: np.ndarray, truth: tuple[mp.mpf, ...]) -> float:
    return max(float(abs(mp.mpf(float(a)) - b) / abs(b)) for a, b in zip(found, truth, strict=True))


def inverse(case: Case, dtype: type) -> tuple[float, float]:
    """Worst |cdf(quantile(p)) − p|, p from .02 to .98."""
    q = case.build(dtype)
    level = LEVELS.astype(dtype)
    return float(np.abs(q.cdf(q.quantile(level)).numpy().astype(float) - level).max()), 1e-6


def round_trip(case: Case, dtype: type) -> tuple[float, float]:
    """Worst |from_noise(to_noise(z)) − z| relative to |z| or, near 0, to the spread of the quartiles."""
    q = case.build(dtype)
    z = q.quantile(LEVELS.astype(dtype)).numpy()
    spread = float(np.ptp(q.quantile(np.array([0.25, 0.75], dtype)).numpy()))
    back = q.from_noise(q.to_noise(z)).numpy()
    return float((np.abs(back - z) / np.maximum(np.abs(z), spread)).max()), 1e-5


def slope_of_cdf(case: Case, _: type) -> tuple[float, float]:
    """Central difference of cdf against prob in float64, relative to the largest density."""
    q, h = case.build(), 1e-5
    z = q.quantile(LEVELS).numpy()
    # Beside an edge where the density is a power, h is no small step: the third derivative is the difference's error.
    low, high = case.support
    z = z[(z - low > 0.2) & (high - z > 0.2)] if case.singular else z
    slope = (q.cdf(z + h) - q.cdf(z - h)).numpy() / (2 * h)
    density = q.prob(z).numpy()
    return float(np.abs(slope - density).max() / density.max()), 2e-8


def total(case: Case, dtype: type) -> tuple[float, float]:
    """|∫prob − 1| over panels that are equal in normal scores."""
    q = case.build(dtype)
    edges = at_scores(case, np.linspace(-5, 5, 81))
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + LEGENDRE[0])
    return abs(float((half * LEGENDRE[1] * q.prob(z.astype(dtype)).numpy()).sum()) - 1), 1e-4


def kolmogorov(case: Case, dtype: type) -> tuple[float, float]:
    """Log10 of the p-value of 20 000 samples, as a positive number."""
    q = case.build(dtype)
    z = q.sample(20_000, seed=11).numpy().astype(np.float64)
    p = scipy.stats.kstest(z, lambda value: case.build().cdf(value).numpy()).pvalue
    return float(-np.log10(p)), 4.0


def moments(case: Case, dtype: type) -> tuple[float, float]:
    """Mean and variance of 20 000 samples, in standard errors."""
    q, n = case.build(dtype), 20_000
    if case.family == "Cauchy" or (case.family == "StudentT" and case.values[0] <= 4):
        return 0.0, 4.0
    z = q.sample(n, seed=12).numpy().astype(np.float64)
    away = (z - float(q.mean())) ** 2
    on_mean = abs(z.mean() - float(q.mean())) / (z.std() / np.sqrt(n))
    on_variance = abs(away.mean() - float(q.variance())) / (away.std() / np.sqrt(n))
    return float(max(on_mean, on_variance)), 4.0


def density(case: Case, dtype: type) -> tuple[float, float]:
    """Prob against mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).prob(z).numpy(), exact(case, "pdf")), _digits(dtype)


def lower_tail(case: Case, dtype: type) -> tuple[float, float]:
    """Cdf against mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).cdf(z).numpy(), exact(case, "cdf")), _digits(dtype)


def upper_tail(case: Case, dtype: type) -> tuple[float, float]:
    """Survival function against mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    return _relative(case.build(dtype).survival_function(z).numpy(), exact(case, "sf")), _digits(dtype)


def log_lower_tail(case: Case, dtype: type) -> tuple[float, float]:
    """log_cdf against mpmath, relative, from tail to tail."""
    z = np.array(points(case), dtype)
    truth = tuple(mp.log1p(-upper) if upper < 0.5 else mp.log(lower)
                  for lower, upper in zip(exact(case, "cdf"), exact(case, "sf"), strict=True))  # fmt: skip
    return _relative(case.build(dtype).log_cdf(z).numpy(), truth), _digits(dtype)


def quantile_by_scipy(case: Case, _: type) -> tuple[float, float]:
    """Quantile against SciPy in float64, relative to |z| or the quartiles' spread; 0 where SciPy has no such family."""
    # SciPy's von Mises is wrong by 1e-4 in the tails at 1e-9 (mpmath agrees with ours to 1e-14 there).
    if case.family not in SCIPY or case.family == "VonMises":
        return 0.0, 1e-6
    level = np.array([*TAILS, *MIDDLE, *(1 - np.array(TAILS))])
    truth = SCIPY[case.family](*case.values).ppf(level)
    z = case.build().quantile(level).numpy()
    spread = np.ptp(case.build().quantile(np.array([0.25, 0.75])).numpy())
    return float((np.abs(z - truth) / np.maximum(np.abs(truth), 1e-3 * spread)).max()), 1e-6


def path(case: Case, _: type) -> tuple[float, float]:
    """Median |∂z/∂θ + ∂F/∂θ / q| in float64, ∂F by differences of the distribution function."""
    q = case.build()
    z = q.quantile(LEVELS).numpy()
    worst = 0.0
    for index, slope in enumerate(slopes(case, q.to_noise(z))):
        h = 1e-4 * max(1e-1, abs(case.values[index]))
        shifted = [case.build(parameters=_moved(case, index, step * h)).cdf(z).numpy() for step in (-2, -1, 1, 2)]
        implicit = -(shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / (12 * h) / q.prob(z).numpy()
        worst = max(worst, float(np.median(np.abs(implicit - slope))))
    return worst, 1e-8


def equivariance(case: Case, dtype: type) -> tuple[float, float]:
    """Σ ∂z/∂(location-like) = 1 and Σ ±θ ∂z/∂θ = z, relative."""
    q = case.build(dtype)
    z = q.quantile(LEVELS.astype(dtype)).numpy()
    by_name = dict(zip(case.names, slopes(case, q.to_noise(z), dtype), strict=True))
    worst = 0.0
    if case.location:
        worst = float(np.abs(sum(by_name[name] for name in case.location) - 1).max())
    if case.scaling:
        values = dict(zip(case.names, case.values, strict=True))
        moved = sum(sign * values[name] * by_name[name] for name, sign in case.scaling)
        worst = max(worst, float((np.abs(moved - z) / np.maximum(np.abs(z), 1.0)).max()))
    return worst, 1e-5


def sampled_path(case: Case, _: type) -> tuple[float, float]:
    """E[∂z²/∂θ] over 4e5 samples against the same expectation along the path of one noise, in standard errors."""
    score = np.linspace(-8, 8, 401)
    weight = scipy.stats.norm.pdf(score) * (score[1] - score[0])
    q, n, worst = case.build(), 400_000, 0.0
    if not isinstance(q, Sampled) or (case.family == "StudentT" and case.values[0] <= 4):
        return 0.0, 4.5
    z = q.from_noise(score).numpy()
    for index, slope in enumerate(slopes(case, score)):
        truth = float((weight * 2 * z * slope).sum())
        terms = _sampled_terms(case, index, n)
        worst = max(worst, abs(terms.mean() - truth) / max(terms.std() / np.sqrt(n), 1e-9))
    return worst, 4.5


def _sampled_terms(case: Case, index: int, n: int) -> np.ndarray:
    """Return ∂z²/∂θ sample by sample: θ is broadcast to the samples."""
    wide = [tf.constant(value, tf.float64) for value in case.values]
    wide[index] = tf.fill([n], wide[index])
    with tf.GradientTape() as tape:
        tape.watch(wide[index])
        total_of = tf.reduce_sum(tf.square(case.build(parameters=wide).sample(1, seed=5)))
    return tape.gradient(total_of, wide[index]).numpy()


def slopes(case: Case, eps: object, dtype: type = np.float64) -> list[np.ndarray]:
    """Return ∂from_noise(eps)/∂θ for each parameter, value by value."""
    noise = tf.convert_to_tensor(eps, dtype)
    wide = [tf.fill(noise.shape, tf.constant(value, dtype)) for value in case.values]
    with tf.GradientTape() as tape:
        tape.watch(wide)
        z = case.build(parameters=wide).from_noise(noise)
    found = tape.gradient(z, wide, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [part.numpy().astype(np.float64) for part in found]


def mean_variance_entropy(case: Case, dtype: type) -> tuple[float, float]:
    """Mean, variance and entropy against integrals of the 25-digit density or SciPy's closed forms."""
    q = case.build(dtype)
    found = np.array([float(q.mean()), float(q.variance()), float(q.entropy())])
    truth = np.array(_moments(case))
    finite = np.isfinite(truth)
    if not np.array_equal(finite, np.isfinite(found)):
        return np.inf, 1e-8
    scale = np.maximum(np.abs(truth[finite]), 1e-2)
    return float((np.abs(found[finite] - truth[finite]) / scale).max()), 1e-8 if dtype is np.float64 else 3e-5


@cache
def _moments(case: Case) -> tuple[float, float, float]:
    if case.family in SCIPY and case.family not in {"VonMises", "Cauchy", "TruncatedNormal"}:
        frozen = SCIPY[case.family](*case.values)
        return float(frozen.mean()), float(frozen.var()), float(frozen.entropy())
    if case.family == "Cauchy":
        return np.nan, np.nan, float(np.log(4 * np.pi * case.values[1]))
    low, high = case.support
    pdf = lambda z: float(case.exact("pdf", z))  # noqa: E731
    cuts = [low, *case.build().quantile(np.array([1e-4, 0.05, 0.5, 0.95, 1 - 1e-4])).numpy(), high]

    def over(g: object) -> float:
        return sum(scipy.integrate.quad(g, a, b, epsabs=1e-13)[0] for a, b in pairwise(cuts))

    mean = over(lambda z: z * pdf(z))
    return mean, over(lambda z: (z - mean) ** 2 * pdf(z)), over(lambda z: -sp.xlogy(pdf(z), pdf(z)))


def _moved(case: Case, index: int, step: float) -> list[tf.Tensor]:
    return [tf.constant(v + step * (i == index), tf.float64) for i, v in enumerate(case.values)]


def _digits(dtype: type) -> float:
    return 1e-5 if dtype is np.float32 else 1e-10


BOTH = (np.float32, np.float64)
MEASURES = {
    "cdf(quantile(p)) − p": (inverse, BOTH),
    "from_noise(to_noise(z))": (round_trip, BOTH),
    "difference of cdf − prob": (slope_of_cdf, (np.float64,)),
    "∫prob − 1": (total, (np.float64,)),
    "KS, −log₁₀ p": (kolmogorov, BOTH),
    "moments of samples, SE": (moments, BOTH),
    "prob, mpmath": (density, BOTH),
    "cdf, mpmath": (lower_tail, BOTH),
    "survival_function, mpmath": (upper_tail, BOTH),
    "log_cdf, mpmath": (log_lower_tail, BOTH),
    "quantile, SciPy": (quantile_by_scipy, (np.float64,)),
    "mean, variance, entropy": (mean_variance_entropy, BOTH),
    "∂z/∂θ + ∂F/∂θ / q": (path, (np.float64,)),
    "equivariance": (equivariance, BOTH),
    "path of samples, SE": (sampled_path, (np.float64,)),
}
