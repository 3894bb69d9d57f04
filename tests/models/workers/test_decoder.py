"""The real decoder, over a real pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from PIL import Image
from scipy.special import logsumexp

from models.core.families import FAMILY_PARAMETERS, STANDARD_NORMAL, Family
from models.core.geometry import standard_noise
from models.core.npy import map_array
from models.core.settings import Likelihood
from models.protocol.decoding import (
    Aggregate,
    AggregateReady,
    Cancel,
    Decode,
    Decoded,
    Draw,
    Drawn,
    Encoded,
    EncodeFile,
    EncodeImages,
    Sample,
    SampleTile,
)
from models.protocol.distribution import Curves, CurvesReady, Locate, Located
from models.protocol.factors import FactorsMeasured, MeasureFactors
from models.protocol.lifecycle import Alive, Dropped, Failed
from models.protocol.messages import Request
from models.protocol.neighbours import FindNeighbours, NeighboursFound
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel
from models.protocol.training import Control
from models.protocol.trust import Judge, Judged
from models.vae.disentanglement import KnownFactors, disentanglement
from tests.models.conftest import blobs, finish
from tests.support.spawned import Worker, spawned


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    yield from spawned("decoder", tmp_path_factory)


@pytest.fixture
def opened(decoder: Worker, tiny_model: Path) -> Worker:
    decoder.ask(OpenModel(1, str(tiny_model)), ModelOpened)
    return decoder


def test_decode_gives_the_mean_image_and_its_time(opened: Worker) -> None:
    z = standard_noise(0, 5, 3)
    reply = opened.ask(Decode(2, z), Decoded)
    assert reply.images.shape == (5, 6, 5, 1)
    assert reply.images.dtype == np.float32
    assert 0.0 <= reply.images.min() <= reply.images.max() <= 1.0
    assert 0.0 < reply.call_seconds < 1.0
    assert np.allclose(opened.ask(Decode(3, z[2:3]), Decoded).images[0], reply.images[2], atol=1e-6)


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "gaussian"])
def test_images_are_means_of_the_likelihood(
    likelihood: Likelihood, decoder: Worker, model_of: Callable[[Likelihood], Path]
) -> None:
    z = 5 * standard_noise(0, 4, 3)
    images = {}
    for kind in ("bernoulli", likelihood):
        decoder.ask(OpenModel(1, str(model_of(kind))), ModelOpened)
        images[kind] = decoder.ask(Decode(2, z), Decoded).images
    # The mean of a continuous Bernoulli is closer to one half than its parameter.
    ours, rate = np.abs(images[likelihood] - 0.5), np.abs(images["bernoulli"] - 0.5)
    assert (ours < rate + 1e-6).all() if likelihood == "continuous_bernoulli" else np.allclose(ours, rate)


def test_draw_gives_centre_mean_spread_and_kl(opened: Worker) -> None:
    centre, sigma = np.array([0.5, -1.0, 0.0], np.float32), np.array([0.1, 2.0, 1.0], np.float32)
    reply = opened.ask(Draw(2, centre, sigma, draws=32, seed=4), Drawn)
    images = opened.ask(Decode(3, centre + sigma * standard_noise(4, 32, 3)), Decoded).images
    assert np.allclose(reply.mean, images.mean(axis=0), atol=1e-6)
    assert np.allclose(reply.std, images.std(axis=0), atol=1e-5)
    assert np.allclose(reply.centre, opened.ask(Decode(4, centre[None]), Decoded).images[0], atol=1e-6)
    wide = sigma.astype(np.float64)
    assert np.allclose(reply.kl, 0.5 * (centre**2 + wide**2 - 1) - np.log(wide))


def test_encoding_images_and_a_picture_file_agree(opened: Worker, tmp_path: Path) -> None:
    images = blobs(3)
    reply = opened.ask(EncodeImages(2, images), Encoded)
    assert reply.mu.shape == reply.sigma.shape == (3, 3)
    assert (reply.sigma > 0).all()
    Image.fromarray(images[1, ..., 0]).save(tmp_path / "picture.png")
    other = opened.ask(EncodeFile(3, str(tmp_path / "picture.png")), Encoded)
    assert np.array_equal(other.images[0], images[1])
    assert np.allclose(other.mu[0], reply.mu[1], atol=1e-6)


def test_curves_agree_with_scipy(decoder: Worker) -> None:
    q, bank = Family("Normal", {"loc": 0.7, "scale": 0.2}), np.linspace(-2, 2, 9)
    reply = decoder.ask(Curves(5, q, STANDARD_NORMAL, "z", 0.9, bank, (-4.0, 4.0), 3.5, 4), CurvesReady)
    x, place, numbers = reply.x, reply.place, reply.numbers
    prior, posterior = scipy.stats.norm(0, 1), scipy.stats.norm(0.7, 0.2)
    for ours, theirs in (
        (reply.reference_pdf, prior.pdf(x)), (reply.reference_cdf, prior.cdf(x)),
        (reply.family_pdf, posterior.pdf(x)), (reply.family_cdf, posterior.cdf(x)),
        (place.pdf, posterior.pdf(0.9)), (place.u, posterior.cdf(0.9)), (place.survival, posterior.sf(0.9)),
        (numbers.kl, 0.5 * (0.49 + 0.04 - 1) - np.log(0.2)),
    ):  # fmt: skip
        assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-300)
    assert numbers.typicality is not None
    assert np.allclose(numbers.typicality.nearer, scipy.stats.chi2(4).cdf(3.5), rtol=1e-12)
    assert decoder.ask(Locate(6, q, "u", place.u), Located).z == pytest.approx(0.9, rel=1e-12)


def test_embedding_and_aggregate_of_a_data_set(opened: Worker, tiny_data: Path) -> None:
    opened.send(OpenData(2, str(tiny_data)))
    opened.send(Embed(3))
    opened.send(Aggregate(4, 1, np.linspace(-3, 3, 31)))
    data, embedded = opened.until(DataOpened).data, opened.until(Embedded)
    aggregate = opened.until(AggregateReady)
    mu, sigma = np.load(embedded.mu_path), np.load(embedded.sigma_path)
    images = np.load(data.images_path)
    direct = opened.ask(EncodeImages(5, images), Encoded)
    assert np.allclose(mu, direct.mu, atol=1e-6)
    assert np.allclose(sigma, direct.sigma, atol=1e-6)
    wide = sigma.astype(np.float64)
    summary = embedded.summary
    assert np.allclose(summary.kl, (0.5 * (mu**2 + wide**2 - 1) - np.log(wide)).mean(axis=0), atol=1e-6)
    assert np.array_equal(summary.active, mu.var(axis=0) > 0.01)
    assert np.allclose(summary.mean, mu.mean(axis=0), atol=1e-6)
    values, vectors = np.linalg.eigh(np.cov(mu, rowvar=False))
    assert np.allclose(summary.explained, values[:-3:-1] / values.sum(), rtol=1e-4)
    assert np.allclose(np.abs(summary.principal @ vectors[:, :-3:-1]), np.eye(2), atol=1e-3)
    assert np.allclose([summary.low, summary.high], [mu.min(axis=0), mu.max(axis=0)])
    expected = scipy.stats.norm(mu[:, 1:2].astype(np.float64), wide[:, 1:2])
    assert np.allclose(aggregate.pdf, expected.pdf(aggregate.x).mean(axis=0))
    assert np.allclose(aggregate.cdf, expected.cdf(aggregate.x).mean(axis=0))
    again = opened.ask(Embed(6), Embedded)
    assert again.mu_path == embedded.mu_path
    assert np.array_equal(again.summary.kl, summary.kl)


def failure_of(worker: Worker) -> Failed:
    """Return the next failure; cancelled requests are reported first."""
    while not isinstance(reply := worker.receive(), Failed):
        assert isinstance(reply, Dropped), reply
    return reply


def test_factors_are_measured_when_the_data_have_been_encoded(opened: Worker, tiny_data: Path, tmp_path: Path) -> None:
    opened.send(OpenData(2, str(tiny_data)))
    opened.send(Embed(3))
    opened.send(MeasureFactors(4))
    embedded, measured = opened.until(Embedded), opened.until(FactorsMeasured)
    assert (measured.model_digest, measured.data_digest) == (embedded.model_digest, embedded.data_digest)
    mu, labels = np.load(embedded.mu_path), np.arange(160) % 4
    direct = finish(disentanglement(mu, KnownFactors(("class",), labels[:, np.newaxis])))
    assert measured.result is not None
    assert np.array_equal(measured.result.information, direct.information)
    assert measured.result.factors[0].entropy == pytest.approx(np.log(4.0))
    np.save(tmp_path / "bare.npy", blobs(30))
    opened.send(OpenData(5, str(tmp_path / "bare.npy")))
    opened.until(DataOpened)
    opened.send(MeasureFactors(6))
    failed = failure_of(opened)
    assert (failed.id, failed.message) == (6, "the factors are measured when the data have been encoded")
    opened.send(Embed(7))
    opened.send(MeasureFactors(8))
    assert opened.until(FactorsMeasured).result is None


def test_sprites_are_opened_by_name_while_pictures_are_decoded(opened: Worker) -> None:
    opened.send(OpenData(2, "sprites:1500:3"))
    opened.send(Decode(3, np.zeros((1, 3), np.float32)))
    assert isinstance(opened.receive(), Decoded)
    data = opened.until(DataOpened).data
    assert (data.count, data.image_shape, data.path) == (1500, (64, 64, 1), "sprites:1500:3")
    opened.send(OpenData(4, "sprites:0"))
    assert failure_of(opened).message.startswith("sprites:0: at least two images")


def test_a_request_overtakes_background_work(opened: Worker, tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", images=blobs(30_000))
    opened.send(OpenData(2, str(tmp_path / "many.npz")))
    opened.until(DataOpened)
    opened.send(Embed(3))
    opened.send(Decode(4, np.zeros((1, 3), np.float32)))
    assert isinstance(opened.receive(), Decoded)
    assert opened.until(Embedded).id == 3


def test_a_newer_embedding_replaces_the_older(opened: Worker, tmp_path: Path) -> None:
    np.savez(tmp_path / "more.npz", images=blobs(30_000, seed=1))
    opened.send(OpenData(2, str(tmp_path / "more.npz")))
    opened.until(DataOpened)
    opened.send(Embed(3))
    opened.send(Embed(4))
    assert opened.until(Dropped).id == 3
    assert opened.until(Embedded).id == 4
    assert isinstance(opened.ask(Decode(5, np.zeros((1, 3), np.float32)), Decoded), Decoded)


@pytest.mark.parametrize("source", ["prior", "around", "posterior"])
def test_samples_come_in_tiles_in_order(source: str, opened: Worker) -> None:
    centre, sigma = np.array([0.5, -1.0, 0.0], np.float32), np.array([0.1, 2.0, 1.0], np.float32)
    opened.send(Sample(2, source, 150, 11, centre, sigma, spread=0.5))
    tiles = [opened.until(SampleTile)]
    while tiles[-1].start + len(tiles[-1].z) < tiles[-1].total:
        tiles.append(opened.until(SampleTile))
    assert [tile.start for tile in tiles] == [0, 64, 128]
    eps, z = (np.concatenate([getattr(tile, name) for tile in tiles]) for name in ("eps", "z"))
    assert np.array_equal(eps, standard_noise(11, 150, 3))
    expected = {"prior": eps, "around": centre + np.float32(0.5) * eps, "posterior": centre + sigma * eps}[source]
    assert np.array_equal(z, expected)
    decoded = opened.ask(Decode(3, z[70:71]), Decoded).images[0]
    assert np.allclose(tiles[1].images[6], decoded, atol=1e-6)


def test_cancelled_samples_stop(opened: Worker) -> None:
    zeros = np.zeros(3, np.float32)
    opened.send(Sample(2, "prior", 100_000, 0, zeros, zeros))
    opened.until(SampleTile)
    opened.send(Cancel(3, 2))
    opened.send(Decode(4, zeros[None]))
    opened.until(Decoded)
    assert opened.silent()


def test_a_reloaded_model_is_the_new_one(
    decoder: Worker, tiny_model: Path, model_of: Callable[[Likelihood], Path]
) -> None:
    z = np.ones((1, 3), np.float32)
    first = decoder.ask(OpenModel(1, str(tiny_model)), ModelOpened).model
    before = decoder.ask(Decode(2, z), Decoded).images
    second = decoder.ask(OpenModel(3, str(model_of("gaussian"))), ModelOpened).model
    assert first.digest != second.digest
    decoder.ask(OpenModel(4, str(tiny_model)), ModelOpened)
    assert np.array_equal(decoder.ask(Decode(5, z), Decoded).images, before)


def test_neighbours_are_those_of_the_embedding(opened: Worker, tiny_data: Path) -> None:
    data, ones = opened.ask(OpenData(2, str(tiny_data)), DataOpened).data, np.ones(3)
    early = opened.ask(FindNeighbours(3, 0.0 * ones, ones, "mu", 3), Failed)
    assert early.message == "neighbours are found when the data have been encoded"
    mu = map_array(opened.ask(Embed(4), Embedded).mu_path)
    found = opened.ask(FindNeighbours(5, mu[17].astype(float), ones, "mu", 3), NeighboursFound)
    expected = np.linalg.norm(mu - mu[17], axis=1)
    assert (found.data_digest, found.indices[0]) == (data.digest, 17)
    assert found.distances == pytest.approx(np.sort(expected)[:3], rel=1e-5)
    picture = opened.ask(Decode(6, ones[None].astype(np.float32)), Decoded).images[0]
    by_pixels = opened.ask(FindNeighbours(7, ones, ones, "pixels", 3), NeighboursFound).distances
    rms = np.sqrt(((map_array(data.images_path) / 255.0 - picture) ** 2).mean(axis=(1, 2, 3)))
    assert by_pixels == pytest.approx(np.sort(rms)[:3], rel=1e-5)


def test_points_are_judged_by_all_posteriors(opened: Worker, tiny_data: Path) -> None:
    opened.ask(OpenData(2, str(tiny_data)), DataOpened)
    embedded = opened.ask(Embed(3), Embedded)
    mu, sigma = map_array(embedded.mu_path).astype(float), map_array(embedded.sigma_path).astype(float)
    for z in (mu[3], np.array([9.0, 0.0, 0.0])):
        trust = opened.ask(Judge(4, z), Judged).trust
        expected = -logsumexp(scipy.stats.norm(mu, sigma).logpdf(z).sum(axis=1)) + np.log(len(mu))
        assert trust.nats == pytest.approx(expected, rel=1e-5)
        assert trust.verdict == ("outside" if z[0] == 9.0 else "like the data")


def test_work_on_a_replaced_model_is_given_up(opened: Worker, tiny_model: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "many.npz", images=blobs(30_000, seed=2))
    opened.send(OpenData(2, str(tmp_path / "many.npz")))
    opened.until(DataOpened)
    opened.send(Embed(3))
    opened.send(OpenModel(4, str(tiny_model)))
    kinds = [type(opened.receive()), type(opened.receive())]
    assert kinds == [ModelOpened, Dropped]
    assert opened.silent()


class Nonsense:
    """A request unknown to every worker."""

    id = 77


NOBODY = f"no family is called 'Nobody'; there are {', '.join(sorted(FAMILY_PARAMETERS))}"


def bad_requests(folder: Path) -> list[tuple[Request, str]]:
    nowhere, z = str(folder / "nowhere"), np.zeros((1, 3), np.float32)
    vector, normal = np.zeros(3, np.float32), Family("Normal", {"loc": 0.0, "scale": 1.0})
    broken = Family("Normal", {"loc": 0.0, "scale": -1.0})
    large = np.zeros((1, 9, 9, 1), np.uint8)
    return [
        (OpenModel(20, nowhere), "nowhere: no such file or directory"),
        (OpenData(21, nowhere), "nowhere: no such file or directory"),
        (EncodeFile(22, nowhere), "nowhere: no such file or directory"),
        (Decode(23, z[:, :2]), "latents must have the shape [n, 3], not [1, 2]"),
        (Decode(24, z * np.float32(np.nan)), "latents must be finite"),
        (Draw(25, vector, vector, 8, 0), "standard deviations must be positive"),
        (Draw(26, vector, vector + 1, 0, 0), "the number of draws lies in 1 to 4096, not 0"),
        (EncodeImages(27, large), "images must be uint8 [n, *[6, 5, 1]], not uint8 [1, 9, 9, 1]"),
        (Curves(28, broken, normal, "z", 0.0, np.zeros(3)), "Normal: scale must be finite and positive, not -1.0"),
        (Curves(29, normal, normal, "z", 0.0, np.zeros((3, 1))), "the bank must be a vector of finite scores"),
        (Curves(34, normal, normal, "eps", np.nan, np.zeros(3)), "eps must be finite, it is nan"),
        (Locate(30, normal, "u", 1.5), "u must lie between 0 and 1, it is 1.5"),
        (Locate(35, Family("Nobody", {}), "u", 0.5), NOBODY),
        (Aggregate(31, 3, np.zeros(3)), "there is no latent dimension 3"),
        (Sample(32, "prior", 0, 0, vector, vector), "the number of samples lies in 1 to 100000, not 0"),
        (Control(33, "stop"), "the decoder does not know the request Control"),
        (Nonsense(), "the decoder does not know the request Nonsense"),
    ]  # fmt: skip


def test_bad_requests_are_answered_and_survived(opened: Worker, tmp_path: Path) -> None:
    good = opened.ask(Decode(2, np.zeros((1, 3), np.float32)), Decoded).images
    for request, message in bad_requests(tmp_path):
        reply = opened.ask(request, Failed)
        assert (reply.kind, reply.message) == (type(request).__name__, message)
        assert "Traceback" in reply.traceback
    assert np.array_equal(opened.ask(Decode(3, np.zeros((1, 3), np.float32)), Decoded).images, good)


def test_data_that_does_not_fit_the_model_is_refused(opened: Worker, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", images=blobs(10, shape=(4, 4, 1)))
    opened.send(OpenData(2, str(tmp_path / "other.npz")))
    opened.until(DataOpened)
    assert "images must be uint8 [n, *[6, 5, 1]]" in opened.ask(Embed(3), Failed).message


def test_native_output_goes_to_the_log(decoder: Worker) -> None:
    assert "Could not find" in decoder.log.read_text() or decoder.log.stat().st_size > 0


def test_signs_of_life_come_from_a_real_worker(opened: Worker) -> None:
    while not isinstance(sign := opened.hear(), Alive):
        pass
    assert sign.turn > 0
    assert sign.cpu_seconds > 0
