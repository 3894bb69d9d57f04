"""Data as people have them, in files that are not ours: each opens to the same images and labels, and says how."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from models.core.data_options import DataOptions
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.data.opening import load_images, open_data
from tests.models.data.conftest import columns, idx, names, reason

SQUARE = np.random.default_rng(3).integers(0, 256, (20, 6, 6, 1), np.uint8)
COLOUR = np.random.default_rng(4).integers(0, 256, (20, 6, 5, 3), np.uint8)
LABELS = np.arange(20) * 7 % 5
UNSORTED = LABELS.tolist()


def labels_of(info: DataInfo) -> list[int]:
    assert info.labels_path is not None
    found: list[int] = np.load(info.labels_path).tolist()
    return found


def png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image.squeeze()).save(buffer, "PNG")
    return buffer.getvalue()


def same(info: DataInfo, images: np.ndarray = SQUARE) -> bool:
    return np.array_equal(load_images(info), images)


@pytest.mark.parametrize("key", ["imgs", "x_train", "train_images", "X", "data", "arr_0", "whatever"])
def test_arrays_are_found_by_the_names_that_people_give_them(key: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", **{key: SQUARE, "meta": np.array([{}], object)})
    info = open_data(tmp_path / "set.npz")
    assert same(info)
    assert info.conversions == (f"the images are {key}",)


def test_labels_belong_to_the_images_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x_train=SQUARE, y_train=LABELS, x_test=SQUARE[:4], y_test=LABELS[:4])
    test = open_data(tmp_path / "set.npz", DataOptions(key="x_test"))
    assert (test.count, labels_of(test)) == (4, UNSORTED[:4])
    assert open_data(tmp_path / "set.npz", DataOptions(labels="none")).labels_path is None
    with pytest.raises(UserError, match="there is no z in it for --key"):
        open_data(tmp_path / "set.npz", DataOptions(key="z"))


def test_every_layout_comes_out_upright(tmp_path: Path) -> None:
    planes = COLOUR.transpose(0, 3, 1, 2)
    cases = {
        "first": (planes, DataOptions()),
        "fortran": (np.asfortranarray(COLOUR), DataOptions()),
        "last": (np.moveaxis(COLOUR, 0, -1), DataOptions(layout="HWCN")),
        "rows": (planes.reshape(20, -1), DataOptions(size=(6, 5))),
        "together": (COLOUR.reshape(20, -1), DataOptions(size=(6, 5), layout="NHWC")),
    }
    for name, (array, options) in cases.items():
        np.save(tmp_path / f"{name}.npy", array)
        np.savez(tmp_path / f"{name}.npz", images=array)
        for end in ("npy", "npz"):
            assert same(open_data(tmp_path / f"{name}.{end}", options), COLOUR)
    np.save(tmp_path / "clear.npy", np.concatenate([COLOUR, np.full((20, 6, 5, 1), 128, np.uint8)], axis=3))
    assert np.abs(load_images(open_data(tmp_path / "clear.npy")) - (COLOUR * (128 / 255) + 127)).max() <= 1
    np.save(tmp_path / "flat.npy", SQUARE.reshape(20, 36))
    info = open_data(tmp_path / "flat.npy")
    assert same(info)
    assert info.conversions == ("rows of 36 values were read as 6 × 6 pixels",)


@pytest.mark.parametrize(
    ("array", "expected", "note"),
    [
        (SQUARE / 127.5 - 1.0, SQUARE, "values from −1 to 1"),
        (SQUARE.astype(np.float32), SQUARE, "floats from 0 to 255"),
        (np.where(SQUARE > 99, np.nextafter(np.float32(1), np.float32(2)), 0), 255 * (SQUARE > 99), "were clipped"),
        ((SQUARE > 99).astype(np.int32), 255 * (SQUARE > 99), "0 and 1 were taken as black and white"),
        (SQUARE.astype(np.uint16) * 16 + 15, SQUARE, "read as 12-bit"),
        (SQUARE.astype(np.uint16) * 257, SQUARE, "read as 16-bit"),
    ],
)
def test_ranges_are_told_by_all_values_and_said(
    array: np.ndarray, expected: np.ndarray, note: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "set.npy", array)
    info = open_data(tmp_path / "set.npy")
    assert np.abs(load_images(info).astype(int) - expected).max() <= 1
    assert note in " ".join(info.conversions)


def test_a_range_may_be_said(tmp_path: Path) -> None:
    values = np.linspace(-3.0, 5.0, 720).reshape(20, 6, 6)
    np.save(tmp_path / "set.npy", values)
    assert reason(tmp_path / "set.npy").startswith("float pixels must lie in 0–1, −1…1 or 0–255")
    full = load_images(open_data(tmp_path / "set.npy", DataOptions(range="full")))
    assert (full.min(), full.max()) == (0, 255)
    unit = load_images(open_data(tmp_path / "set.npy", DataOptions(range="unit", invert=True)))
    assert np.array_equal(unit[..., 0], 255 - np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("labels", "expected", "class_names"),
    [
        (LABELS[:, None], UNSORTED, ()),
        (LABELS.astype(float), UNSORTED, ()),
        (np.eye(5)[LABELS], UNSORTED, ()),
        (LABELS * 10 - 1, [10 * label - 1 for label in UNSORTED], ()),
        (
            np.array(["b10", "b2", "a", "c", "d"])[LABELS],
            [(2, 1, 0, 3, 4)[label] for label in UNSORTED],
            ("a", "b2", "b10", "c", "d"),
        ),
        (np.arange(20)[::-1].astype(str), list(range(19, -1, -1)), ()),
    ],
)  # fmt: skip
def test_labels_of_every_form_become_classes(
    labels: np.ndarray, expected: list[int], class_names: tuple[str, ...], tmp_path: Path
) -> None:
    np.savez(tmp_path / "set.npz", images=SQUARE, labels=labels)
    info = open_data(tmp_path / "set.npz")
    assert labels_of(info) == expected
    assert info.label_names == class_names


def test_columns_of_numbers_are_factors(tmp_path: Path) -> None:
    table = np.stack([np.zeros(20), LABELS / 4, np.arange(20) % 3], axis=1)
    np.savez(tmp_path / "set.npz", images=SQUARE, labels=table)
    info = open_data(tmp_path / "set.npz")
    assert info.factor_names == ("factor 1", "factor 2")
    assert np.load(info.factors_path).tolist() == np.stack([LABELS, np.arange(20) % 3], 1).tolist()
    assert info.labels_path is None


def test_images_sorted_by_class_are_shuffled_with_their_labels_and_rows(tmp_path: Path) -> None:
    images = np.arange(60, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    labels = np.repeat([2, 0, 1], [30, 20, 10])
    np.savez(tmp_path / "set.npz", images=images, labels=labels)
    info = open_data(tmp_path / "set.npz")
    stored = load_images(info)[:, 0, 0, 0]
    assert sorted(stored) == list(range(60))
    assert np.bincount(labels_of(info)[info.train_count :]).tolist() == [2, 1, 3]
    assert labels_of(info) == labels[stored].tolist()
    assert columns(info)["row"] == [str(value) for value in stored]
    assert any("shuffled" in line for line in info.conversions)
    # The same, whose labels are elsewhere.
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    apart = open_data(tmp_path / "images.npy", DataOptions(labels=str(tmp_path / "labels.npy")))
    assert (labels_of(apart), apart.digest) == (labels_of(info), info.digest)


def test_images_sorted_by_a_factor_are_shuffled(tmp_path: Path) -> None:
    factors = np.stack([np.repeat([0, 1], 20), np.arange(40) % 5], axis=1)
    np.savez(tmp_path / "set.npz", imgs=np.zeros((40, 4, 4), np.uint8), latents_classes=factors)
    info = open_data(tmp_path / "set.npz")
    assert np.bincount(np.load(info.factors_path)[36:, 0]).tolist() == [2, 2]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_tables_of_pixels_find_their_label(header: bool, first: bool, tmp_path: Path) -> None:
    head = ["label", *(f"pixel{n}" for n in range(36))] if first else [*(f"pixel{n}" for n in range(36)), "label"]
    rows = [head] if header else []
    for image, label in zip(SQUARE.reshape(20, 36).tolist(), UNSORTED, strict=True):
        rows.append([str(value) for value in ([label, *image] if first else [*image, label])])
    text = "\n".join(",".join(row) for row in rows) + "\n"
    (tmp_path / "set.csv").write_text(text)
    (tmp_path / "set.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    for name in ("set.csv", "set.csv.gz"):
        info = open_data(tmp_path / name)
        assert same(info)
        assert labels_of(info) == UNSORTED
        assert f"the label is the {'first' if first else 'last'} column" in info.conversions[0]


def test_a_row_that_is_no_image_is_named(tmp_path: Path) -> None:
    rows = [",".join(map(str, image)) for image in SQUARE.reshape(20, 36).tolist()]
    (tmp_path / "set.csv").write_text("\n".join([*rows, "1,2,3"]))
    assert "does not hold 36 numbers" in reason(tmp_path / "set.csv")
    (tmp_path / "notes.csv").write_text("name,class\na.png,cat\n")
    assert "which are no images" in reason(tmp_path / "notes.csv")


def test_hdf5_brings_images_and_factors(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "set.h5", "w") as file:
        group = file.create_group("data")
        group.create_dataset("images", data=COLOUR, chunks=(7, 6, 5, 3), compression="gzip")
        group.create_dataset("labels", data=np.stack([LABELS / 4, np.arange(20) % 3], 1))
        file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "x")
    info = open_data(tmp_path / "set.h5")
    assert same(info, COLOUR)
    assert info.factor_names == ("factor 0", "factor 1")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["keras_version"] = "2.1"
    assert reason(tmp_path / "model.h5").startswith("this is an HDF5 file, as Keras writes them")


def test_hdf5_that_is_kept_elsewhere_is_refused(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((20, 6, 6), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (20, 6, 6))
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_virtual_dataset("images", layout)
    assert "kept in another file" in reason(tmp_path / "set.h5")


def test_matlab_puts_the_number_last(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "set.mat", {"X": np.moveaxis(COLOUR, 0, -1), "y": LABELS[:, None]}, do_compression=True)
    info = open_data(tmp_path / "set.mat")
    assert same(info, COLOUR)
    assert labels_of(info) == UNSORTED
    content = (tmp_path / "set.mat").read_bytes()
    (tmp_path / "cut.mat").write_bytes(content[: len(content) // 2])
    assert "truncated or damaged" in reason(tmp_path / "cut.mat")


def test_a_damaged_row_without_its_label_is_refused(tmp_path: Path) -> None:
    images = SQUARE.reshape(20, 36).tolist()
    rows = [",".join(map(str, [*image, label])) for image, label in zip(images, UNSORTED, strict=True)]
    (tmp_path / "set.csv").write_text("\n".join([*rows, "1,2,3"]))
    assert "does not hold 36 numbers" in reason(tmp_path / "set.csv")


@pytest.mark.parametrize("name", ["set.mat", "set.h5", "set.csv", "set.zip", "set.tar"])
def test_no_damage_of_these_kinds_gets_through_as_another_error(name: str, tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "set.mat", {"X": np.moveaxis(COLOUR, 0, -1), "y": LABELS[:, None]})
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file.create_dataset("images", data=COLOUR, chunks=(7, 6, 5, 3), compression="gzip")
    rows = (",".join(map(str, image)) for image in SQUARE.reshape(20, 36).tolist())
    (tmp_path / "set.csv").write_text("\n".join(rows))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive, tarfile.open(tmp_path / "set.tar", "w") as tar:
        for number, image in enumerate(SQUARE[:5]):
            archive.writestr(f"{number}.png", png(image))
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(png(image))
            tar.addfile(member, io.BytesIO(png(image)))
    whole, chance = (tmp_path / name).read_bytes(), np.random.default_rng(8)
    for _ in range(40):
        content = bytearray(whole[: int(chance.integers(len(whole) // 2, len(whole) + 1))])
        for place in chance.integers(0, len(content), 3):
            content[place] = chance.integers(256)
        (tmp_path / name).write_bytes(content)
        with contextlib.suppress(UserError):
            open_data(tmp_path / name)


def test_matlab_of_today_is_hdf5_with_its_axes_reversed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "set.mat", "w", userblock_size=512) as file:
        file["X"] = np.moveaxis(COLOUR, 0, -1).T
        file["y"] = LABELS[None].astype(float)
    content = bytearray((tmp_path / "set.mat").read_bytes())
    content[:40] = b"MATLAB 7.3 MAT-file, Platform: GLNXA64  "
    (tmp_path / "set.mat").write_bytes(content)
    info = open_data(tmp_path / "set.mat")
    assert same(info, COLOUR)
    assert labels_of(info) == UNSORTED


def test_a_folder_of_idx_files_trains_on_one_and_tests_on_the_other(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, images, labels in (("train", SQUARE[:15], LABELS[:15]), ("t10k", SQUARE[15:], LABELS[15:])):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(images[..., 0]))
        (raw / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[..., 0])))
        (raw / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels.astype(np.uint8))))
    for folder in (raw, raw.parent):
        info = open_data(folder)
        assert same(info)
        assert (info.train_count, labels_of(info)) == (15, UNSORTED)


def test_a_zip_of_pictures_in_classes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for number, image in enumerate(SQUARE):
            archive.writestr(f"set/{'ab'[number % 2]}/{number}.png", png(image))
        archive.writestr("__MACOSX/set/a/._0.png", b"x")
        archive.writestr("set/readme.txt", b"x")
    info = open_data(tmp_path / "set.zip")
    assert (info.count, info.label_names) == (20, ("a", "b"))
    order = [int(Path(name).stem) for name in names(info)]
    assert same(info, SQUARE[order])
    assert labels_of(info) == [number % 2 for number in order]


@pytest.mark.parametrize("packed", ["w", "w:gz"])
def test_a_tar_as_webdataset_makes_it(packed: str, tmp_path: Path) -> None:
    path = tmp_path / ("set.tar.gz" if ":" in packed else "set.tar")
    with tarfile.open(path, packed) as archive:
        for number, image in enumerate(SQUARE):
            for end, content in (
                ("png", png(image)),
                ("cls", str(UNSORTED[number]).encode()),
                ("json", json.dumps({"text": f"t{number}"}).encode()),
            ):
                member = tarfile.TarInfo(f"{number:04}.{end}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        pipe = tarfile.TarInfo("pipe.png")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    info = open_data(path)
    order = [int(Path(name).stem) for name in names(info)]
    assert same(info, SQUARE[order])
    assert labels_of(info) == [UNSORTED[number] for number in order]
    assert columns(info)["text"] == [f"t{number}" for number in order]
