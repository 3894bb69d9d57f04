"""Codes in a file are data of the model: images are what it makes of them, posteriors are the codes themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.data.latents import holds_latents
from models.data.opening import load_images
from models.vae import posterior_cache
from models.vae.codes import opening_codes
from models.vae.foreign import Reader
from models.vae.model import VAE
from tests.fixtures import make_onnx
from tests.models.conftest import finish

CODES = np.random.default_rng(0).standard_normal((40, make_onnx.LATENT)).astype(np.float32)


@pytest.fixture
def vae(tmp_path: Path) -> VAE:
    (tmp_path / "half.onnx").write_bytes(make_onnx.decoder()[0])
    opened = Reader().open(tmp_path / "half.onnx")
    return VAE(opened.architecture, opened.parameters)


def test_codes_are_decoded_and_are_their_own_posteriors(vae: VAE, tmp_path: Path) -> None:
    sigma, labels = np.full_like(CODES, 0.3), np.arange(40) % 3
    np.savez(tmp_path / "codes.npz", mu=CODES, sigma=sigma, labels=labels)
    info = finish(opening_codes(vae, "abc", tmp_path / "codes.npz"))
    assert (info.count, info.image_shape, info.codes_of) == (40, (12, 12, 1), "abc")
    np.testing.assert_allclose(load_images(info) / 255.0, vae.decode(CODES), atol=0.5 / 255 + 1e-5)
    assert info.labels_path is not None
    assert np.array_equal(np.load(info.labels_path), labels)
    stored = finish(posterior_cache.find("abc", info, make_onnx.LATENT))
    np.testing.assert_array_equal(stored.posteriors.mu, CODES)
    np.testing.assert_array_equal(stored.posteriors.sigma, sigma)
    assert finish(opening_codes(vae, "abc", tmp_path / "codes.npz")) == info


def test_codes_alone_get_a_small_deviation(vae: VAE, tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", CODES)
    info = finish(opening_codes(vae, "abc", tmp_path / "z.npy"))
    assert finish(posterior_cache.find("abc", info, make_onnx.LATENT)).posteriors.sigma.max() < 0.02


@pytest.mark.parametrize(
    ("codes", "reason"),
    [(CODES[:, :2], r"latents must have the shape \[n, 3\]"), (CODES[:1], "it has only one code")],
)
def test_what_the_model_does_not_take_is_refused(vae: VAE, tmp_path: Path, codes: np.ndarray, reason: str) -> None:
    np.savez(tmp_path / "codes.npz", z=codes)
    with pytest.raises(UserError, match=f"codes.npz: {reason}"):
        finish(opening_codes(vae, "abc", tmp_path / "codes.npz"))


def test_latents_are_told_from_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "codes.npz", z=CODES)
    np.savez(tmp_path / "both.npz", z=CODES, images=np.zeros((2, 3, 3), np.uint8))
    np.save(tmp_path / "z.npy", CODES)
    np.save(tmp_path / "flat.npy", np.zeros((5, 784), np.float32))
    found = [holds_latents(tmp_path / name, 3) for name in ("codes.npz", "both.npz", "z.npy", "flat.npy", "gone.npz")]
    assert found == [True, False, True, False, False]
