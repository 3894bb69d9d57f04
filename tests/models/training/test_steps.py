"""The steps of a training: the arithmetic against NumPy, noise and order from the seed alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.core.settings import BetaSchedule, Schedule
from models.training.loop import TrainingLoop, initial_state
from models.training.optimizer import adam, averaged
from models.training.schedules import scheduled_beta, scheduled_rate
from models.training.steps import noise_seed, training_input
from models.vae.architecture import architecture_of
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs


def test_adam_is_the_published_one() -> None:
    rng = np.random.default_rng(0)
    value, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    ours = {"w": tf.constant(value, tf.float32)}
    moments = ({"w": tf.zeros(5)}, {"w": tf.zeros(5)})
    for step in range(4):
        gradient = rng.normal(size=5)
        ours, moments = adam(
            ours, {"w": tf.constant(gradient, tf.float32)}, moments, tf.constant(0.01), tf.constant(step)
        )
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        value = value - 0.01 * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-7)
    assert np.allclose(ours["w"].numpy(), value, rtol=1e-5)


def test_the_average_forgets_its_start_and_then_decays() -> None:
    mean, parameter = {"w": tf.constant([8.0])}, {"w": tf.constant([2.0])}
    assert averaged(mean, parameter, 0.999, tf.constant(0))["w"].numpy() == pytest.approx(8.0 + 0.9 * (2.0 - 8.0))
    late = averaged(mean, parameter, 0.999, tf.constant(100_000))["w"].numpy()
    assert late == pytest.approx(8.0 + 0.001 * (2.0 - 8.0))


def test_the_cosine_schedule_runs_from_the_rate_to_zero() -> None:
    def rates(schedule: Schedule, *steps: int, warmup: float = 0.0) -> list[float]:
        return [float(scheduled_rate(schedule, tf.constant(0.4), tf.constant(step), 100, warmup)) for step in steps]

    assert rates("cosine", 0, 50, 100, 150) == pytest.approx([0.4, 0.2, 0.0, 0.0], abs=1e-7)
    assert rates("constant", 0, 99) == pytest.approx([0.4, 0.4])
    assert rates("constant", 0, 4, 9, 10, 99, warmup=10.0) == pytest.approx([0.04, 0.2, 0.4, 0.4, 0.4])
    assert rates("cosine", 4, 50, warmup=10.0)[1] == pytest.approx(0.2)


def test_beta_rises_once_or_in_every_cycle() -> None:
    def betas(schedule: BetaSchedule, *steps: int) -> list[float]:
        return [float(scheduled_beta(schedule, tf.constant(2.0), tf.constant(step), 10.0)) for step in steps]

    assert betas("constant", 0, 3) == [2.0, 2.0]
    assert betas("warmup", 0, 5, 10, 25) == pytest.approx([0.0, 1.0, 2.0, 2.0])
    assert betas("cyclic", 0, 2, 5, 9, 10, 12, 17) == pytest.approx([0.0, 0.8, 2.0, 2.0, 0.0, 0.8, 2.0], abs=1e-5)


def test_one_step_is_the_gradient_of_the_objective(tiny_data: Path) -> None:
    """In Adam's first step, every weight moves by the learning rate against the sign of its gradient."""
    settings = replace(SETTINGS, likelihood="continuous_bernoulli", learning_rate=1e-3)
    architecture = architecture_of(settings, IMAGE_SHAPE)
    loop, state = TrainingLoop(architecture, settings, blobs(16)), initial_state(architecture, 0)
    before = {name: value.numpy() for name, value in state.parameters.items()}
    loop.run(state, loop.epoch_order(0), 0, 1)
    moved = np.concatenate([(state.parameters[name].numpy() - before[name]).ravel() for name in before])
    gradient = np.concatenate([state.first[name].numpy().ravel() for name in before])
    clear = np.abs(gradient) > 1e-4
    assert clear.mean() > 0.5
    assert np.allclose(moved[clear], -1e-3 * np.sign(gradient[clear]), rtol=0.05)


def test_beta_weighs_the_kl_term_alone() -> None:
    gradients = []
    for beta in (0.0, 1.0, 3.0):
        settings = replace(SETTINGS, beta=beta)
        architecture = architecture_of(settings, IMAGE_SHAPE)
        loop, state = TrainingLoop(architecture, settings, blobs(16)), initial_state(architecture, 0)
        sums = loop.run(state, loop.epoch_order(0), 0, 1)
        gradients.append({name: value.numpy() for name, value in state.first.items()})
        terms = sums.means()
        assert terms.elbo == pytest.approx(-(terms.reconstruction + terms.kl))
        assert terms.loss == pytest.approx(terms.reconstruction + beta * terms.kl, rel=1e-6)
    none, one, three = gradients
    for name in ("encoder.loc.bias", "encoder.scale.kernel"):
        assert np.abs(one[name] - none[name]).max() > 1e-4
        assert np.allclose(three[name] - none[name], 3 * (one[name] - none[name]), rtol=1e-3, atol=1e-5)
    assert np.allclose(three["decoder.logits.bias"], none["decoder.logits.bias"], atol=1e-7)


def test_binarized_pixels_are_black_or_white_with_their_grey_level() -> None:
    pixels = tf.constant(np.tile(np.array([0, 64, 128, 255], np.uint8), (20_000, 1)))
    draw = tf.function(lambda seed: training_input(pixels, "bernoulli", seed), jit_compile=True)
    first, second = draw(tf.constant([1, 2], tf.int64)).numpy(), draw(tf.constant([1, 4], tf.int64)).numpy()
    assert set(np.unique(first)) == {0.0, 1.0}
    assert first.mean(axis=0) == pytest.approx([0, 64 / 255, 128 / 255, 1], abs=4 * 0.5 / np.sqrt(20_000))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, draw(tf.constant([1, 2], tf.int64)).numpy())


def test_every_step_has_noise_of_its_own() -> None:
    seeds = {_noise_seed(5, step, stream) for step in range(10) for stream in (0, 1)}
    assert len(seeds) == 20
    assert _noise_seed(6, 0, 0) not in seeds


def _noise_seed(seed: int, step: int, stream: int) -> tuple[int, ...]:
    return tuple(noise_seed(tf.constant(seed, tf.int64), tf.constant(step), stream).numpy().tolist())


def test_steps_do_not_depend_on_how_they_are_cut_into_chunks() -> None:
    architecture = architecture_of(SETTINGS, IMAGE_SHAPE)
    loop = TrainingLoop(architecture, SETTINGS, blobs(96))
    whole, parts = initial_state(architecture, 0), initial_state(architecture, 0)
    order = loop.epoch_order(0)
    loop.run(whole, order, 0, 6)
    for first, steps in ((0, 1), (1, 3), (4, 2)):
        loop.run(parts, order, first, steps)
    assert whole.step == parts.step == 6
    for group in ("parameters", "first", "second"):
        for name, value in getattr(whole, group).items():
            assert np.array_equal(value.numpy(), getattr(parts, group)[name].numpy())


def test_every_epoch_sees_every_image_once_in_another_order() -> None:
    loop = TrainingLoop(architecture_of(SETTINGS, IMAGE_SHAPE), SETTINGS, blobs(50))
    orders = [loop.epoch_order(epoch).numpy() for epoch in (0, 1)]
    assert [sorted(order.tolist()) for order in orders] == [list(range(50))] * 2
    assert not np.array_equal(*orders)
