"""Embeddings in the cache folder: found again, bounded in number, never incomplete."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from models.core.descriptions import DataInfo
from models.core.folders import cache_root
from models.core.geometry import standard_noise
from models.vae import posterior_cache
from models.vae.latent_space import Divergence, LatentSpace
from models.vae.posterior import Posteriors, summarize
from tests.models.conftest import finish

COUNT = 5000


def data(digest: str = "data") -> DataInfo:
    return DataInfo("", "set", digest, COUNT, COUNT - 10, (6, 5, 1), "", None)


def embedding(seed: int) -> Posteriors:
    noise = standard_noise(seed, COUNT, 3)
    return Posteriors(noise, np.exp(noise))


def found(model: str, info: DataInfo, latent_dim: int = 3) -> posterior_cache.StoredEmbedding | None:
    return finish(posterior_cache.find(model, info, latent_dim))


def test_what_is_stored_is_found_by_model_and_data() -> None:
    stored = finish(posterior_cache.store("model", data(), embedding(1)))
    again = found("model", data())
    assert again is not None
    assert (again.mu_path, again.sigma_path) == (stored.mu_path, stored.sigma_path)
    assert np.array_equal(again.posteriors.mu, embedding(1).mu)
    assert np.array_equal(np.load(again.sigma_path), embedding(1).sigma)
    assert found("other", data()) is None
    assert found("model", data("other")) is None


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"short"])
def test_a_damaged_embedding_is_not_found(content: bytes) -> None:
    stored = finish(posterior_cache.store("model", data(), embedding(1)))
    Path(stored.sigma_path).write_bytes(content)
    assert found("model", data()) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_an_embedding_with_numbers_that_cannot_be_is_not_found(value: float) -> None:
    stored = finish(posterior_cache.store("model", data(), embedding(1)))
    values = np.load(stored.sigma_path, mmap_mode="r+")
    values[-1, 1] = value
    values.flush()
    assert found("model", data()) is None
    assert found("model", data(), latent_dim=2) is None


def test_an_abandoned_writing_leaves_nothing() -> None:
    steps = posterior_cache.store("model", data(), embedding(1))
    next(steps)
    steps.close()
    assert list(Path(cache_root(), "embeddings").iterdir()) == []


def test_only_the_embeddings_used_last_are_kept() -> None:
    for index in range(12):
        stored = finish(posterior_cache.store(f"model-{index}", data(), embedding(index)))
        for path in (stored.mu_path, stored.sigma_path):
            os.utime(path, (1000 + index, 1000 + index))
        if index == 9:
            assert found("model-0", data()) is not None
    kept = {index for index in range(12) if found(f"model-{index}", data()) is not None}
    assert kept == {0, 3, 4, 5, 6, 7, 8, 9, 10, 11}
    assert len(list(Path(stored.mu_path).parent.iterdir())) == 20


def test_the_summary_is_that_of_all_images() -> None:
    whole = embedding(2)
    whole.mu[:, 1] = 1000.0 + 0.05 * whole.mu[:, 1]
    summary = finish(summarize(whole, Divergence(LatentSpace())))
    mu, sigma = whole.mu.astype(np.float64), whole.sigma.astype(np.float64)
    assert np.allclose(summary.kl, (0.5 * (mu**2 + sigma**2 - 1) - np.log(sigma)).mean(axis=0))
    values, vectors = np.linalg.eigh(np.cov(mu, rowvar=False))
    assert np.allclose(summary.explained, values[:0:-1] / values.sum(), rtol=1e-9)
    assert np.allclose(np.abs(summary.principal @ vectors[:, :0:-1]), np.eye(2), atol=1e-9)
    assert np.allclose(summary.mean, mu.mean(axis=0))
    assert summary.active.tolist() == [True, False, True]
    assert np.array_equal(summary.low, mu.min(axis=0))
    assert np.array_equal(summary.high, mu.max(axis=0))
    for dim, counts in enumerate(summary.counts):
        limits = min(-4.0, summary.low[dim]), max(4.0, summary.high[dim])
        assert np.array_equal(counts, np.histogram(mu[:, dim], len(counts), limits)[0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_embedding_that_is_not_finite_is_refused(value: float) -> None:
    broken = embedding(3)
    broken.mu[4000, 2] = value
    with pytest.raises(ValueError, match="encoder answers some images with NaN or infinite"):
        finish(summarize(broken, Divergence(LatentSpace())))


def test_noise_is_decided_by_its_seed_row_by_row() -> None:
    assert np.array_equal(standard_noise(7, 3, 5), standard_noise(7, 100, 5)[:3])
    assert not np.array_equal(standard_noise(7, 3, 5), standard_noise(8, 3, 5))
    assert standard_noise(7, 4000, 5).std() == pytest.approx(1.0, abs=0.02)
