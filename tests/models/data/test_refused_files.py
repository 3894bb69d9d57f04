"""Files that are no data set: every defect is explained, memory stays bounded."""

from __future__ import annotations

import contextlib
import gzip
import io
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.core.errors import UserError
from models.data.opening import load_images, open_data
from models.vae.model_file import open_model
from resources import model_path
from tests.models.data.conftest import IMAGES, LABELS, idx, pngs, reason


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES[:0], "there are no images in it"),
        (IMAGES[:1], "there is only one image in it"),
        (IMAGES[0, :, 0], "not 6 × 1"),
        (IMAGES[None], "not 1 × 20 × 6 × 5 × 1"),
        (np.zeros((), np.uint8), "not a single number"),
        (np.zeros((5, 4, 4, 2), np.uint8), "5 × 4 × 4 × 2 has no axis of 1 or 3 channels beside the images"),
        (np.zeros((5, 0, 4), np.uint8), "the images are empty"),
        (np.zeros((5, 4, 4), np.complex64), "images must be uint8, integers or floats, not complex64"),
        (np.zeros((5, 4, 4), "S3"), "images must be uint8, integers or floats"),
        (np.zeros((5, 4, 4), [("a", "u1")]), "images must be uint8, integers or floats"),
        (np.full((5, 4, 4), np.nan), "image 0 holds NaN"),
        (np.full((5, 4, 4), np.inf), "image 0 holds NaN or infinite"),
        (np.full((5, 4, 4), 300.0), "float pixels must lie in 0–1, −1…1 or 0–255, there is 300 to 300"),
        (np.full((5, 4, 4), -1.5), "float pixels must lie in 0–1"),
        (np.full((5, 4, 4), 65536), "pixels must be 0–255 or 16-bit"),
        (np.full((5, 4, 4), -1), "pixels must be 0–255"),
        (np.zeros((3, 300, 300), np.uint8), "300 × 300 pixels are too large"),
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
        (np.zeros((20, 2, 2)), "one entry for each of the 20 images, not 20 × 2 × 2"),
        (LABELS.astype(complex), "labels must be numbers or text, not complex128"),
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
    np.savez(tmp_path / "set.npz", first=IMAGES, second=IMAGES)
    assert reason(tmp_path / "set.npz") == "it has no array called images (it holds first, second)"
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
