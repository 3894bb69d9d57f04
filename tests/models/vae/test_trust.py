"""The meter: exact mixtures of every family, holes that are known, and models that return or lose a point."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.special import logsumexp

from models.core.families import LatentFamily
from models.core.settings import TrainSettings
from models.core.steps import finished
from models.core.trust import Agreement, Trust, Usual
from models.vae.architecture import architecture_of
from models.vae.latent_space import LatentSpace
from models.vae.model import VAE
from models.vae.posterior import Posteriors
from models.vae.trust import NEIGHBOURS, agreement, judged, surprise, usual_of

RNG = np.random.default_rng(0)
FAMILIES = {"Normal": scipy.stats.norm, "Laplace": scipy.stats.laplace, "Logistic": scipy.stats.logistic}
USUAL = Usual(nats=3.0, most=5.0, norm=4.0, draws=64)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_aggregate_posterior_is_summed_exactly(family: LatentFamily) -> None:
    mu = RNG.normal(size=(5000, 30)).astype(np.float32)
    posteriors = Posteriors(mu, RNG.uniform(0.1, 1.0, mu.shape).astype(np.float32))
    for z in (mu[4].astype(float), np.full(30, 2.5)):
        members = FAMILIES[family](mu.astype(float), posteriors.sigma.astype(float))
        expected = math.log(len(mu)) - logsumexp(members.logpdf(z).sum(axis=1))
        assert finished(surprise(LatentSpace(family), posteriors, z[None])) == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_can_be_left_out(family: LatentFamily) -> None:
    mu, sigma = RNG.normal(size=(2, 700, 4)).astype(np.float32)
    posteriors, rows = Posteriors(mu, np.exp(sigma)), np.array([0, 3, 699])
    left_out = finished(surprise(LatentSpace(family), posteriors, mu[rows].astype(float), rows))
    for row, nats in zip(rows, left_out, strict=True):
        others = Posteriors(np.delete(mu, row, 0), np.delete(np.exp(sigma), row, 0))
        alone = finished(surprise(LatentSpace(family), others, mu[[row]].astype(float)))
        assert nats == pytest.approx(alone[0], rel=1e-6)


def test_a_single_posterior_has_its_entropy_at_one_deviation() -> None:
    one = Posteriors(np.array([[1.0, -2.0]], np.float32), np.array([[0.5, 2.0]], np.float32))
    # Where each (z − μ)² is σ², −log q is the differential entropy.
    entropy = 2 * 0.5 * math.log(2 * math.pi * math.e) + math.log(0.5 * 2.0)
    assert finished(surprise(LatentSpace(), one, np.array([[1.5, 0.0]]))) == pytest.approx([entropy], rel=1e-6)


def test_the_middle_of_a_ring_is_a_hole_and_beyond_it_is_outside() -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, 400, endpoint=False)
    ring = (3.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)
    posteriors = Posteriors(ring, np.full_like(ring, 0.1))
    usual = finished(usual_of(LatentSpace(), posteriors))
    # Uniform on a ring of radius r and width σ, seen across: 2πr · σ√(2πe).
    assert usual.nats == pytest.approx(math.log(2 * math.pi * 3.0 * 0.1 * math.sqrt(2 * math.pi)) + 0.25, abs=0.2)
    verdicts = []
    for z in ([3.0, 0.0], [0.0, 0.0], [0.0, 5.0]):
        nats = float(finished(surprise(LatentSpace(), posteriors, np.array([z])))[0])
        verdicts.append(Trust(nats, float(np.linalg.norm(z)), usual).verdict)
    assert verdicts == ["like the data", "in a hole", "outside"]


def test_numbers_and_sentences_say_the_same() -> None:
    trust = Trust(6.5, 2.0, USUAL, sigmas=0.5, pixels=0.02, agreement=Agreement(7, 12, 15))
    assert trust.excess == 3.5
    assert trust.facts("seven") == [
        "+3.5 nats (at most +2.0)", "re-encodes within 0.5 σ, 0.02 of white", "12 of 15 neighbours are seven",
    ]  # fmt: skip
    assert trust.brief() == "in a hole · +4 nats · 0.5 σ · 12/15 are 7"
    assert trust.sentences()[0].startswith("In a hole: no posterior of an image reaches here")
    assert Trust(4.9, 9.0, USUAL).verdict == "like the data"
    assert Trust(5.1, 4.1, USUAL).verdict == "outside"


def test_of_labels_that_are_as_frequent_the_nearest_wins() -> None:
    assert agreement(np.array([4, 2, 2, 4, 1])) == Agreement(4, 2, 5)


def test_a_point_is_decoded_and_encoded_again() -> None:
    architecture = architecture_of(TrainSettings(hidden=(12, 8), latent_dim=3), (6, 5, 1))
    vae = VAE(architecture, architecture.initial_parameters(seed=1))
    images = RNG.integers(0, 256, (40, 6, 5, 1)).astype(np.uint8)
    posteriors = Posteriors(*vae.encode(images))
    usual = finished(usual_of(vae.space, posteriors))
    z = RNG.normal(size=3)
    trust = finished(judged(vae, posteriors, images, np.arange(40) % 2, usual, z))
    picture = vae.decode(z[None].astype(np.float32))
    mu, sigma = vae.encode(np.rint(255.0 * picture).astype(np.uint8))
    assert trust.sigmas == pytest.approx(np.sqrt((((z - mu[0]) / sigma[0]) ** 2).mean()), rel=1e-5)
    assert trust.pixels == pytest.approx(np.sqrt(((vae.decode(mu) - picture) ** 2).mean()), rel=1e-5)
    nearest = np.argsort(np.linalg.norm(posteriors.mu - z, axis=1))[:NEIGHBOURS]
    assert trust.agreement is not None
    assert trust.agreement.count == np.bincount(nearest % 2).max()
    assert trust.typicality is not None
    assert trust.typicality.nearer == pytest.approx(scipy.stats.chi2(3).cdf(z @ z), rel=1e-9)
