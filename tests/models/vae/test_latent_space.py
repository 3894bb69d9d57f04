"""Families of the latent space: noise and densities against SciPy, divergences against adaptive quadrature."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from models.core.families import LATENT_DF, LATENT_FAMILIES, LATENT_VARIANCES, LatentFamily
from models.core.geometry import standard_noise
from models.training.steps import NOISE_ALGORITHM
from models.vae.latent_space import Divergence, LatentSpace, standard_draws
from tests.models.conftest import finish

ORACLES = {
    "Normal": scipy.stats.norm(), "Laplace": scipy.stats.laplace(), "Logistic": scipy.stats.logistic(),
    "StudentT": scipy.stats.t(LATENT_DF),
}  # fmt: skip
PLACES = [(0.0, 1.0), (0.7, 0.05), (-2.5, 1.8), (3.0, 0.4)]
CLOSED = {
    ("Normal", "Normal"), ("Normal", "Laplace"), ("Laplace", "Laplace"), ("Laplace", "Normal"), ("Logistic", "Laplace"),
    ("StudentT", "Laplace"), ("Logistic", "Normal"), ("StudentT", "Normal"),
}  # fmt: skip
EDGES = (-np.inf, -40.0, -8.0, -2.0, 0.0, 2.0, 8.0, 40.0, np.inf)


def divergence(posterior: LatentFamily, prior: LatentFamily, loc: float, scale: float) -> float:
    """Return KL(q ‖ p) by adaptive quadrature over the noise, in pieces that meet where densities have kinks."""
    q = ORACLES[posterior]

    def log_prior(z: float) -> float:
        # SciPy's log density of the Laplace distribution underflows far out.
        return -abs(z) - np.log(2.0) if prior == "Laplace" else float(ORACLES[prior].logpdf(z))

    def part(eps: float) -> float:
        density = q.pdf(eps)
        return float(density * (q.logpdf(eps) - np.log(scale) - log_prior(loc + scale * eps))) if density > 0 else 0.0

    edges = sorted({*EDGES, -loc / scale})
    return sum(scipy.integrate.quad(part, a, b, epsabs=1e-11, limit=200)[0] for a, b in pairwise(edges))


@pytest.mark.parametrize(("posterior", "prior"), list(product(LATENT_FAMILIES, LATENT_FAMILIES)))
def test_the_divergence_is_right_whether_closed_or_by_quadrature(posterior: LatentFamily, prior: LatentFamily) -> None:
    space = LatentSpace(posterior, prior)
    assert space.closed == ((posterior, prior) in CLOSED)
    found = Divergence(space)(*np.array(PLACES).T[:, :, None])[:, 0]
    assert found == pytest.approx([divergence(posterior, prior, *place) for place in PLACES], abs=2e-5, rel=1e-6)


@pytest.mark.parametrize("family", LATENT_FAMILIES)
def test_noise_is_drawn_from_the_standard_member(family: LatentFamily) -> None:
    seed, size = tf.constant([5, 3], tf.int64), tf.constant([40_000])
    compiled = tf.function(lambda: standard_draws(family, size, seed, NOISE_ALGORITHM), jit_compile=True)
    for draws in (compiled(), standard_draws(family, size, seed, "philox"), standard_noise(4, 20_000, 2, family)):
        assert scipy.stats.kstest(np.ravel(draws).astype(np.float64), ORACLES[family].cdf).pvalue > 1e-4
    assert LATENT_VARIANCES[family] == pytest.approx(float(ORACLES[family].var()))
    assert np.array_equal(standard_noise(7, 3, 5, family), standard_noise(7, 100, 5, family)[:3])


@pytest.mark.parametrize("family", LATENT_FAMILIES)
def test_the_aggregate_is_the_mixture_of_the_family(family: LatentFamily) -> None:
    loc, scale = np.float32([-1.0, 0.5, 2.0]), np.float32([0.3, 1.0, 0.6])
    x = np.linspace(-4.0, 4.0, 9)
    pdf, cdf = finish(LatentSpace(family).aggregate(loc, scale).curves(x))
    eps = (x[:, None] - loc.astype(float)) / scale.astype(float)
    assert np.allclose(pdf, (ORACLES[family].pdf(eps) / scale.astype(float)).mean(axis=1), rtol=1e-9)
    assert np.allclose(cdf, ORACLES[family].cdf(eps).mean(axis=1), rtol=1e-9)
