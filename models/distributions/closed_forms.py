"""All closed forms of KL(q ‖ p), by pair of families; divergences of other pairs are estimated by their callers.

Gil, Alajaji & Linder 2013, Rényi divergence measures for commonly used univariate continuous distributions, table 2;
Cauchy: Chyzak & Nielsen 2019; the rest follows from the moments of q.
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.distributions.base import Distribution
from models.distributions.beta import Beta
from models.distributions.cauchy import Cauchy
from models.distributions.chi2 import Chi2
from models.distributions.continuous_bernoulli import ContinuousBernoulli, log_mass
from models.distributions.dirichlet import Dirichlet
from models.distributions.exponential import Exponential
from models.distributions.gamma import Gamma
from models.distributions.generalized_normal import GeneralizedNormal
from models.distributions.gumbel import Gumbel
from models.distributions.half_cauchy import HalfCauchy
from models.distributions.half_normal import HalfNormal
from models.distributions.inverse_gamma import InverseGamma
from models.distributions.inverse_gaussian import InverseGaussian
from models.distributions.kl import in_float64, register_kl
from models.distributions.kumaraswamy import Kumaraswamy
from models.distributions.laplace import Laplace
from models.distributions.log_normal import LogNormal
from models.distributions.logistic import Logistic
from models.distributions.logit_normal import LogitNormal
from models.distributions.multivariate_normal import MultivariateNormalDiag, MultivariateNormalTriL
from models.distributions.normal import Normal
from models.distributions.pareto import Pareto
from models.distributions.student_t import StudentT
from models.distributions.tanh_normal import TanhNormal
from models.distributions.truncated_normal import TruncatedNormal
from models.distributions.uniform import Uniform
from models.distributions.von_mises import VonMises, mean_gap, mean_length
from models.distributions.weibull import Weibull
from models.numerics.log_gamma import excess, log_gamma_bregman
from models.numerics.special import EULER_GAMMA, LOG_SQRT_TWO_PI, ndtr, wide


@register_kl(Normal, Normal)
def _normal(q: Normal, p: Normal) -> tf.Tensor:
    """Return ½[(s₁/s₂)² + ((m₁ − m₂)/s₂)² − 1] − log(s₁/s₂), rounded as it always was: runs go on to the same bits."""
    ratio = q.scale / p.scale
    shift = (q.loc - p.loc) / p.scale
    return 0.5 * (shift * shift + (ratio - 1.0) * (ratio + 1.0)) - tf.math.log(ratio)


def _scales(s: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """Return ½[(s/t)² − 1] − log(s/t), which is ½(s/t − 1)² and what :func:`excess` keeps where they are close."""
    away = (s - t) / t
    return 0.5 * away * away + excess(s, t)


@register_kl(Laplace, Laplace)
def _laplace(q: Laplace, p: Laplace) -> tf.Tensor:
    distance = tf.abs(q.loc - p.loc)
    ratio = q.scale / p.scale
    return distance / p.scale + ratio * tf.exp(-distance / q.scale) - 1.0 - tf.math.log(ratio)


def _to_normal(q: Distribution, p: Normal) -> tf.Tensor:
    """Return −H(q) − E_q[log p], which needs no more than two moments of q; infinite where it has none."""
    second = (q.variance() + tf.square(q.mean() - p.loc)) / tf.square(p.scale)
    second = tf.where(tf.math.is_nan(second), tf.constant(math.inf, q.dtype), second)
    return 0.5 * second + LOG_SQRT_TWO_PI + tf.math.log(p.scale) - q.entropy()


for _family in (
    Beta, Chi2, ContinuousBernoulli, Exponential, Gamma, GeneralizedNormal, Gumbel, HalfCauchy, HalfNormal,
    InverseGamma, InverseGaussian, Kumaraswamy, Laplace, Logistic, LogNormal, Pareto, StudentT, TruncatedNormal,
    Uniform, VonMises, Weibull,
):  # fmt: skip
    register_kl(_family, Normal)(_to_normal)


@register_kl(Normal, Laplace)
def _normal_laplace(q: Normal, p: Laplace) -> tf.Tensor:
    """Return it from E|z − m|, the mean of the folded normal distribution."""
    y = (q.loc - p.loc) / q.scale
    folded = q.scale * (math.sqrt(2.0 / math.pi) * tf.exp(-0.5 * y * y) + y * (1.0 - 2.0 * ndtr(-y)))
    return folded / p.scale + tf.math.log(2.0 * p.scale / q.scale) - 0.5 - LOG_SQRT_TWO_PI


@register_kl(Logistic, Laplace)
def _logistic_laplace(q: Logistic, p: Laplace) -> tf.Tensor:
    """Return it from E|z − m|, the integral of F below m and of 1 − F above it: scale·(2 softplus(y) − y)."""
    y = (q.loc - p.loc) / q.scale
    folded = q.scale * (2.0 * tf.nn.softplus(y) - y)
    return folded / p.scale + tf.math.log(2.0 * p.scale) - q.entropy()


@register_kl(StudentT, Laplace)
def _student_t_laplace(q: StudentT, p: Laplace) -> tf.Tensor:
    """Return it from E|z − m|, by ∫ t f(t) dt = −(ν + t²)/(ν − 1) f(t); infinite for ν ≤ 1."""
    y = (q.loc - p.loc) / q.scale
    standard = StudentT(q.df, tf.zeros_like(y), tf.ones_like(y), validate=False)
    safe = tf.where(q.df > 1.0, q.df, 2.0 * tf.ones_like(q.df))
    folded = y * (1.0 - 2.0 * standard.survival_function(y)) + 2.0 * (safe + y * y) / (safe - 1.0) * standard.prob(y)
    whole = q.scale * folded / p.scale + tf.math.log(2.0 * p.scale) - q.entropy()
    return tf.where(q.df > 1.0, whole, tf.constant(math.inf, q.dtype))


@register_kl(InverseGaussian, InverseGaussian)
def _inverse_gaussian(q: InverseGaussian, p: InverseGaussian) -> tf.Tensor:
    """Return ½(λ₂/λ₁ − 1 − log(λ₂/λ₁)) + λ₂(μ₁ − μ₂)²/(2μ₁μ₂²), by E[1/z] = 1/μ + 1/λ."""
    away = (q.loc - p.loc) / p.loc
    return 0.5 * excess(p.concentration, q.concentration) + 0.5 * p.concentration / q.loc * away * away


@register_kl(Pareto, Pareto)
def _pareto(q: Pareto, p: Pareto) -> tf.Tensor:
    """Return α₂/α₁ − 1 − log(α₂/α₁) + α₂ log(s₁/s₂); infinite where q reaches below the scale of p."""
    inside = q.scale >= p.scale
    ratio = tf.where(inside, q.scale / p.scale, tf.ones_like(q.scale / p.scale))
    within = excess(p.concentration, q.concentration) + p.concentration * tf.math.log(ratio)
    return tf.where(inside, within, tf.constant(math.inf, q.dtype))


@register_kl(Cauchy, Cauchy)
def _cauchy(q: Cauchy, p: Cauchy) -> tf.Tensor:
    """Return log[((s₁ + s₂)² + (m₁ − m₂)²)/(4 s₁ s₂)], as log1p of what differs."""
    squares = tf.square(q.scale - p.scale) + tf.square(q.loc - p.loc)
    return tf.math.log1p(squares / (4.0 * q.scale * p.scale))


@register_kl(Gumbel, Gumbel)
@in_float64
def _gumbel(q: Gumbel, p: Gumbel) -> tf.Tensor:
    ratio, shift = q.scale / p.scale, (q.loc - p.loc) / p.scale
    moved = tf.exp(-shift + tf.math.lgamma(1.0 + ratio))
    return -tf.math.log(ratio) + EULER_GAMMA * (ratio - 1.0) + shift + moved - 1.0


@register_kl(Uniform, Uniform)
@in_float64
def _uniform(q: Uniform, p: Uniform) -> tf.Tensor:
    """Return the logarithm of the ratio of widths; infinite unless the support of q lies in that of p."""
    within = (q.low >= p.low) & (q.high <= p.high)
    value = tf.math.log((p.high - p.low) / (q.high - q.low))
    return tf.where(within, value, tf.constant(math.inf, q.dtype))


@register_kl(Exponential, Exponential)
def _exponential(q: Exponential, p: Exponential) -> tf.Tensor:
    return excess(p.rate, q.rate)


@register_kl(Weibull, Weibull)
@in_float64
def _weibull(q: Weibull, p: Weibull) -> tf.Tensor:
    ratio = p.concentration / q.concentration
    shift = p.concentration * tf.math.log(q.scale / p.scale)
    return tf.exp(shift + tf.math.lgamma(1.0 + ratio)) - 1.0 - tf.math.log(ratio) - shift + EULER_GAMMA * (ratio - 1.0)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(q: HalfNormal, p: HalfNormal) -> tf.Tensor:
    return _scales(q.scale, p.scale)


@register_kl(LogNormal, LogNormal)
@register_kl(LogitNormal, LogitNormal)
@register_kl(TanhNormal, TanhNormal)
def _through_normal(q: LogNormal | LogitNormal, p: LogNormal | LogitNormal) -> tf.Tensor:
    """Return the divergence of the normal variables behind, which a one-to-one map leaves unchanged."""
    shift = (q.loc - p.loc) / p.scale
    return 0.5 * shift * shift + _scales(q.scale, p.scale)


@register_kl(Gamma, Gamma)
@register_kl(Chi2, Chi2)
@register_kl(Chi2, Gamma)
@register_kl(Gamma, Chi2)
@in_float64
def _gamma(q: Gamma, p: Gamma) -> tf.Tensor:
    return _gamma_kl(q.concentration, p.concentration, p.rate / q.rate)


@register_kl(InverseGamma, InverseGamma)
@in_float64
def _inverse_gamma(q: InverseGamma, p: InverseGamma) -> tf.Tensor:
    """Return the divergence of the gamma variables 1/z, whose rates are the scales."""
    return _gamma_kl(q.concentration, p.concentration, p.scale / q.scale)


def _gamma_kl(a: tf.Tensor, b: tf.Tensor, ratio: tf.Tensor) -> tf.Tensor:
    """Return KL(Γ(a, β₁) ‖ Γ(b, β₂)) in float64, ratio = β₂/β₁."""
    return b * excess(a * ratio, b) + log_gamma_bregman(a, b)


@register_kl(Beta, Beta)
def _beta(q: Beta, p: Beta) -> tf.Tensor:
    return _dirichlet_kl(_pair(q), _pair(p))


def _pair(q: Beta) -> tf.Tensor:
    a, b = q.concentration1, q.concentration0
    return tf.stack([a + tf.zeros_like(b), b + tf.zeros_like(a)], axis=-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
@in_float64
def _continuous_bernoulli(q: ContinuousBernoulli, p: ContinuousBernoulli) -> tf.Tensor:
    """Return (L₁ − L₂)·E[z] + log r(L₂) − log r(L₁)."""
    return (q.logits - p.logits) * q.mean() + log_mass(p.logits) - log_mass(q.logits)


@register_kl(TruncatedNormal, TruncatedNormal)
@in_float64
def _truncated_normal(q: TruncatedNormal, p: TruncatedNormal) -> tf.Tensor:
    """Return it from two moments of q; infinite unless the support of q lies in that of p."""
    within = (q.low >= p.low) & (q.high <= p.high)
    second = (q.variance() + tf.square(q.mean() - p.loc)) / tf.square(p.scale)
    # At any point of the support of p the log density and the square add up to the constant.
    within_p = tf.clip_by_value(p.loc, p.low, p.high)
    value = -q.entropy() + 0.5 * second - 0.5 * tf.square((within_p - p.loc) / p.scale) - p.log_prob(within_p)
    return tf.where(within, value, tf.constant(math.inf, q.dtype))


@register_kl(VonMises, VonMises)
@in_float64
def _von_mises(q: VonMises, p: VonMises) -> tf.Tensor:
    """Return it on the circle that both supports are: where each is cut leaves the divergence unchanged."""
    kappa, other = q.concentration, p.concentration
    turned = tf.square(tf.sin(0.5 * (q.loc - p.loc)))
    constants = tf.math.log(tf.math.bessel_i0e(other) / tf.math.bessel_i0e(kappa))
    return constants + (other - kappa) * mean_gap(kappa) + 2.0 * other * mean_length(kappa) * turned


@register_kl(MultivariateNormalDiag, MultivariateNormalDiag)
def _diagonal(q: MultivariateNormalDiag, p: MultivariateNormalDiag) -> tf.Tensor:
    """Return the sum of the components' divergences."""
    shift = (q.loc - p.loc) / p.scale_diag
    return tf.reduce_sum(0.5 * shift * shift + _scales(q.scale_diag, p.scale_diag), axis=-1)


@register_kl(MultivariateNormalTriL, MultivariateNormalTriL)
def _triangular(q: MultivariateNormalTriL, p: MultivariateNormalTriL) -> tf.Tensor:
    """Return ½(‖L₂⁻¹L₁‖² + ‖L₂⁻¹(m₁ − m₂)‖² − d) + log det L₂ − log det L₁."""
    within = tf.linalg.triangular_solve(p.scale_tril, q.scale_tril)
    shift = tf.linalg.triangular_solve(p.scale_tril, (q.loc - p.loc)[..., tf.newaxis])
    squares = tf.reduce_sum(tf.square(within), [-2, -1]) + tf.reduce_sum(tf.square(shift), [-2, -1])
    logs = tf.reduce_sum(tf.math.log(p.diagonal) - tf.math.log(q.diagonal), -1)
    return 0.5 * (squares - tf.cast(tf.shape(q.diagonal)[-1], q.dtype)) + logs


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(q: Dirichlet, p: Dirichlet) -> tf.Tensor:
    return _dirichlet_kl(q.concentration, p.concentration)


def _dirichlet_kl(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Return the divergence of shapes ``a`` from ``b`` [..., k], worked out in float64.

    With the means m and n of both, it is Σ bᵢ(mᵢ/nᵢ − 1 − log(mᵢ/nᵢ)) and what remains of the log-gammas.
    """
    exact, other = wide(a), wide(b)
    whole, sums = tf.reduce_sum(exact, -1, keepdims=True), tf.reduce_sum(other, -1, keepdims=True)
    shares = other * excess(exact * sums, other * whole)
    rests = tf.reduce_sum(shares + log_gamma_bregman(exact, other), -1)
    return tf.cast(rests - log_gamma_bregman(whole, sums)[..., 0], a.dtype)
