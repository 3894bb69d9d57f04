"""Data sets laid out as people publish them: parts to train and to test, tables, archives; and what is no data."""

from __future__ import annotations

import io
import tarfile
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from models.core.data_options import DataOptions
from models.core.steps import finished
from models.data.opening import load_images, open_data, recognized
from models.data.preview import preview_of
from tests.models.data.conftest import idx, names, pngs, reason
from tests.models.data.test_other_kinds import LABELS, SQUARE, UNSORTED, labels_of, png, same


@pytest.mark.parametrize("names", ["x_train y_train x_test y_test", "train_images train_labels val_images val_labels"])
def test_what_tests_is_found_beside_what_trains(names: str, tmp_path: Path) -> None:
    parts = dict(zip(names.split(), (SQUARE, LABELS[:, None], SQUARE[:4] // 2, LABELS[:4, None]), strict=True))
    images, _, tests, _ = names.split()
    np.savez(tmp_path / "set.npz", **parts)
    with h5py.File(tmp_path / "set.h5", "w") as file:
        for name, values in parts.items():
            # A group whose tests come first by name.
            file["/".join(sorted(name.split("_"), key=lambda word: word in "xy images labels"))] = values
    scipy.io.savemat(tmp_path / "set.mat", {name: v.reshape(len(v), -1) for name, v in parts.items()})
    for end in ("npz", "h5", "mat"):
        info = open_data(tmp_path / f"set.{end}")
        assert same(info, np.concatenate([SQUARE, SQUARE[:4] // 2]))
        assert labels_of(info) == [*UNSORTED, *UNSORTED[:4]]
        assert info.train_count == 20
        shown = finished(preview_of(finished(recognized(tmp_path / f"set.{end}")), DataOptions()))
        assert (shown.count, shown.train_count, len(shown.sheet)) == (24, 20, 24)
    assert open_data(tmp_path / "set.npz").conversions == (f"the images {images} train, {tests} test",)
    assert open_data(tmp_path / "set.npz", DataOptions(key=images)).count == 20


def test_a_part_that_does_not_fit_is_not_taken_for_tests(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x_train=SQUARE, y_train=LABELS, x_test=SQUARE[:4])
    info = open_data(tmp_path / "set.npz")
    assert info.conversions == ("the images are x_train; --key opens x_test",)
    np.savez(tmp_path / "set.npz", x_train=SQUARE, x_test=SQUARE[:4] / 255.0)
    assert "its test images are 6 × 6 × 1 float64, but the training images 6 × 6 × 1 uint8" in reason(
        tmp_path / "set.npz"
    )


def lines(*rows: list[object], mark: str = ",") -> str:
    return "".join(mark.join(map(str, row)) + "\n" for row in rows)


def test_tables_of_pixels_of_other_kinds(tmp_path: Path) -> None:
    rows = SQUARE.reshape(20, 36).tolist()
    labelled = list(zip(UNSORTED, rows, strict=True))
    texts = {
        # As pandas writes a frame whose columns are numbers.
        "pandas.csv": lines(["", "label", *range(36)], *([n, y, *x] for n, (y, x) in enumerate(labelled))),
        "packed.csv": lines(
            ["emotion", "pixels", "Usage"], *([y, " ".join(map(str, x)), "Training"] for y, x in labelled)
        ),
        "spaces.amat": lines(*rows, mark="  "),
        "late.csv": lines(*[[int(v > 99) for v in row] for row in rows * 15], [0.5, *rows[0][1:]]),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    for name in ("pandas.csv", "packed.csv", "spaces.amat"):
        info = open_data(tmp_path / name)
        assert same(info)
        assert name == "spaces.amat" or labels_of(info) == UNSORTED
    assert open_data(tmp_path / "late.csv").count == 301


def test_a_table_of_ten_thousand_columns_is_read_in_a_moment(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text(lines(*[[n] * 10_000 for n in range(20)]))
    began = time.process_time()
    assert load_images(open_data(tmp_path / "wide.csv")).shape == (20, 100, 100, 1)
    assert time.process_time() - began < 3.0


def test_a_folder_of_tars_is_one_data_set(tmp_path: Path) -> None:
    for part in range(2):
        with tarfile.open(tmp_path / f"part-{part}.tar", "w") as archive:
            for n in range(10 * part, 10 * part + 10):
                for ending, content in (("png", png(SQUARE[n])), ("cls", str(UNSORTED[n]).encode())):
                    member = tarfile.TarInfo(f"{n:03d}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    info = open_data(tmp_path)
    found = [int(name.removesuffix(".png")[-3:]) for name in names(info)]
    assert sorted(found) == list(range(20))
    assert same(info, SQUARE[found])
    assert labels_of(info) == [UNSORTED[n] for n in found]


def test_what_holds_no_pictures_is_told_by_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "data_batch_1").write_bytes(b"\x80\x02")
    assert reason(tmp_path / "set").endswith("but data_batch_1")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("train.csv", "1,2")
    assert reason(tmp_path / "set.zip") == "it holds neither arrays nor pictures, but train.csv"
    (tmp_path / "set.parquet").write_bytes(b"PAR1" + bytes(30))
    assert reason(tmp_path / "set.parquet") == "this is a Parquet file, not a data set"


def test_files_and_folders_that_test_are_told_by_their_names(tmp_path: Path) -> None:
    for part, chosen in (("train", slice(15)), ("test", slice(15, None))):
        (tmp_path / f"emnist-{part}-images-idx3-ubyte").write_bytes(idx(SQUARE[chosen, ..., 0]))
        (tmp_path / f"emnist-{part}-labels-idx1-ubyte").write_bytes(idx(LABELS[chosen].astype(np.uint8)))
    info = open_data(tmp_path)
    assert (same(info), labels_of(info), info.train_count) == (True, UNSORTED, 15)
    # Whose tests are not sorted into classes, as in competitions.
    for name in ("a", "b"):
        pngs(tmp_path / "set" / "train" / name, SQUARE[:5])
    pngs(tmp_path / "set" / "test", SQUARE[:3])
    info = open_data(tmp_path / "set")
    assert (info.label_names, info.train_count, labels_of(info)[10:]) == (("a", "b"), 10, [-1] * 3)


def test_a_single_folder_around_the_pictures_is_no_class(tmp_path: Path) -> None:
    pngs(tmp_path / "set" / "img_align_celeba", SQUARE)
    (tmp_path / "set" / "list_attr.csv").write_text(
        lines(["image_id", "Smiling"], *[[f"{n:03d}.png", 1] for n in range(20)])
    )
    info = open_data(tmp_path / "set")
    assert info.labels_path is None
    assert "list_attr.csv beside the images has image_id, Smiling" in info.conversions
