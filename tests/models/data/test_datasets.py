"""Data sets of users: every format gives the same data, every defect is explained, memory stays bounded."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import pickle
import shutil
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from models.core.drafts import draft_folder
from models.core.errors import UserError
from models.core.folders import cache_root
from models.data import cache
from models.data.opening import load_images, open_data, train_count
from models.vae.model_file import open_model
from resources import model_path
from tests.models.conftest import blobs

IMAGES = blobs(20)
LABELS = np.arange(20) % 3


def idx(array: np.ndarray) -> bytes:
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def pngs(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(images):
        Image.fromarray(image.squeeze()).save(folder / f"{index:03d}.png")
    return folder


def reason(path: Path, subject: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        open_data(path)
    assert caught.value.subject == (subject or path.name)
    assert "\n" not in str(caught.value)
    return caught.value.reason


# -------------------------------------------------------------------------------------------------------- good


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
    assert set(labels[:10]) == {0, 1}


def test_pictures_of_many_kinds_in_one_folder(tmp_path: Path) -> None:
    grey = Image.fromarray(IMAGES[0, ..., 0])
    for name in ("a.png", "b.bmp", "c.gif", "d.webp"):
        grey.save(tmp_path / name, **({"lossless": True} if name == "d.webp" else {}))
    Image.fromarray(IMAGES[0, ..., 0].astype(np.uint16) * 257).save(tmp_path / "e.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    images = load_images(open_data(tmp_path))
    assert images.shape == (5, 6, 5, images.shape[3])
    assert all(np.array_equal(image[..., 0], IMAGES[0, ..., 0]) for image in images)


# ------------------------------------------------------------------------------------------------------- cache


def test_what_is_stored_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    first = open_data(tmp_path / "set.npz")
    monkeypatch.setattr("models.data.opening._check_count", None)
    assert open_data(tmp_path / "set.npz") == first


def test_changed_content_is_read_again(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    before = open_data(tmp_path / "set.npz")
    np.savez(tmp_path / "set.npz", images=IMAGES[::-1])
    after = open_data(tmp_path / "set.npz")
    assert before.digest != after.digest
    assert np.array_equal(load_images(after), IMAGES[::-1])


@pytest.mark.parametrize("damage", ["images.npy", "info.json"])
def test_a_damaged_entry_is_written_anew(damage: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    folder = Path(open_data(tmp_path / "set.npz").images_path).parent
    (folder / damage).write_bytes(b"{")
    assert np.array_equal(load_images(open_data(tmp_path / "set.npz")), IMAGES)


@pytest.mark.parametrize("name", ["info.json", "images.npy", "labels.npy"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_with_any_damage_is_none_or_agrees_with_itself(data: st.DataObject, name: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    info = open_data(tmp_path / "a.npz")
    file = Path(info.images_path).with_name(name)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    file.write_bytes(content)
    again = open_data(tmp_path / "a.npz")
    assert load_images(again).shape == (again.count, *again.image_shape)
    assert again.labels_path is None or np.load(again.labels_path).shape == (again.count,)
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("there", ["file", "pipe", "link", "pipe within"])
def test_whatever_stands_where_an_entry_belongs_makes_room(there: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    folder = Path(open_data(tmp_path / "a.npy").images_path).parent
    if there == "pipe within":
        (folder / "info.json").unlink()
        os.mkfifo(folder / "info.json")
    else:
        shutil.rmtree(folder)
        makers = {"file": folder.touch, "pipe": lambda: os.mkfifo(folder), "link": lambda: folder.symlink_to(tmp_path)}
        makers[there]()
    assert np.array_equal(load_images(open_data(tmp_path / "a.npy"))[..., 0], IMAGES[..., 0])
    assert (tmp_path / "a.npy").exists()


def test_what_a_killed_process_left_in_the_cache_is_swept_at_the_next_opening(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    folder = Path(open_data(tmp_path / "a.npy").images_path).parent
    left = folder.with_name(".draft-0123abcd")
    left.mkdir()
    (left / "images.npy").write_bytes(bytes(1000))
    with draft_folder(folder.parent) as held:
        open_data(tmp_path / "a.npy")
        assert held.exists()
        assert not left.exists()


def test_the_cache_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    folders = []
    for index in range(3):
        np.savez(tmp_path / f"{index}.npz", images=blobs(20, seed=index))
        folders.append(Path(open_data(tmp_path / f"{index}.npz").images_path).parent)
        os.utime(folders[-1] / "info.json", (index, index))
    open_data(tmp_path / "0.npz")
    size = sum(file.stat().st_size for file in folders[0].iterdir())
    cache.prune(folders[2], limit=2 * size + 10)
    assert [folder.exists() for folder in folders] == [True, False, True]


def test_a_failed_reading_leaves_no_draft(tmp_path: Path) -> None:
    images = (IMAGES / 255).astype(np.float32)
    images[19, 0, 0] = np.nan
    np.save(tmp_path / "set.npy", images)
    assert reason(tmp_path / "set.npy") == "image 19 holds NaN or infinite pixels"
    assert list((cache_root() / "datasets").iterdir()) == []


# --------------------------------------------------------------------------------------------------------- bad


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES[:0], "there are no images in it"),
        (IMAGES[:1], "there is only one image in it"),
        (IMAGES[0, :, 0], "not 6 × 1"),
        (IMAGES[None], "not 1 × 20 × 6 × 5 × 1"),
        (np.zeros((), np.uint8), "not a single number"),
        (np.zeros((5, 4, 4, 2), np.uint8), "1 or 3 channels, not 2"),
        (np.zeros((5, 0, 4), np.uint8), "the images are empty"),
        (np.zeros((5, 4, 4), np.complex64), "images must be uint8 or floats in 0–1, not complex64"),
        (np.zeros((5, 4, 4), "S3"), "images must be uint8 or floats"),
        (np.zeros((5, 4, 4), [("a", "u1")]), "images must be uint8 or floats"),
        (np.full((5, 4, 4), np.nan), "image 0 holds NaN"),
        (np.full((5, 4, 4), np.inf), "image 0 holds NaN or infinite"),
        (np.full((5, 4, 4), 200.0), "float pixels must lie in 0–1, there is 200 to 200"),
        (np.full((5, 4, 4), -0.5), "float pixels must lie in 0–1"),
        (np.full((5, 4, 4), 256), "pixels must be 0–255"),
        (np.full((5, 4, 4), -1), "pixels must be 0–255"),
        (np.zeros((3, 300, 300), np.uint8), "300 × 300 pixels are too large"),
        (np.asfortranarray(IMAGES), "Fortran order"),
    ],
)
def test_arrays_that_are_no_images_are_refused(array: np.ndarray, expected: str, tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", array)
    assert expected in reason(tmp_path / "set.npy")
    np.savez(tmp_path / "set.npz", images=array)
    assert expected in reason(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS[:5], "one entry for each of the 20 images, not 5"),
        (LABELS[:, None], "one entry for each of the 20 images, not 20 × 1"),
        (LABELS.astype(float), "labels must be integers, not float64"),
        (LABELS.astype(str), "labels must be integers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray, expected: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES, labels=labels)
    assert expected in reason(tmp_path / "set.npz")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    fired = tmp_path / "fired"

    class Bomb:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return Path.touch, (fired,)

    array = np.array([Bomb()] * 3, object)
    np.save(tmp_path / "set.npy", array, allow_pickle=True)
    np.savez(tmp_path / "set.npz", images=array)
    np.savez(tmp_path / "labels.npz", images=IMAGES, labels=np.array([Bomb()] * 20, object))
    (tmp_path / "set.pkl").write_bytes(pickle.dumps(Bomb(), protocol=4))
    for name in ("set.npy", "set.npz", "labels.npz", "set.pkl"):
        assert "pickle" in reason(tmp_path / name)
    assert not fired.exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"hello, this is a text", "this is not a data set; it should be an .npz or .npy of images"),
        (b"PK\x03\x04 and then nothing of a zip", "truncated or damaged"),
        (b"\x93NUMPY\x01\x00", "not a NumPy array file, or its header is damaged"),
        (b"\x93NUMPY\x09\x00" + b"x" * 40, "not a NumPy array file, or its header is damaged"),
        (b"\x1f\x8b\x08 not gzip", "truncated or damaged"),
        (gzip.compress(b"plain text", mtime=0), "its magic number is wrong"),
        (gzip.compress(idx(IMAGES[..., 0]), mtime=0)[:-30], "truncated or damaged"),
        (idx(IMAGES[..., 0])[:-1], "the file is truncated"),
        (idx(IMAGES[..., 0]) + b"x", "bytes after the last image"),
        (idx(IMAGES[..., 0])[:3], "the file is truncated"),
        (struct.pack(">HBB", 0, 13, 3), "only IDX files of unsigned bytes"),
        (struct.pack(">HBBIII", 0, 8, 3, 2**32 - 1, 200, 200), "more than the limit of 2 GiB"),
        (idx(LABELS.astype(np.uint8)), "these are the labels"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "set"
    path.write_bytes(content)
    assert expected in reason(path)


def members(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return content.getvalue()


FOREIGN = {
    "m.keras": (members("config.json", "model.weights.h5"), "a Keras model"),
    "m.npz": (members("archive/data.pkl"), "a PyTorch model"),
    "m.h5": (b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file, as Keras writes them"),
    "m.tflite": (bytes(4) + b"TFL3" + bytes(90), "a TensorFlow Lite model"),
    "m.onnx": (b"\x08\x07\x12\x04", "an ONNX model"),
    "p.jpg": (b"\xff\xd8\xff\xe0" + bytes(90), "a picture"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_kinds_are_named_for_what_they_are(name: str, tmp_path: Path) -> None:
    content, kind = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    assert reason(tmp_path / name).startswith(f"this is {kind}, not a data set")
    with pytest.raises(UserError, match=f"{name}: this is {kind}; only .safetensors models"):
        open_model(tmp_path / name)


def test_models_are_no_data(tmp_path: Path) -> None:
    assert reason(model_path("mnist-vae-2")) == "this is a .safetensors model, not a data set"
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"x")
    assert reason(tmp_path / "saved") == "this is a TensorFlow SavedModel, not a data set"


def test_missing_and_unreadable_are_refused(tmp_path: Path) -> None:
    assert reason(tmp_path / "nowhere.npz") == "no such file or directory"


def test_an_npz_without_images_says_what_it_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x_train=IMAGES)
    assert reason(tmp_path / "set.npz") == "it has no array called images (it holds x_train)"
    with zipfile.ZipFile(tmp_path / "empty.npz", "w"):
        pass
    assert reason(tmp_path / "empty.npz") == "it has no array called images (it holds nothing)"


@pytest.mark.parametrize("cut", [20, 0.5, 0.99])
@pytest.mark.parametrize("name", ["set.npz", "set.npy"])
def test_truncated_arrays_are_refused(name: str, cut: float, tmp_path: Path) -> None:
    (np.save if name.endswith("y") else lambda path, images: np.savez(path, images=images))(tmp_path / name, IMAGES)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: int(cut if cut > 1 else cut * len(content))])
    assert "truncated" in reason(tmp_path / name) or "damaged" in reason(tmp_path / name)


def test_bytes_after_the_images_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", IMAGES)
    with (tmp_path / "set.npy").open("ab") as file:
        file.write(b"x")
    assert reason(tmp_path / "set.npy") == "there are bytes after the last image"


def test_a_zip_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    """Eight gigabytes of zeros, eight megabytes zipped."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (10_000_000, 28, 28)}
    )
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", header.getvalue() + bytes(1 << 20))
    tracemalloc.start()
    assert "more than the limit of 2 GiB" in reason(tmp_path / "bomb.npz")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


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


# ------------------------------------------------------------------------------------------------------ folders


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "notes.txt").write_text("hello")
    assert "there are no pictures in this folder" in reason(tmp_path / "set")


def test_mixed_sizes_are_refused_by_name(tmp_path: Path) -> None:
    folder = pngs(tmp_path / "set", np.zeros((4, 6, 6), np.uint8))
    Image.new("L", (7, 6)).save(folder / "odd.png")
    with pytest.raises(UserError, match=r"\w+\.png: it is \d × \d pixels, but \w+\.png is \d × \d"):
        open_data(folder)


def test_pictures_beside_classes_are_refused(tmp_path: Path) -> None:
    pngs(tmp_path / "set", np.zeros((2, 4, 4), np.uint8))
    pngs(tmp_path / "set" / "class", np.zeros((2, 4, 4), np.uint8))
    assert "both in it and in its sub-folders" in reason(tmp_path / "set")


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    folder = pngs(tmp_path / "set", np.random.default_rng(0).integers(0, 255, (4, 50, 50), np.uint8))
    content = (folder / "002.png").read_bytes()
    (folder / "002.png").write_bytes(content[: len(content) // 2])
    assert reason(folder, "002.png") == "the picture is truncated or damaged"
    (folder / "002.png").write_bytes(b"hello")
    assert "not a picture that can be read" in reason(folder, "002.png")


def giant_png(path: Path, side: int) -> None:
    """Return a valid PNG header that promises side × side pixels, with hardly any data."""
    Image.new("L", (2, 2)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    path.write_bytes(bytes(content))


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


# ------------------------------------------------------------------------------------------------------ any damage


@pytest.mark.parametrize("kind", ["npz", "npy", "idx", "idx.gz", "png"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_gets_through_as_another_error(data: st.DataObject, kind: str, tmp_path: Path) -> None:
    target = tmp_path / f"images.{kind}"
    if kind == "npz":
        np.savez_compressed(target, images=IMAGES, labels=LABELS)
    elif kind == "npy":
        np.save(target, IMAGES)
    elif kind == "png":
        target = pngs(tmp_path / "folder", IMAGES[:3]) / "001.png"
    else:
        content = idx(IMAGES[..., 0])
        target.write_bytes(gzip.compress(content, mtime=0) if kind.endswith("gz") else content)
    content = bytearray(target.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    target.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    with contextlib.suppress(UserError):
        info = open_data(target.parent if kind == "png" else target)
        assert load_images(info).shape == (info.count, *info.image_shape)
