"""Likelihoods p(x|z) of an image: log p(x|z) in nats, summed over the pixels, and the mean image.

Images ``x`` are in 0–1, flat [..., pixels], as are the ``logits`` that the decoder makes of z; log p(x|z) is [...].
"""

from __future__ import annotations

import math

import tensorflow as tf

from models.core.settings import Likelihood
from models.distributions.continuous_bernoulli import log_normalizer
from models.vae.architecture import LOG_VARIANCE
from models.vae.networks import Parameters

LOG_TWO_PI = math.log(2.0 * math.pi)


def bernoulli_log_prob(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return Σ log Bernoulli(x; sigmoid(logits)) from the logits: probabilities would have to be clipped."""
    return -tf.reduce_sum(tf.nn.softplus(logits) - logits * x, axis=-1)


def continuous_bernoulli_log_prob(logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return Σ log CB(x; λ) = Σ x log λ + (1 − x) log(1 − λ) + log C(λ) for grey pixels x."""
    normalizer = tf.reduce_sum(log_normalizer(logits), axis=-1)
    return bernoulli_log_prob(logits, x) + normalizer


def gaussian_log_prob(logits: tf.Tensor, x: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Return Σ log N(x; sigmoid(logits), σ²), with one learned σ² whose optimum is the mean squared error."""
    squared = tf.math.squared_difference(x, tf.sigmoid(logits)) * tf.exp(-log_variance)
    return -0.5 * tf.reduce_sum(squared + log_variance + LOG_TWO_PI, axis=-1)


def log_likelihood(parameters: Parameters, likelihood: Likelihood, logits: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """Return log p(x|z) of the named ``likelihood``; the Gaussian takes its log variance from ``parameters``."""
    if likelihood == "bernoulli":
        return bernoulli_log_prob(logits, x)
    if likelihood == "continuous_bernoulli":
        return continuous_bernoulli_log_prob(logits, x)
    return gaussian_log_prob(logits, x, parameters[LOG_VARIANCE])


def mean_image(logits: tf.Tensor, likelihood: Likelihood) -> tf.Tensor:
    """Return E[x|z] in 0–1 from ``logits`` [..., pixels].

    The Bernoulli and the Gaussian have mean sigmoid(logits). The continuous Bernoulli with λ = sigmoid(logits) has
    mean λ/(2λ − 1) + 1/(2 artanh(1 − 2λ)) (Loaiza-Ganem & Cunningham 2019); with a = logits this is
    ½ + ½ coth(a/2) − 1/a, whose series ½ + a/12 − a³/720 is used near 0.
    """
    if likelihood != "continuous_bernoulli":
        return tf.sigmoid(logits)
    small = tf.abs(logits) < 0.5
    safe = tf.where(small, tf.ones_like(logits), logits)
    closed = 0.5 + 0.5 / tf.tanh(0.5 * safe) - 1.0 / safe
    square = logits * logits
    series = 0.5 + logits * (1.0 / 12.0 - square * (1.0 / 720.0 - square / 30240.0))
    return tf.where(small, series, closed)
