"""Bounds on log p(x) and surrogates whose derivatives estimate those of the bounds, as functions of log weights.

A log weight is log w = log p(x|z) + log p(z) − log q(z|x) of one draw z ~ q(z|x); K draws stand along the first axis.
Burda, Grosse & Salakhutdinov 2016 (IWAE); Roeder, Wu & Duvenaud 2017 (sticking the landing); Tucker, Lawson, Gu &
Maddison 2019 (DReG).
"""

from __future__ import annotations

import tensorflow as tf

from models.distributions import Distribution, has_closed_form, kl_divergence


def log_weights(log_likelihood: tf.Tensor, log_prior: tf.Tensor, log_posterior: tf.Tensor) -> tf.Tensor:
    """Return log w [K, ...] of log p(x|z), log p(z) and log q(z|x), each [K, ...], summed over their dimensions."""
    return log_likelihood + log_prior - log_posterior


def elbo(log_likelihood: tf.Tensor, kl: tf.Tensor) -> tf.Tensor:
    """Return E_q[log p(x|z)] − KL [...] from log p(x|z) [K, ...] and the KL in closed form [...], in nats."""
    return tf.reduce_mean(log_likelihood, axis=0) - kl


def elbo_monte_carlo(log_w: tf.Tensor) -> tf.Tensor:
    """Return the mean log weight [...] of [K, ...]: the ELBO with its KL by Monte Carlo, in nats."""
    return tf.reduce_mean(log_w, axis=0)


def kl_at(q: Distribution, p: Distribution, z: tf.Tensor) -> tuple[tf.Tensor, bool]:
    """Return KL(q ‖ p) [...] and whether it is a closed form; without one, the mean over draws ``z`` [K, ...] of q."""
    if has_closed_form(q, p):
        return kl_divergence(q, p), True
    return tf.reduce_mean(q.log_prob(z) - p.log_prob(z), axis=0), False


def iwae(log_w: tf.Tensor) -> tf.Tensor:
    """Return log 1/K Σ w [...] of log w [K, ...]: between the ELBO (K = 1) and log p(x), rising in K, in nats.

    With many draws it is the importance-sampled estimate of log p(x).
    """
    count = tf.cast(tf.shape(log_w)[0], log_w.dtype)
    return tf.reduce_logsumexp(log_w, axis=0) - tf.math.log(count)


def constant_parameters(q: Distribution) -> Distribution:
    """Return ``q`` with its parameters as constants: log w through it has its path derivative alone.

    The ELBO of such log weights is sticking the landing: its gradient in the parameters of q is 0 wherever q is the
    posterior.
    """
    fixed = {name: tf.stop_gradient(value) for name, value in q.parameters.items()}
    return type(q)(**fixed, validate=False)


def dreg(log_w: tf.Tensor) -> tf.Tensor:
    """Return a surrogate [...] whose gradient in the parameters of q is the doubly reparameterized one of :func:`iwae`.

    Σ w̃² ∂log w/∂z · ∂z/∂φ with the normalized weights w̃. ``log_w`` [K, ...] must be formed with
    :func:`constant_parameters`; the gradient in the parameters of p is not that of the bound.
    """
    normalized = tf.stop_gradient(tf.nn.softmax(log_w, axis=0))
    return tf.reduce_sum(tf.square(normalized) * log_w, axis=0)
