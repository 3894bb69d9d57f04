"""Data sets of users: every format gives the same data, a folder that is none is refused, memory stays bounded."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.division import train_count
from models.data.opening import load_images, open_data
from tests.models.data.conftest import IMAGES, LABELS, giant_png, idx, names, pngs, reason


def test_the_last_tenth_tests() -> None:
    assert [train_count(count) for count in (2, 9, 10, 20, 10_000)] == [1, 8, 9, 18, 9_000]


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES[..., 0],
        IMAGES[..., 0].astype(np.int64),
        (IMAGES / 255).astype(np.float64),
        (IMAGES / 255).astype(np.float32)[..., 0],
        IMAGES.astype(">u2"),
    ],
)
def test_npz_and_npy_of_any_sensible_type_come_out_as_uint8(images: np.ndarray, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "set.npz", images=images, labels=LABELS)
    np.save(tmp_path / "set.npy", images)
    for name in ("set.npz", "set.npy"):
        info = open_data(tmp_path / name)
        assert np.array_equal(load_images(info), IMAGES)
        assert (info.name, info.count, info.train_count, info.image_shape) == ("set", 20, 18, (6, 5, 1))
    labels = np.load(open_data(tmp_path / "set.npz").labels_path)
    assert labels.dtype == np.int64
    assert np.array_equal(labels, LABELS)
    assert open_data(tmp_path / "set.npy").labels_path is None


def test_booleans_are_black_and_white(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", IMAGES > 100)
    assert np.array_equal(load_images(open_data(tmp_path / "set.npy")), 255 * (IMAGES > 100))


def test_colour_comes_out_in_colour(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 255, (7, 4, 3, 3), np.uint8)
    np.savez(tmp_path / "set.npz", images=images)
    assert np.array_equal(load_images(open_data(tmp_path / "set.npz")), images)
    folder = pngs(tmp_path / "folder", images)
    stored = load_images(open_data(folder))
    assert sorted(image.tobytes() for image in stored) == sorted(image.tobytes() for image in images)


@pytest.mark.parametrize("zipped", [True, False])
def test_idx_finds_its_labels(zipped: bool, tmp_path: Path) -> None:
    pack = gzip.compress if zipped else bytes
    end = ".gz" if zipped else ""
    (tmp_path / f"train-images-idx3-ubyte{end}").write_bytes(pack(idx(IMAGES[..., 0])))
    (tmp_path / f"train-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS.astype(np.uint8))))
    info = open_data(tmp_path / f"train-images-idx3-ubyte{end}")
    assert np.array_equal(load_images(info), IMAGES)
    assert np.array_equal(np.load(info.labels_path), LABELS)


def test_sub_folders_are_classes_shuffled_alike(tmp_path: Path) -> None:
    for label, name in enumerate(("cat", "dog")):
        pngs(tmp_path / "set" / name, np.full((10, 4, 4), 100 * label, np.uint8))
    (tmp_path / "set" / ".hidden").mkdir()
    info = open_data(tmp_path / "set")
    labels = np.load(info.labels_path)
    assert info.label_names == ("cat", "dog")
    assert np.array_equal(load_images(info)[:, 0, 0, 0], 100 * labels)
    assert set(labels[:10]) == set(labels[-2:]) == {0, 1}


def test_pictures_of_many_kinds_in_one_folder(tmp_path: Path) -> None:
    grey = Image.fromarray(IMAGES[0, ..., 0])
    for name in ("a.png", "b.bmp", "c.gif", "d.webp"):
        grey.save(tmp_path / name, **({"lossless": True} if name == "d.webp" else {}))
    Image.fromarray(IMAGES[0, ..., 0].astype(np.uint16) * 257).save(tmp_path / "e.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    images = load_images(open_data(tmp_path))
    assert images.shape == (5, 6, 5, images.shape[3])
    assert all(np.array_equal(image[..., 0], IMAGES[0, ..., 0]) for image in images)


def test_a_large_set_is_stored_in_little_memory(tmp_path: Path) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (100_000, 28, 28)}
    with (
        zipfile.ZipFile(tmp_path / "large.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("images.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(100):
            file.write(bytes(784_000))
    tracemalloc.start()
    assert open_data(tmp_path / "large.npz").count == 100_000
    assert tracemalloc.get_traced_memory()[1] < 15_000_000
    tracemalloc.stop()


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").write_text("hello")
    assert "there are no pictures in it" in reason(tmp_path / "set")


def test_pictures_beside_classes_are_refused(tmp_path: Path) -> None:
    pngs(tmp_path / "set", np.zeros((2, 4, 4), np.uint8))
    pngs(tmp_path / "set" / "class", np.zeros((2, 4, 4), np.uint8))
    assert "both in it and in its sub-folders" in reason(tmp_path / "set")


def test_a_damaged_picture_is_left_out_and_named_or_refused(tmp_path: Path) -> None:
    folder = pngs(tmp_path / "set", np.random.default_rng(0).integers(0, 255, (4, 50, 50), np.uint8))
    content = (folder / "002.png").read_bytes()
    strict = DataOptions(strict=True)
    for damaged, expected in ((content[: len(content) // 2], "truncated or damaged"), (b"hello", "not a picture")):
        (folder / "002.png").write_bytes(damaged)
        info = open_data(folder)
        assert (info.count, info.train_count) == (3, 2)
        assert info.conversions[-1].startswith("1 picture left out: 002.png (")
        assert expected in info.conversions[-1]
        assert names(info) == ["000.png", "001.png", "003.png"]
        with pytest.raises(UserError, match=f"002.png: .*{expected}"):
            open_data(folder, strict)


@pytest.mark.parametrize("side", [30_000, 9_000])
def test_a_giant_picture_is_refused_in_little_memory(side: int, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        giant_png(folder / name, side)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"[ab]\.png: the picture .*too large"):
        open_data(folder)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
