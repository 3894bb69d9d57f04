"""Parameters and values far out: the digits that TensorFlow's own functions lose there.

Each family is asked once, on an array of parameters. Truths are SciPy's where it keeps them, mpmath's elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
import scipy.stats as st
import tensorflow as tf

import models.distributions as md
from models.distributions import FAMILIES, Distribution, kl_divergence
from tests.models.distributions.cases import CASES, Case
from tests.models.numerics.exact import gamma_lower
from tests.support.kinds import marks_of

LARGE = np.array([1e3, 1e4, 1e5, 1e6])  # beyond, SciPy's tails at 1e-9 are wrong
HUGE = np.array([1e3, 1e4, 1e5, 1e8])
BOTH = [np.float32, np.float64]
# The same formulas in float64, and families of a kind that another stands for, are left to --slow.
NARROW_FIRST = [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)]
ONE_EACH = [pytest.param(case, marks=marks_of(case.family), id=str(case))
            for case in {case.family: case for case in CASES}.values()]  # fmt: skip
DIGITS = {np.float32: 1e-4, np.float64: 1e-6}


def build(kind: Callable[..., Distribution], dtype: type, *values: object) -> Distribution:
    return kind(*(np.asarray(value, dtype) for value in values))


def slopes(function: Callable[[tf.Tensor], tf.Tensor], at: np.ndarray) -> np.ndarray:
    """Return the derivative of each entry in its own parameter."""
    given = tf.constant(at)
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(function(given))
    return np.asarray(tape.gradient(total, given))


def relative(found: object, truth: object) -> float:
    ours, theirs = np.asarray(found, float), np.asarray(truth, float)
    return float(np.max(np.abs(ours - theirs) / np.abs(theirs)))


@pytest.mark.parametrize("dtype", NARROW_FIRST)
def test_large_shapes_keep_tails_and_quantiles(dtype: type) -> None:
    score = np.array([-6.0, -1.0, 0.0, 2.0, 6.0])[:, np.newaxis]
    z = (LARGE + score * np.sqrt(LARGE)).astype(dtype)
    law, q = st.gamma(LARGE.astype(dtype).astype(float)), build(md.Gamma, dtype, LARGE, 1.0)
    assert relative(q.cdf(z), law.cdf(z.astype(float))) < 1e-6
    assert relative(q.survival_function(z), law.sf(z.astype(float))) < 1e-6
    chi2 = build(md.Chi2, dtype, 2.0 * LARGE)
    assert relative(chi2.cdf(2.0 * z), q.cdf(z)) < 1e-6
    turned = build(md.InverseGamma, np.float64, LARGE, 1.0).survival_function(1.0 / z.astype(float))
    assert relative(turned, law.cdf(z.astype(float))) < 1e-6
    levels = np.array([1e-9, 0.05, 0.5, 0.999])[:, np.newaxis]
    assert relative(build(md.Gamma, np.float64, LARGE, 1.0).quantile(levels), st.gamma.ppf(levels, LARGE)) < 1e-9
    beta, law = build(md.Beta, np.float64, LARGE, 3.0 * LARGE), st.beta(LARGE, 3.0 * LARGE)
    assert relative(beta.quantile(levels), law.ppf(levels)) < 1e-9
    z = (0.25 + score * np.sqrt(3.0 / 64.0 / LARGE)).astype(dtype)
    double = z.astype(float)
    assert relative(build(md.Beta, dtype, LARGE, 3.0 * LARGE).cdf(z), law.cdf(double)) < 1e-6
    assert relative(build(md.Beta, dtype, LARGE, 3.0 * LARGE).survival_function(z), law.sf(double)) < 1e-6


@pytest.mark.parametrize("dtype", NARROW_FIRST)
@pytest.mark.parametrize("kind", [md.Gamma, md.InverseGamma, md.Beta])
def test_large_shapes_move_samples_and_quantiles(dtype: type, kind: Callable[..., Distribution]) -> None:
    shapes = HUGE.astype(dtype)
    scale = shapes - 1.0 if kind is md.InverseGamma else np.ones_like(shapes)
    mean = {md.Gamma: np.ones(4), md.InverseGamma: -1.0 / HUGE, md.Beta: 0.25 / HUGE}[kind]

    def q(a: tf.Tensor) -> Distribution:
        return kind(a, tf.stop_gradient(a) if kind is md.Beta else scale)

    drawn = slopes(lambda a: tf.reduce_mean(q(a).sample(2000, 3), 0), shapes)
    assert np.allclose(drawn / mean, 1.0, atol=0.02)
    assert np.allclose(slopes(lambda a: q(a).quantile(dtype(0.5)), shapes) / mean, 1.0, atol=2e-3)


@pytest.mark.parametrize("dtype", BOTH)
def test_densities_entropies_and_divergences_keep_their_digits_at_large_shapes(dtype: type) -> None:
    near = (LARGE * (1.0 + 1.5 / np.sqrt(LARGE))).astype(dtype)
    a = LARGE.astype(dtype)
    exact = a.astype(float)
    gamma = build(md.Gamma, dtype, a, 1.0)
    assert np.allclose(gamma.log_prob(near), st.gamma.logpdf(near.astype(float), exact), atol=2e-6)
    turned = (1.0 / near).astype(dtype)
    assert np.allclose(build(md.InverseGamma, dtype, a, 1.0).log_prob(turned),
                       st.invgamma.logpdf(turned.astype(float), exact), atol=2e-6)  # fmt: skip
    # Of such steps, 1 − z is a number of float32 too.
    z = (np.round((0.25 + 0.3 / np.sqrt(LARGE)) * 2.0**24) / 2.0**24).astype(dtype)
    truth, least = st.beta.logpdf(z.astype(float), exact, 3.0 * exact), 1e-4 if dtype is np.float32 else 1e-10
    assert np.allclose(build(md.Beta, dtype, a, 3.0 * a).log_prob(z), truth, atol=least)
    simplex = build(md.Dirichlet, dtype, np.stack([a, 3.0 * a], axis=-1))
    assert np.allclose(simplex.log_prob(np.stack([z, dtype(1.0) - z], axis=-1)), truth, atol=least)
    assert relative(gamma.entropy(), 0.5 * np.log(2 * np.pi * np.e * exact) - 1.0 / (3.0 * exact)) < 1e-6
    other = build(md.Gamma, dtype, a * dtype(1.001), 1.0)
    with mp.workdps(40):
        pairs = zip(map(mp.mpf, exact), map(mp.mpf, (a * dtype(1.001)).astype(float)), strict=True)
        truth = [float((x - y) * mp.psi(0, x) - mp.loggamma(x) + mp.loggamma(y)) for x, y in pairs]
    assert relative(kl_divergence(gamma, other), truth) < 1e-5


MOMENTS = [
    (50.0, 50.0),
    (10.0, 1000.0),
    (1000.0, 1000.0),
    (2.5, 1e6),
    (1e-6, 0.1),
    (1e6, 1e-3),
    (1e6, 1e-6),
    (1e6, 1e6),
]


@pytest.mark.parametrize("dtype", BOTH)
def test_moments_are_no_differences(dtype: type) -> None:
    def power(n: int, a: float, b: float) -> mp.mpf:
        return mp.exp(mp.loggamma(1 + n / a) + mp.loggamma(1 + b) - mp.loggamma(1 + n / a + b))

    a, b = np.array(MOMENTS).T.astype(dtype)
    q = build(md.Kumaraswamy, dtype, a, b)
    with mp.workdps(40):
        pairs = [(mp.mpf(float(x)), mp.mpf(float(y))) for x, y in zip(a, b, strict=True)]
        means = [float(power(1, *pair)) for pair in pairs]
        variances = [float(power(2, *pair) - power(1, *pair) ** 2) for pair in pairs]
        k = [mp.mpf(float(dtype(x))) for x in (0.1, 2.0, 500.0, 1e6)]
        spread = [float(mp.gamma(1 + 2 / x) - mp.gamma(1 + 1 / x) ** 2) for x in k]
    assert relative(q.mean(), means) < 1e-6
    assert relative(q.variance(), variances) < 1e-6
    assert relative(build(md.Weibull, dtype, [0.1, 2.0, 500.0, 1e6], 1.0).variance(), spread) < 1e-6
    flat = build(md.Kumaraswamy, dtype, 1e-3, 1e3)
    assert float(flat.variance()) == 0.0
    assert float(kl_divergence(flat, build(md.Normal, dtype, 0.0, 1.0))) == pytest.approx(7477.9, abs=0.05)


@pytest.mark.parametrize("dtype", NARROW_FIRST)
def test_a_lower_tail_keeps_its_digits(dtype: type) -> None:
    u = np.array([1e-9, 1e-8, 1e-4] if dtype is np.float32 else [1e-20, 1e-15, 1e-9], dtype)
    half = build(md.HalfNormal, dtype, 1.0)
    assert relative(half.quantile(u), np.sqrt(np.pi / 2.0) * u.astype(float)) < 1e-6


@pytest.mark.parametrize("dtype", NARROW_FIRST)
def test_student_t_nears_the_normal_distribution_in_both_tails(dtype: type) -> None:
    df = np.array([0.3, 7.0, 1e3, 1e5, 1e8])[:, np.newaxis].astype(dtype)
    q, law = build(md.StudentT, dtype, df, 0.0, 1.0), st.t(df.astype(float))
    y = np.array([1e-3, 0.9, 7.0], dtype)
    assert relative(q.survival_function(y), law.sf(y.astype(float))) < 2e-6
    u = np.array([1e-9, 1e-4, 0.3] if dtype is np.float32 else [1e-20, 1e-9, 0.3], dtype)
    assert relative(q.quantile(u), law.ppf(u.astype(float))) < 1e-6
    most = build(md.StudentT, dtype, 1e18, 0.0, 1.0)
    assert relative(most.survival_function(y), st.norm.sf(y.astype(float))) < 1e-6
    assert float(most.entropy()) == pytest.approx(0.5 * np.log(2.0 * np.pi * np.e), rel=1e-6)


def test_a_beta_variable_keeps_both_tails_at_small_shapes() -> None:
    a, b = np.array([0.1, 1e-3, 1e-3, 1e-4, 0.02]), np.array([1e3, 1e6, 300.0, 30.0, 0.05])
    z = np.array([0.5, 1e-7, 1e-30, 0.2, 0.7])
    q = build(md.Beta, np.float64, a, b)
    assert relative(q.cdf(z), st.beta.cdf(z, a, b)) < 1e-9
    assert relative(q.survival_function(z), st.beta.sf(z, a, b)) < 1e-9
    upper = 1.0 - np.array([1e-15, 1e-9])
    law = st.beta(1e-3, 1e6)
    assert relative(build(md.Beta, np.float64, 1e-3, 1e6).quantile(upper), law.ppf(upper)) < 1e-9


def test_logarithms_of_tails_do_not_underflow() -> None:
    cases = [
        (md.Weibull, (5.0, 1.0), 1e-8, 5.0 * np.log(1e-8)), (md.Exponential, (1.0,), 1e-37, np.log(1e-37)),
        (md.Gamma, (10.0, 1.0), 1e-5, 10.0 * np.log(1e-5) - float(mp.loggamma(11))),
        (md.Gamma, (1e4, 1.0), 5e3, float(mp.log(gamma_lower(mp.mpf(10_000), mp.mpf(5000))))),
        (md.Beta, (30.0, 2.0), 1e-3, 30.0 * np.log(1e-3) + np.log(31.0) + np.log1p(-30.0 / 31.0 * 1e-3)),
        (md.StudentT, (3.0, 0.0, 1.0), -1e20, np.log(2.0 * np.sqrt(3.0) / np.pi) - 60.0 * np.log(10.0)),
        (md.Kumaraswamy, (20.0, 3.0), 1e-4, np.log(3.0) + 20.0 * np.log(1e-4)),
        (md.InverseGamma, (3.5, 1.5), 1e-3, -1500.0 + 2.5 * np.log(1500.0) - float(mp.loggamma(3.5)) + 0.0016658),
    ]  # fmt: skip
    for kind, values, z, truth in cases:
        for dtype in BOTH:
            found = float(build(kind, dtype, *values).log_cdf(dtype(z)))
            assert found == pytest.approx(truth, rel=3e-6), (kind.__name__, dtype.__name__)


def test_steep_curves_keep_the_moments() -> None:
    q = md.TanhNormal(np.float64(0.3), np.array([30.0, 100.0]))
    assert relative(q.mean(), [0.007975070561419543, 0.0023935516658]) < 1e-11
    far = md.LogitNormal(np.float64(-80.0), np.float64(3.0))
    assert float(far.mean()) == pytest.approx(np.exp(-75.5), rel=1e-12)
    assert float(far.variance()) == pytest.approx(np.expm1(9.0) * np.exp(-151.0), rel=1e-12)


@pytest.mark.parametrize("dtype", NARROW_FIRST)
@pytest.mark.parametrize("case", ONE_EACH)
def test_a_finite_value_has_no_derivative_that_is_no_number(case: Case, dtype: type) -> None:
    """At and beside the edges, far out, and in both tails: all methods and parameters in one call each."""
    ends = [end for end in case.support if np.isfinite(end)]
    z = np.array(
        [-1e30, -100.0, 0.0, 1e-30, 1.0, 100.0, 1e30, *ends, *(np.nextafter(dtype(e), dtype(0.5)) for e in ends)]
    )
    u, eps = np.array([0.0, 1e-30, 1e-9, 0.5, 1.0 - 1e-6, 1.0]), np.array([1e-9, 0.1, 6.0, 30.0])
    at = {**dict.fromkeys(("prob", "log_prob", "cdf", "survival_function", "log_cdf"), z), "quantile": u,
          "from_noise": eps % 1.0 if case.family == "Uniform" else eps}  # fmt: skip
    wrong = []
    for method, points in at.items():
        given = [tf.fill([len(points)], tf.constant(value, dtype)) for value in case.values]
        x = tf.constant(points.astype(dtype))
        with tf.GradientTape() as tape:
            tape.watch([*given, x])
            value = getattr(case.build(parameters=given, validate=False), method)(x)
        parts = tape.gradient(value, [*given, x], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        finite = np.isfinite(value.numpy())
        wrong += [(method, index, points[finite & np.isnan(part)]) for index, part in enumerate(parts)
                  if np.isnan(part.numpy()[finite]).any()]  # fmt: skip
    assert wrong == []


IMPLICIT = ["Gamma", "Chi2", "InverseGamma", "Beta", "StudentT", "TruncatedNormal", "VonMises", "NormalMixture"]


@pytest.mark.parametrize("family", IMPLICIT)
def test_a_second_derivative_of_an_implicit_path_is_an_error(family: str) -> None:
    case = next(case for case in CASES if case.family == family)
    moved = 1 if family == "VonMises" else 0  # a location moves the value along a straight line
    for function in (lambda q: q.quantile(np.float64(0.3)), lambda q: q.sample(2, 7)):
        given = tf.constant(case.values[moved], tf.float64)
        with tf.GradientTape() as outer:
            outer.watch(given)
            with tf.GradientTape() as tape:
                tape.watch(given)
                parameters = [tf.constant(value, tf.float64) for value in case.values]
                parameters[moved] = given
                total = tf.reduce_sum(function(case.build(parameters=parameters)))
            slope = tape.gradient(total, given)
        with pytest.raises(LookupError):
            outer.gradient(slope, given)


@pytest.mark.parametrize("family", ["Gamma", "Chi2", "InverseGamma", "Beta", "StudentT"])
def test_the_density_is_the_derivative_of_the_distribution_function_and_has_one_itself(family: str) -> None:
    q = next(case for case in CASES if case.family == family).build()
    z = tf.constant(0.3, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = q.cdf(z)
        density = tape.gradient(value, z)
    rise = float(q.prob(0.3 + 1e-5) - q.prob(0.3 - 1e-5)) / 2e-5
    assert float(density) == pytest.approx(float(q.prob(z)))
    assert float(outer.gradient(density, z)) == pytest.approx(rise, rel=1e-6)


@pytest.mark.parametrize(
    "family",
    [
        "Normal",
        "TanhNormal",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("LogNormal", "LogitNormal", "HalfNormal", "Cauchy")),
    ],
)
def test_small_levels_have_their_quantiles_inside_xla(family: str) -> None:
    """XLA's own inverse of the normal distribution function forms 2u − 1 first."""
    q = FAMILIES[family](*map(np.float32, next(case for case in CASES if case.family == family).values))
    levels = tf.constant([1e-9, 1e-8, 1e-7, 1e-6, 0.3], tf.float32)
    inside = tf.function(q.quantile, jit_compile=True)(levels)
    assert np.allclose(inside, q.quantile(levels), rtol=2e-5)


@pytest.mark.parametrize(
    "family", ["Gamma", *(pytest.param(name, marks=pytest.mark.slow) for name in ("Beta", "StudentT"))]
)
def test_small_levels_have_their_noise_inside_xla(family: str) -> None:
    q = FAMILIES[family](*map(np.float32, next(case for case in CASES if case.family == family).values))
    z = q.quantile(tf.constant([1e-9, 1e-6, 0.3], tf.float32))
    inside = tf.function(q.to_noise, jit_compile=True)(z)
    assert np.allclose(inside, [-5.997807, -4.753424, -0.5244005], rtol=1e-4)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_refused(dtype: tf.DType) -> None:
    one = tf.constant(0.75, dtype)
    for make in (
        lambda: md.Laplace(one, one),
        lambda: md.Dirichlet(tf.stack([one, one])),
        lambda: md.Weibull(one, one),
    ):
        with pytest.raises(TypeError, match=r"computed in float32 or float64: cast parameters of b?float16 first"):
            make()


@pytest.mark.parametrize("seed", [1.5, True, np.float32(2.0)])
def test_a_seed_is_a_whole_number(seed: object) -> None:
    for q in (md.Normal(0.0, 1.0), md.Dirichlet([1.0, 2.0])):
        with pytest.raises(TypeError, match="a seed is a whole number"):
            q.sample(3, seed)


def test_parameters_and_widths_at_the_ends_of_float32() -> None:
    with pytest.raises(md.ParameterError, match="scale must be finite and positive"):
        md.Normal(np.float32(0.0), np.float32(3e-39))
    q = md.Uniform(np.float32(-3e38), np.float32(3e38))
    assert q.cdf(np.array([-np.inf, 0.0, np.inf], np.float32)).numpy().tolist() == [0.0, 0.5, 1.0]
    assert float(q.entropy()) == pytest.approx(np.log(6e38), rel=1e-6)
    assert np.isfinite(q.sample(100, 1)).all()


@pytest.mark.parametrize("family", ["Laplace", "Cauchy"])
def test_a_median_moves_with_its_level(family: str) -> None:
    q = FAMILIES[family](np.float64(0.0), np.float64(1.5))
    found = slopes(q.quantile, np.array([0.5]))
    assert found == pytest.approx(1.0 / float(q.prob(0.0)))


@pytest.mark.parametrize(("kind", "values", "eps"), [(md.Beta, (0.3, 0.3), 3.0), (md.Kumaraswamy, (0.5, 0.1), 5.0)])
def test_a_density_at_noise_is_finite_where_the_value_rounds_to_an_edge(
    kind: Callable[..., Distribution], values: tuple[float, float], eps: float
) -> None:
    found = [float(build(kind, dtype, *values).log_prob_at_noise(dtype(eps))) for dtype in BOTH]
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(found[1], rel=1e-4)


@pytest.mark.parametrize(
    "family",
    [
        "VonMises",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("Gamma", "Chi2", "InverseGamma", "Beta", "StudentT")),
    ],
)
def test_samples_can_be_drawn_in_a_vectorized_map(family: str) -> None:
    q = next(case for case in CASES if case.family == family).build(np.float32)
    drawn = tf.vectorized_map(lambda seed: q.sample(400, seed), tf.range(3))
    assert drawn.shape == (3, 400)
    assert st.kstest(drawn.numpy()[1].astype(float), lambda z: q.cdf(z).numpy()).pvalue > 1e-4


@pytest.mark.parametrize("kappa", [1.0, 1e4, 1e6])
def test_a_narrow_circle_keeps_its_score(kappa: float) -> None:
    angle = np.float32(0.5 / np.sqrt(kappa))
    found = slopes(lambda k: md.VonMises(np.float32(0.0), k).log_prob(angle), np.array([kappa], np.float32))
    with mp.workdps(40):
        k = mp.mpf(kappa)
        truth = float(mp.cos(mp.mpf(float(angle))) - mp.besseli(1, k) / mp.besseli(0, k))
    assert found == pytest.approx(truth, rel=1e-4)
