"""Latents from a file without a model: of any dimension, with the images and columns that belong to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.columns import NAME, columns_of
from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.latents import read_any_latents
from models.data.opening import load_images
from models.vae import posterior_cache
from models.vae.codes import opening_codes
from models.vae.scatter import is_scatter, open_scatter
from tests.models.conftest import finish

CODES = np.random.default_rng(0).standard_normal((30, 7)).astype(np.float32)
ROWS = "\n".join(",".join(f"{value:.9g}" for value in row) for row in CODES)


def _csv(path: Path, head: str, rows: str = ROWS) -> Path:
    path.write_text("\n".join(filter(None, [head, rows])) + "\n")
    return path


@pytest.mark.parametrize("head", ["", ",".join("abcdefg"), "z_0,z_1,z_2,z_3,z_4,z_5,z_6"])
def test_a_table_of_latents_is_read(head: str, tmp_path: Path) -> None:
    np.testing.assert_allclose(read_any_latents(_csv(tmp_path / "z.csv", head)).z, CODES, rtol=1e-6)


def test_named_columns_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = _csv(tmp_path / "z.tsv", "name\tz_1\tmu_0\tz_0", "a\t1\t9\t0\nb\t3\t9\t2")
    np.testing.assert_array_equal(read_any_latents(path).z, [[0, 1], [2, 3]])


@pytest.mark.parametrize(
    ("rows", "reason"), [("1,2\n3,x", "its rows are not latents"), ("1,2\n3,nan", "finite"), ("", "the table is empty")]
)
def test_what_is_no_table_of_latents_is_refused(rows: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=reason):
        read_any_latents(_csv(tmp_path / "z.csv", "z_0,z_1", rows))


def test_latents_stand_in_for_a_model_that_decodes_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", CODES)
    assert is_scatter(tmp_path / "z.npy")
    scatter, info = open_scatter(tmp_path / "z.npy")
    assert (info.latent_dim, info.has_encoder, info.has_decoder, info.name) == (7, False, False, "z")
    with pytest.raises(ValueError, match=r"^z\.npy holds latents without a model"):
        scatter.decode(CODES)
    data = finish(opening_codes(scatter, info.digest, tmp_path / "z.npy"))
    assert (data.count, data.image_shape, data.codes_of) == (30, (1, 1, 1), info.digest)
    stored = finish(posterior_cache.find(info.digest, data, 7))
    np.testing.assert_array_equal(stored.posteriors.mu, CODES)


def test_images_and_columns_belong_to_the_latents_in_their_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "z.npz", z=CODES)
    # Sorted by class, images alone would be shuffled.
    images, labels = np.arange(30 * 16, dtype=np.uint8).reshape(30, 4, 4), np.arange(30) // 10
    np.savez(tmp_path / "images.npz", images=images, labels=labels)
    names = [f"cell-{row}" for row in range(30)]
    _csv(tmp_path / "t.csv", "name,kind,size", "\n".join(f"{name},k{row % 2},{row}" for row, name in enumerate(names)))
    scatter, info = open_scatter(tmp_path / "z.npz")
    options = DataOptions(images=str(tmp_path / "images.npz"), labels=str(tmp_path / "t.csv"))
    data = finish(opening_codes(scatter, info.digest, tmp_path / "z.npz", options))
    np.testing.assert_array_equal(load_images(data)[..., 0], images)
    columns = columns_of(data)
    assert list(columns[NAME]) == names
    assert list(columns["size"]) == [str(row) for row in range(30)]
    assert data.labels_path is not None
    np.testing.assert_array_equal(np.load(data.labels_path), labels)
    assert data.options == options
    assert finish(opening_codes(scatter, info.digest, tmp_path / "z.npz", options)) == data


def test_images_must_be_as_many_as_the_latents(tmp_path: Path) -> None:
    np.savez(tmp_path / "z.npz", z=CODES)
    np.savez(tmp_path / "few.npz", images=np.zeros((4, 3, 3), np.uint8))
    scatter, info = open_scatter(tmp_path / "z.npz")
    options = DataOptions(images=str(tmp_path / "few.npz"))
    with pytest.raises(UserError, match=r"it has 30 codes, but few\.npz has 4 images"):
        finish(opening_codes(scatter, info.digest, tmp_path / "z.npz", options))
