"""Densities and distribution functions of a prior and a posterior on a grid, in float64, in one compiled call."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import tensorflow as tf

from models.distributions import FAMILIES, Distribution, distribution_of, kl_divergence
from models.distributions.families import check_family
from models.distributions.special import chi2_cdf
from models.protocol import Curves, CurvesReady, Family, Quantile, QuantileReady


def evaluate_curves(request: Curves) -> CurvesReady:
    """Answer ``request``; ParameterError if a family or parameter is wrong."""
    x = np.ascontiguousarray(request.x, np.float64)
    if x.ndim != 1:
        raise ValueError(f"x must be a vector, not {list(x.shape)}")
    if request.latent_dim < 1 or not request.squared_norm >= 0.0:
        raise ValueError("the squared norm must not be negative and the latent dimension must be positive")
    for family in (request.prior, request.posterior):
        check_family(family)
    compiled = _compiled(_signature(request.prior), _signature(request.posterior))
    numbers = [*_values(request.prior), *_values(request.posterior)]
    numbers += [request.z, request.squared_norm, request.latent_dim]
    rows, scalars = compiled(tf.constant(x), tf.constant(numbers, tf.float64))
    curves = rows.numpy()
    z_pdf, z_cdf, kl, typicality = scalars.numpy().tolist()
    return CurvesReady(
        request.id, x, curves[0], curves[1], curves[2], curves[3], z_pdf, z_cdf, kl, typicality
    )  # fmt: skip


def evaluate_quantile(request: Quantile) -> QuantileReady:
    """Answer ``request``; ValueError unless 0 < u < 1."""
    if not 0.0 < request.u < 1.0:
        raise ValueError(f"u must lie between 0 and 1, it is {request.u}")
    value = distribution_of(request.family).quantile(request.u)
    return QuantileReady(request.id, float(value.numpy()))


Signature = tuple[str, tuple[str, ...]]


def _signature(family: Family) -> Signature:
    return family.name, tuple(sorted(family.parameters))


def _values(family: Family) -> list[float]:
    return [family.parameters[name] for name in sorted(family.parameters)]


@lru_cache(maxsize=256)
def _compiled(prior: Signature, posterior: Signature) -> tf.types.experimental.ConcreteFunction:
    """Trace the evaluation for a pair of families; the numbers are [prior…, posterior…, z, ‖z‖², d]."""
    split = len(prior[1])
    end = split + len(posterior[1])

    def evaluate(x: tf.Tensor, numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        p = _build(prior, numbers[:split])
        q = _build(posterior, numbers[split:end])
        z, squared, degrees = numbers[end], numbers[end + 1], numbers[end + 2]
        rows = tf.stack([p.prob(x), p.cdf(x), q.prob(x), q.cdf(x)])
        scalars = tf.stack([q.prob(z), q.cdf(z), kl_divergence(q, p), chi2_cdf(squared, degrees)])
        return rows, scalars

    grid = tf.TensorSpec([None], tf.float64)
    numbers = tf.TensorSpec([end + 3], tf.float64)
    return tf.function(evaluate, input_signature=[grid, numbers], autograph=False).get_concrete_function()


def _build(signature: Signature, values: tf.Tensor) -> Distribution:
    name, parameters = signature
    arguments = {parameter: values[index] for index, parameter in enumerate(parameters)}
    return FAMILIES[name](**arguments, validate=False)
