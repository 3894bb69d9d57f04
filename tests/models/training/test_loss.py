"""Training losses: against the bounds they estimate, and against probabilistic PCA, where log p(x) is known."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from models.core.families import LATENT_FAMILIES, LatentFamily
from models.core.setting_checks import check_settings
from models.core.setting_table import SETTINGS as TABLE
from models.core.settings import TrainingObjective, TrainSettings
from models.training.loop import TrainingLoop, initial_state
from models.training.loss import BatchLoss, TrainingLoss, gradients_of
from models.vae.architecture import LOG_VARIANCE, Architecture, architecture_of
from models.vae.networks import Tensors
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs

BATCH = 64


def loss_of(
    settings: TrainSettings, draws: int = 1, seed: int = 0
) -> tuple[TrainingLoss, Tensors, tf.Tensor, tf.Tensor]:
    """Return a loss with fresh parameters, a batch of blobs [b, pixels] and noise [K, b, d] for the posterior."""
    architecture = architecture_of(settings, IMAGE_SHAPE)
    parameters = {name: tf.constant(value) for name, value in architecture.initial_parameters(2).items()}
    x = tf.constant(blobs(BATCH).reshape(BATCH, -1) / np.float32(255))
    loss = TrainingLoss(architecture, settings)
    shape = tf.constant([draws, BATCH, settings.latent_dim])
    return loss, parameters, x, loss.space.noise(shape, tf.constant([9, seed], tf.int64), "philox")


def evaluated(settings: TrainSettings, draws: int = 1, seed: int = 0, beta: float = 1.0) -> tuple[BatchLoss, Tensors]:
    loss, parameters, x, eps = loss_of(settings, draws, seed)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        result = loss(parameters, x, eps, tf.constant(beta))
    return result, gradients_of(tape, result, parameters)


@pytest.mark.parametrize("prior", LATENT_FAMILIES)
@pytest.mark.parametrize("posterior", LATENT_FAMILIES)
def test_with_many_draws_the_sampled_divergence_is_the_exact_one(posterior: LatentFamily, prior: LatentFamily) -> None:
    settings = replace(SETTINGS, posterior=posterior, prior=prior, objective="elbo_mc")
    sampled, _ = evaluated(settings, draws=4000)
    loss, parameters, x, _ = loss_of(settings)
    from models.vae.networks import encode

    exact = tf.reduce_mean(loss.space.kl(*encode(architecture_of(settings, IMAGE_SHAPE), parameters, x)), axis=0)
    assert np.allclose(sampled.kl, exact, atol=6e-3)
    assert float(sampled.loss) == pytest.approx(float(sampled.reconstruction + tf.reduce_sum(sampled.kl)), rel=1e-5)


def test_it_says_where_its_divergence_comes_from() -> None:
    def words(**changes: object) -> str:
        return loss_of(replace(SETTINGS, **changes))[0].describe()

    assert words() == "ELBO, KL in closed form"
    assert words(posterior="StudentT") == "ELBO, KL in closed form"
    assert words(posterior="StudentT", prior="Logistic") == "ELBO, KL by Monte Carlo, 1 draw"
    assert words(objective="elbo_mc", samples=3) == "ELBO, KL by Monte Carlo, 3 draws"
    assert words(objective="dreg", samples=5) == "DReG, KL by Monte Carlo, 5 draws"


def test_importance_weighted_losses_are_between_the_elbo_and_each_other() -> None:
    values = {}
    for draws in (1, 8, 64):
        settings = replace(SETTINGS, objective="iwae", samples=max(draws, 2))
        values[draws] = float(np.mean([evaluated(settings, draws, seed)[0].loss for seed in range(12)]))
    assert values[1] > values[8] > values[64]
    iwae, dreg = (evaluated(replace(SETTINGS, objective=name, samples=8), 8)[0] for name in ("iwae", "dreg"))
    assert float(iwae.loss) == pytest.approx(float(dreg.loss), rel=1e-6)


def location_gradient(
    loss: TrainingLoss, parameters: Tensors, x: tf.Tensor, samples: int, seed: tf.Tensor
) -> tf.Tensor:
    """Return one gradient in the bias of the locations, with fresh noise."""
    shape = tf.constant([samples, BATCH, SETTINGS.latent_dim])
    eps = loss.space.noise(shape, tf.stack([tf.constant(1, tf.int64), seed]), "philox")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        result = loss(parameters, x, eps, tf.constant(1.0))
    return gradients_of(tape, result, parameters)["encoder.loc.bias"]


@pytest.mark.parametrize(("name", "plain"), [("elbo_mc", "elbo"), ("stl", "elbo"), ("dreg", "iwae")])
def test_estimators_of_one_bound_have_the_same_mean_gradient(name: TrainingObjective, plain: TrainingObjective) -> None:
    samples = 4 if plain == "iwae" else 1
    found = []
    for objective in (name, plain):
        settings = replace(SETTINGS, objective=objective, samples=samples)
        gradient = tf.function(partial(location_gradient, *loss_of(settings)[:3], samples))
        found.append(np.array([gradient(tf.constant(seed, tf.int64)).numpy() for seed in range(600)]))
    errors = np.hypot(*(part.std(axis=0, ddof=1) / np.sqrt(len(part)) for part in found))
    assert (np.abs(found[0].mean(axis=0) - found[1].mean(axis=0)) < 4.5 * errors + 1e-6).all()


def linear_model() -> tuple[TrainSettings, Architecture, Tensors, np.ndarray, np.ndarray]:
    """Return a one-dimensional Gaussian model near 0 with an almost linear decoder, and data [n, 1]."""
    settings = TrainSettings(hidden=(), latent_dim=1, likelihood="gaussian", objective="stl")
    architecture = architecture_of(settings, (1, 1, 1))
    slope, variance = 0.04, 0.0004
    # sigmoid(4·slope·z) = ½ + slope·z to third order.
    gain = slope / variance / (1.0 + slope**2 / variance)
    parameters = {
        "encoder.loc.kernel": [[gain]], "encoder.loc.bias": [-0.5 * gain], "encoder.scale.kernel": [[0.0]],
        "encoder.scale.bias": [np.log(np.expm1(np.sqrt(1.0 / (1.0 + slope**2 / variance)) - 1e-4))],
        "decoder.logits.kernel": [[4.0 * slope]], "decoder.logits.bias": [0.0], LOG_VARIANCE: np.log(variance),
    }  # fmt: skip
    z = np.random.default_rng(0).normal(size=2000)
    x = 0.5 + slope * z + np.sqrt(variance) * np.random.default_rng(1).normal(size=2000)
    log_p = scipy.stats.norm(0.5, np.sqrt(slope**2 + variance)).logpdf(x)
    return settings, architecture, {k: tf.constant(v, tf.float32) for k, v in parameters.items()}, x[:, None], log_p


@pytest.mark.parametrize("objective", TABLE["objective"].choices)
def test_at_the_true_posterior_every_bound_is_the_evidence(objective: TrainingObjective) -> None:
    settings, architecture, parameters, x, log_p = linear_model()
    draws = 16
    loss = TrainingLoss(architecture, replace(settings, objective=objective, samples=draws))
    eps = tf.random.stateless_normal([draws, len(x), 1], [1, 2])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        result = loss(parameters, tf.constant(x, tf.float32), eps, tf.constant(1.0))
    # What remains is the third-order term of the sigmoid.
    assert -float(result.loss) == pytest.approx(float(log_p.mean()), abs=4e-3)
    path = gradients_of(tape, result, parameters)["encoder.loc.bias"]
    if objective in ("stl", "dreg"):
        assert np.abs(path).max() < 2e-2


def test_free_bits_free_the_gradient_of_dimensions_that_cost_less() -> None:
    free, gradients = evaluated(replace(SETTINGS, free_bits=100.0))
    bare, plain = evaluated(SETTINGS, beta=0.0)
    assert np.allclose(gradients["encoder.loc.kernel"], plain["encoder.loc.kernel"], atol=1e-6)
    assert float(free.loss) == pytest.approx(float(bare.loss) + 100.0 * SETTINGS.latent_dim, rel=1e-5)


# Each compiles a loop of its own, which takes seconds.
@pytest.mark.parametrize("changes", [
    {"posterior": "StudentT", "prior": "Logistic", "objective": "elbo_mc", "free_bits": 0.1},
    {"posterior": "Logistic", "prior": "StudentT", "objective": "dreg", "samples": 3},
    *(pytest.param(changes, marks=pytest.mark.slow) for changes in (
        {"posterior": "StudentT", "prior": "Logistic"}, {"posterior": "Laplace", "prior": "Laplace"},
        {"objective": "iwae", "samples": 4}, {"objective": "stl", "samples": 2},
        {"objective": "elbo_mc", "free_bits": 0.1},
    )),
])  # fmt: skip
def test_every_choice_learns_in_the_compiled_loop(changes: dict[str, object]) -> None:
    settings = replace(SETTINGS, learning_rate=5e-3, **changes)
    architecture = architecture_of(settings, IMAGE_SHAPE)
    loop = TrainingLoop(architecture, settings, blobs(160))
    state = initial_state(architecture, settings.seed)
    first, *_, last = (loop.run(state, loop.epoch_order(epoch), 0, loop.steps_per_epoch) for epoch in range(25))
    assert np.isfinite([first.values, last.values]).all()
    assert last.means().loss < first.means().loss - 2.0
    assert 0.0 < last.gradient_norm < np.inf


@pytest.mark.parametrize(("changes", "message"), [
    ({"objective": "adam"}, "objective must be elbo, "), ({"samples": 0}, "samples of z must be between 1 "),
    ({"free_bits": float("nan")}, "free nats must be between 0 "), ({"objective": "iwae"}, "needs at least 2 samples"),
    ({"objective": "dreg", "samples": 4, "beta": 2.0}, "β must be 1"),
    ({"objective": "iwae", "samples": 4, "free_bits": 1.0}, "free nats must be 0 with iwae or dreg"),
])  # fmt: skip
def test_settings_that_make_no_sense_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_settings(replace(SETTINGS, **changes))


@pytest.mark.parametrize("role", ["posterior", "prior"])
def test_a_family_that_the_latent_space_does_not_have_is_named(role: str) -> None:
    with pytest.raises(ValueError, match=f"{role} must be Normal, Laplace"):
        architecture_of(replace(SETTINGS, **{role: "Gamma"}), IMAGE_SHAPE)
