"""A person's functions as a model, without a window: what is asked, and what becomes of errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latentscape.caller import Caller
from latentscape.functions import Functions
from latentscape.own_images import OwnImages
from latentscape.wire import Description
from models.core.errors import UserError
from models.core.families import Family
from models.core.walk_settings import WalkSettings
from models.data.opening import load_images, open_data
from models.importing.moments import SHARP
from models.paths.evidence import measuring
from models.paths.walk import Ways, walking
from models.protocol.lab import Continuous, ElboPoint, Gradients
from models.vae import sampling
from models.vae.live import LiveVAE, joined
from models.workers.decoder.lab import gradients
from models.workers.decoder.session import Session
from models.workers.loop import Jobs
from tests.models.conftest import finish

CODES = np.random.default_rng(0).normal(0.0, 0.5, (30, 2)).astype(np.float32)
GATE = threading.Event()
Opened = tuple[LiveVAE, Caller]


def decode(z: np.ndarray) -> np.ndarray:
    """Return images whose rows and columns are alike: red is z₀, green and blue are z₁."""
    if np.abs(z).max() > 50.0:
        GATE.wait(60.0)
        raise ArithmeticError("too far out")
    return np.tile(1.0 / (1.0 + np.exp(-z[:, None, None, [0, 1, 1]])), (1, 3, 2, 1))


def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mu = np.log(np.clip(x, 0.01, 0.99) / (1.0 - np.clip(x, 0.01, 0.99)))[:, 0, 0, :2]
    return mu, np.full_like(mu, 0.25)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    functions = Functions(decode, encode, 2)
    own = OwnImages(functions, decode(CODES), None, None, None)
    own.write(tmp_path / "own.npz")
    said = Description("mine", "d1", 2, functions.image_shape, True, "Laplace", None, str(tmp_path / "own.npz"), ("a",))
    caller = Caller(functions, said, own)
    vae = joined(caller.address, caller.key)
    yield vae, caller
    vae.close()
    caller.close()


def test_a_walk_asks_the_functions_and_no_geodesic_is_one(opened: Opened) -> None:
    vae, _ = opened
    keys = CODES[:2].astype(np.float64)
    walk = finish(walking(vae, WalkSettings(frames=5, spacing="picture"), keys, None, Ways()))
    assert np.allclose(walk.z[[0, -1]], keys)
    evidence = finish(measuring(vae, walk.z, False, None))
    assert evidence.typicality is None
    assert evidence.reencoded is not None
    assert evidence.reencoded.max() < 0.1
    with pytest.raises(UserError, match="no gradient flows through a Python function, so it has no geodesics"):
        finish(walking(vae, WalkSettings("geodesic"), keys, None, Ways()))


def test_it_answers_as_the_functions_do(opened: Opened, tmp_path: Path) -> None:
    vae, _ = opened
    z = np.random.default_rng(1).normal(0.0, 1.0, (40, 2)).astype(np.float32)
    np.testing.assert_allclose(vae.decode(z), decode(z), atol=1e-6)
    mean, std = vae.spread(z)
    np.testing.assert_allclose(mean, decode(z).mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(std, decode(z).std(axis=0), atol=1e-6)
    info = vae.info("mine (Python)")
    assert (info.path, info.name, info.digest, info.image_shape) == ("mine (Python)", "mine", "d1", (3, 2, 3))
    assert (info.live, info.has_encoder, info.settings.prior, vae.space.prior) == (True, True, "Laplace", "Laplace")
    drawn = sampling.draw(vae, z[0], np.ones(2, np.float32), 5, 0)
    np.testing.assert_allclose(drawn.centre, decode(z[:1])[0], atol=1e-6)
    pixels = np.rint(255.0 * decode(z)).astype(np.uint8)
    mu, sigma = vae.encode(pixels)
    np.testing.assert_allclose(mu, encode(pixels / 255.0)[0], rtol=1e-4)
    assert (sigma == 0.25).all()


def test_its_own_images_are_encoded_as_they_were_given_and_others_as_they_are_shown(
    opened: Opened, tmp_path: Path
) -> None:
    vae, caller = opened
    data = open_data(vae.description.data)
    assert (vae.named(data).name, vae.named(data).label_names) == ("mine", ("a",))
    np.testing.assert_allclose(finish(vae.embedding(data, load_images(data))).mu, CODES, atol=1e-5)
    other = replace(data, path="other.npz")
    assert vae.named(other) is other
    shown = finish(vae.embedding(other, load_images(data))).mu
    assert 1e-4 < np.abs(shown - CODES).max() < 0.05
    caller._own._latents = CODES + 1.0  # type: ignore[union-attr]
    given = finish(vae.embedding(data, load_images(data)))
    np.testing.assert_array_equal(given.mu, CODES + np.float32(1.0))
    assert (given.sigma == np.float32(SHARP)).all()


def test_errors_are_those_of_the_question_and_answers_nobody_waits_for_are_dropped(opened: Opened) -> None:
    vae, caller = opened
    far, left, near = (vae.decoding(np.full((1, 2), value, np.float32)) for value in (99.0, 1.0, 0.0))
    GATE.clear()
    for asking in (far, left, near):
        next(asking)
    left.close()
    GATE.set()
    assert finish(near)[0].shape == (1, 3, 2, 3)
    with pytest.raises(ValueError, match=r"^decode raised ArithmeticError: too far out$"):
        finish(far)
    assert vae._awaited == {}
    caller.close()
    with pytest.raises(ValueError, match="the Python process of mine answers no more"):
        vae.decode(np.zeros((1, 2), np.float32))


def test_no_gradient_flows_through_a_function(opened: Opened) -> None:
    session = Session(Jobs())
    session.take_model("d1", opened[0])
    point = ElboPoint(np.zeros((1, 3, 2, 3), np.uint8), np.zeros(2, np.float32), 0)
    problem = Continuous("elbo", Family("Normal", {"loc": 0.0, "scale": 1.0}), 0.0, point)
    with pytest.raises(ValueError, match="mine is a Python function, through which no gradient flows"):
        gradients(session, Gradients(1, problem, 10, 0))


def test_slow_functions_are_asked_for_fewer_images_at_once(opened: Opened) -> None:
    vae, _ = opened
    assert [turn.stop for turn in vae.turns(40)] == [16, 32, 40]
    vae._seconds_each = 0.01
    assert [turn.stop for turn in vae.turns(7)] == [3, 6, 7]
    vae._seconds_each = 60.0
    assert [turn.stop for turn in vae.turns(2)] == [1, 2]


def test_large_images_are_asked_for_one_at_a_time() -> None:
    functions = Functions(lambda z: np.zeros((len(z), 600, 800, 3), np.uint8), None, 1)
    caller = Caller(functions, Description("large", "d2", 1, functions.image_shape, False, "Normal", "bernoulli"))
    vae = joined(caller.address, caller.key)
    assert next(vae.turns(9)) == slice(0, 1)
    assert vae.spread(np.zeros((2, 1), np.float32))[0].shape == (600, 800, 3)
    assert vae.info("").settings.likelihood == "bernoulli"
    vae.close()
    caller.close()
