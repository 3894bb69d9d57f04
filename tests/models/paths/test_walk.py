"""Walks of a small model: their frames, and the evidence along them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, laplace, norm

from models.core.errors import UserError
from models.core.images import to_bytes
from models.core.steps import finished
from models.core.walk_settings import WALK_KINDS, WalkSettings
from models.paths.evidence import Embedded, measuring
from models.paths.walk import Ways, walking
from models.vae.architecture import Architecture, architecture_of
from models.vae.model import VAE
from models.vae.posterior import Posteriors, embed
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs

KEYS = np.array([[0.5, -0.2, 0.1], [-1.0, 0.4, 0.8], [0.3, 1.2, -0.5]])


@pytest.fixture(scope="module")
def vae() -> VAE:
    architecture = architecture_of(SETTINGS, IMAGE_SHAPE)
    return VAE(architecture, architecture.initial_parameters(seed=1))


@pytest.fixture(scope="module")
def known(vae: VAE) -> Embedded:
    return Embedded(finished(embed(vae, blobs(80))), np.arange(80) % 4)


@pytest.fixture(scope="module")
def ways() -> Ways:
    return Ways()


@pytest.mark.parametrize("kind", WALK_KINDS)
def test_a_walk_has_its_frames_and_the_same_bits_again(kind: str, vae: VAE, known: Embedded, ways: Ways) -> None:
    settings = WalkSettings(kind=kind, frames=9, neighbours=20)
    first, again = (finished(walking(vae, settings, KEYS, known.posteriors, ways)) for _ in range(2))
    assert first.z.shape == (9, 3)
    assert first.z.tobytes() == again.z.tobytes()
    assert (np.diff(first.places) > 0.0).all()
    if not settings.returns:
        assert np.allclose(first.z[[0, -1]], KEYS[[0, 2]])
    steps = np.linalg.norm(np.diff(first.z, axis=0), axis=1)
    if kind == "line":
        # But for the one around the corner.
        assert np.ptp(np.sort(steps)[1:]) < 1e-5


def test_a_closed_walk_does_not_show_its_start_twice(vae: VAE) -> None:
    closed = finished(walking(vae, WalkSettings(frames=6, closed=True), KEYS[:2], None, Ways()))
    assert np.allclose(closed.z[0], KEYS[0])
    assert np.allclose(closed.z[3], KEYS[1])
    assert np.allclose(closed.z[[1, 2]], closed.z[[5, 4]])


def test_steps_are_equal_in_the_picture(vae: VAE) -> None:
    settings = WalkSettings(frames=20, spacing="picture")
    shares: list[float] = []
    even = finished(walking(vae, settings, 3.0 * KEYS, None, Ways()), shares.append)
    plain = finished(walking(vae, replace(settings, spacing="z"), 3.0 * KEYS, None, Ways()))
    spreads = []
    for walk in (even, plain):
        steps = finished(measuring(vae, walk.z, False, None)).steps[1:]
        spreads.append(float(steps.std() / steps.mean()))
    assert spreads[0] < 0.25 * spreads[1]
    assert shares == sorted(shares)


def test_a_geodesic_changes_the_picture_less_than_the_line(vae: VAE, known: Embedded, ways: Ways) -> None:
    lengths = {}
    keys = 4.0 * KEYS[:2]
    for settings in (
        WalkSettings("line", 49),
        WalkSettings("geodesic", 49),
        WalkSettings("geodesic", 49, off_data=1.0, neighbours=20),
    ):
        walk = finished(walking(vae, settings, keys, known.posteriors, ways))
        evidence = finished(measuring(vae, walk.z, False, known))
        assert evidence.nats is not None
        lengths[settings.kind, settings.off_data] = float(np.nansum(evidence.steps)), float(evidence.nats.mean())
    assert lengths["geodesic", 0.0][0] < lengths["line", 0.0][0]
    assert lengths["geodesic", 1.0][1] < lengths["geodesic", 0.0][1]


@pytest.mark.parametrize("settings", [WalkSettings("data"), WalkSettings("geodesic", off_data=1.0)])
def test_the_way_on_the_data_needs_data(settings: WalkSettings, vae: VAE) -> None:
    with pytest.raises(UserError, match="the model has encoded no data; open data for it"):
        finished(walking(vae, settings, KEYS, None, Ways()))


def test_the_evidence_agrees_with_scipy(vae: VAE, known: Embedded) -> None:
    z = np.concatenate([KEYS, known.posteriors.mu[[7]]]).astype(np.float32)
    evidence = finished(measuring(vae, z, True, known))
    tail = chi2(3).cdf(np.square(z, dtype=np.float64).sum(axis=1))
    assert np.allclose(evidence.typicality, 2 * np.minimum(tail, 1 - tail))
    mu, sigma = (values.astype(np.float64) for values in (known.posteriors.mu, known.posteriors.sigma))
    logs = norm(mu, sigma).logpdf(mu) - norm(mu, sigma).logpdf(z[:, None])
    assert np.allclose(evidence.nats, logs.sum(axis=2).min(axis=1), atol=1e-6)
    assert evidence.nearest is not None
    assert (evidence.nearest == logs.sum(axis=2).argmin(axis=1)).all()
    assert evidence.nearest[3] == 7
    images = vae.decode(z)
    codes = vae.encode(to_bytes(images))
    assert np.allclose(evidence.reencoded, np.sqrt(np.square((z - codes[0]) / codes[1]).mean(axis=1)), atol=1e-4)
    rows = images.reshape(4, -1).astype(np.float64)
    assert np.allclose(evidence.steps, np.linalg.norm(rows - np.roll(rows, 1, axis=0), axis=1), atol=1e-6)
    assert np.isnan(finished(measuring(vae, z, False, None)).steps[0])


def test_the_class_is_that_of_most_neighbours(vae: VAE) -> None:
    means = np.concatenate([np.zeros((20, 3)), np.ones((20, 3))]).astype(np.float32)
    embedded = Embedded(Posteriors(means, np.ones_like(means)), np.repeat([4, 9], 20))
    evidence = finished(measuring(vae, np.array([[0.1] * 3, [0.9] * 3], np.float32), False, embedded))
    assert evidence.labels is not None
    assert evidence.agreement is not None
    assert (evidence.labels.tolist(), evidence.agreement.tolist()) == ([4, 9], [1.0, 1.0])
    assert set(evidence.columns()) == {
        "step", "typicality", "nearest_nats", "nearest_image", "reencoding_sigmas", "label", "agreement",
    }  # fmt: skip


def test_of_other_families_the_density_is_theirs(tiny_architecture: Architecture) -> None:
    architecture = architecture_of(replace(SETTINGS, posterior="Laplace", prior="Laplace"), IMAGE_SHAPE)
    vae = VAE(architecture, tiny_architecture.initial_parameters(seed=1))
    mu, sigma = KEYS[:2].astype(np.float32), np.full((2, 3), 0.5, np.float32)
    z = np.array([[0.0, 0.0, 0.0]], np.float32)
    evidence = finished(measuring(vae, z, False, Embedded(Posteriors(mu, sigma))))
    below = laplace(mu, sigma).logpdf(mu).sum(axis=1) - laplace(mu, sigma).logpdf(z).sum(axis=1)
    assert evidence.nats is not None
    assert evidence.nats[0] == pytest.approx(below.min(), abs=1e-5)
    assert evidence.typicality is None
