"""Gradients of a model's own ELBO: the estimators agree, follow the weights, and take only points that fit."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.families import Family
from models.protocol.lab import Continuous, ElboPoint
from models.vae.model import VAE
from models.vae.model_file import open_model
from resources import model_path
from tests.models.estimators.conftest import ask


@pytest.fixture(scope="module")
def vae() -> VAE:
    opened = open_model(model_path("mnist-vae-2"))
    return VAE(opened.architecture, opened.parameters)


def elbo_problem(vae: VAE) -> Continuous:
    image = np.random.default_rng(2).integers(0, 256, (1, 28, 28, 1)).astype(np.uint8)
    mu, sigma = vae.encode(image)
    family = Family("Normal", {"loc": float(mu[0, 1]), "scale": float(sigma[0, 1])})
    return Continuous("elbo", family, 0.0, ElboPoint(image, mu[0], 1))


def test_the_gradient_of_a_models_own_elbo(vae: VAE) -> None:
    problem = elbo_problem(vae)
    answer = ask(problem, 2000, vae=vae)
    for row in answer.estimates:
        error = row.gradients.std() / np.sqrt(2000)
        assert abs(row.gradients.mean() - answer.truth[row.parameter]) < 4.5 * error
    scale, step = problem.family.parameters["scale"], 1e-3
    moved = [
        Continuous("elbo", Family("Normal", {**problem.family.parameters, "scale": scale * (1 + sign * step)}), 0.0,
                   problem.point) for sign in (1, -1)
    ]  # fmt: skip
    upper, lower = (ask(end, 10, vae=vae).value for end in moved)
    assert answer.truth["scale"] == pytest.approx((upper - lower) / (2 * step * scale), rel=2e-2, abs=0.5)


def test_other_weights_give_other_numbers(vae: VAE) -> None:
    problem = elbo_problem(vae)
    before, parameters = ask(problem, 10, vae=vae).value, {k: v.numpy() for k, v in vae.parameters().items()}
    vae.assign({name: 0.9 * value for name, value in parameters.items()})
    assert ask(problem, 10, vae=vae).value != pytest.approx(before, rel=1e-3)
    vae.assign(parameters)
    assert ask(problem, 10, vae=vae).value == pytest.approx(before)


def test_a_point_must_fit_the_model(vae: VAE) -> None:
    good = elbo_problem(vae)
    assert good.point is not None
    image, z = good.point.image, good.point.z
    for point, message in (
        (ElboPoint(image[:, :9], z, 0), "the image must be uint8"),
        (ElboPoint(image, z[:1], 0), "the latent point must be 2 finite numbers"),
        (ElboPoint(image, z, 7), "there is no latent dimension 7"),
    ):
        with pytest.raises(ValueError, match=message):
            ask(Continuous("elbo", good.family, 0.0, point), vae=vae)
