"""The evaluation against models whose log p(x) is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from models.vae.architecture import Architecture
from models.vae.evaluation import Evaluator, evaluation_pixels
from models.vae.networks import Tensors
from tests.models.conftest import IMAGE_SHAPE, blobs, finish

# softplus(a) + 1e-4 = 1 at this a: the posterior is the prior.
PRIOR_BIAS = float(np.log(np.expm1(1.0 - 1e-4)))


def deaf_model(latent_dim: int = 2) -> tuple[Architecture, Tensors]:
    """Return a decoder that ignores z: p(x) is a product of Bernoullis whatever the encoder says."""
    architecture = Architecture(IMAGE_SHAPE, (), latent_dim, "bernoulli")
    parameters = {name: np.zeros(shape, np.float32) for name, shape in architecture.shapes().items()}
    parameters["decoder.logits.bias"] = np.linspace(-2, 1, architecture.pixels).astype(np.float32)
    parameters["encoder.scale.bias"] += np.float32(PRIOR_BIAS)
    return architecture, parameters


def exact_log_p(parameters: Tensors, x: np.ndarray) -> float:
    logits = parameters["decoder.logits.bias"].astype(np.float64)
    return float((x * scipy.special.log_expit(logits) + (1 - x) * scipy.special.log_expit(-logits)).sum(1).mean())


def test_a_posterior_that_is_the_prior_makes_bound_and_evidence_exact() -> None:
    architecture, parameters = deaf_model()
    images = blobs(40)
    evaluator = Evaluator(architecture, images)
    exact = exact_log_p(parameters, evaluation_pixels(images.reshape(40, -1), "bernoulli") / 255)
    result = finish(evaluator.bound(parameters))
    assert result.terms.elbo == pytest.approx(exact, rel=1e-5)
    assert result.terms.kl == pytest.approx(0.0, abs=1e-5)
    assert finish(evaluator.evidence(parameters)).bounds[500][0] == pytest.approx(exact, rel=1e-5)
    assert finish(evaluator.terms(parameters)).terms.elbo == pytest.approx(exact, rel=1e-5)
    assert result.active.tolist() == [False, False]


def test_a_wrong_posterior_costs_its_kl_in_the_bound_and_little_in_the_evidence() -> None:
    architecture, parameters = deaf_model()
    parameters["encoder.loc.bias"] = np.array([0.5, 0.0], np.float32)
    images = blobs(40)
    evaluator = Evaluator(architecture, images)
    exact = exact_log_p(parameters, evaluation_pixels(images.reshape(40, -1), "bernoulli") / 255)
    result = finish(evaluator.bound(parameters))
    assert result.kl_per_dim == pytest.approx([0.125, 0.0], abs=1e-5)
    assert result.terms.elbo == pytest.approx(exact - 0.125, rel=1e-5)
    # The weights have variance e^0.25 - 1: the bias of the log mean of 500 is minus half of that over 500.
    bounds = finish(evaluator.evidence(parameters)).bounds
    assert bounds[500][0] == pytest.approx(exact, abs=4 * np.sqrt(0.284 / 500 / 40) + 3e-4)
    # With one draw it is the ELBO; the log weights of single draws vary by the shift of the mean, ½.
    assert bounds[1][0] == pytest.approx(exact - 0.125, abs=4 * 0.5 / np.sqrt(500 * 40))
    means = [bounds[k][0] for k in (1, 5, 50, 500)]
    assert means == sorted(means)


def test_a_posterior_that_is_too_wide_costs_its_kl_in_the_bound_too() -> None:
    architecture, parameters = deaf_model(latent_dim=1)
    parameters["encoder.scale.bias"] = np.array([np.log(np.expm1(1.3 - 1e-4))], np.float32)
    images = blobs(40)
    evaluator = Evaluator(architecture, images)
    exact = exact_log_p(parameters, evaluation_pixels(images.reshape(40, -1), "bernoulli") / 255)
    kl = 0.5 * (1.3**2 - 1) - np.log(1.3)
    assert finish(evaluator.bound(parameters)).terms.elbo == pytest.approx(exact - kl, rel=1e-5)
    # The weights p/q have variance σ/√(2 - 1/σ²) - 1 = 0.0955.
    bounds = finish(evaluator.evidence(parameters)).bounds
    assert bounds[500][0] == pytest.approx(exact, abs=4 * np.sqrt(0.0955 / 500 / 40) + 1e-4)


def test_the_error_by_the_draws_is_all_there_is_between_images_that_are_the_same() -> None:
    architecture, parameters = deaf_model(latent_dim=1)
    kernel = parameters["decoder.logits.kernel"]
    kernel += np.random.default_rng(1).normal(0.0, 0.3, kernel.shape).astype(np.float32)
    same = np.repeat(evaluation_pixels(blobs(1).reshape(1, -1), "bernoulli"), 100, 0).reshape(100, *IMAGE_SHAPE)
    evaluator = Evaluator(architecture, same)
    evidence = finish(evaluator.evidence(parameters))
    assert evidence.draw_error == pytest.approx(evidence.error, rel=0.3)
    few = finish(evaluator.bound(parameters))
    assert evidence.reconstruction == pytest.approx(few.terms.reconstruction, abs=4 * few.error)
    refined = few.refined(evidence)
    assert refined.terms.elbo == pytest.approx(-evidence.reconstruction - few.terms.kl)
    varied = finish(Evaluator(architecture, blobs(100)).evidence(parameters))
    assert varied.draw_error < 0.2 * varied.error


def test_the_encoder_s_spread_over_the_data_makes_a_unit_active() -> None:
    architecture, parameters = deaf_model()
    parameters["encoder.loc.kernel"][:, 0] = 0.5
    result = finish(Evaluator(architecture, blobs(60)).bound(parameters))
    assert result.active.tolist() == [True, False]
    assert result.metrics()["active_units"] == 1.0


def test_images_of_a_bernoulli_are_binarized_once_and_always_alike() -> None:
    pixels = blobs(50).reshape(50, -1)
    first = evaluation_pixels(pixels, "bernoulli")
    assert set(np.unique(first)) == {0, 255}
    assert np.array_equal(first, evaluation_pixels(pixels, "bernoulli"))
    assert np.array_equal(first[:20], evaluation_pixels(pixels[:20], "bernoulli"))
    assert first.mean() == pytest.approx(pixels.mean(), abs=8)
    assert np.array_equal(evaluation_pixels(pixels, "gaussian"), pixels)
