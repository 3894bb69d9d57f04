"""Pictures as people have them: turned, transparent, deep, paged, of many sizes, damaged, in nested folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.data_options import DataOptions, Fit
from models.core.errors import UserError
from models.data.opening import load_images, open_data
from models.data.pictures import fitted_picture
from tests.models.data.conftest import columns, names, pngs


def grey(value: int, width: int = 6, height: int = 6) -> Image.Image:
    return Image.fromarray(np.full((height, width), value, np.uint8))


def folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_turned_photographs_are_upright_and_of_one_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:, 20:] = 200
    for number in range(3):
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpg", exif=exif, quality=95)
    Image.fromarray(np.zeros((40, 30, 3), np.uint8)).save(tmp_path / "3.jpg")
    info = open_data(tmp_path)
    assert info.image_shape == (40, 30, 3)
    assert load_images(info)[0, 25:].mean() > 190
    assert load_images(info)[0, :15].mean() < 10
    assert info.conversions == ("3 pictures turned upright, as the camera noted",)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_lies_over_white(mode: str, tmp_path: Path) -> None:
    alpha = np.repeat(np.array([0, 128, 255], np.uint8), 2)[None] * np.ones((6, 1), np.uint8)
    bands = [grey(0)] * (len(mode) - 1)
    for number in range(2):
        Image.merge(mode, [*bands, Image.fromarray(alpha)]).save(tmp_path / f"{number}.png")
    info = open_data(tmp_path)
    assert load_images(info)[0, 0, ::2, 0].tolist() == [255, 127, 0]
    assert "2 pictures with transparency laid over white" in info.conversions
    assert fitted_picture(tmp_path / "0.png", (6, 6, 1))[0, 0, ::2, 0].tolist() == [255, 127, 0]


def test_colour_is_decided_by_all_pictures(tmp_path: Path) -> None:
    for number in range(4):
        grey(10 * number).convert("RGB" if number == 3 else "P").save(tmp_path / f"{number}.png")
    info = open_data(tmp_path)
    assert info.image_shape == (6, 6, 3)
    assert info.conversions == ("3 pictures in grey became colour, as the other 1",)


def test_deep_pictures_are_scaled_by_the_range_of_all(tmp_path: Path) -> None:
    for number in range(4):
        Image.fromarray(np.full((6, 6), 1365 * number, np.uint16)).save(folder(tmp_path / "deep") / f"{number}.png")
        Image.fromarray(np.full((6, 6), number / 3, np.float32)).save(folder(tmp_path / "float") / f"{number}.tif")
    for name, note in (("deep", "read as 12-bit"), ("float", "")):
        info = open_data(tmp_path / name)
        assert load_images(info)[:, 0, 0, 0].tolist() == [0, 85, 170, 255]
        assert note in " ".join(info.conversions)


@pytest.mark.parametrize("name", ["stack.tif", "anim.gif"])
def test_pages_are_images(name: str, tmp_path: Path) -> None:
    pages = [grey(50 * number) for number in range(1, 6)]
    pages[0].save(folder(tmp_path / "pages") / name, save_all=True, append_images=pages[1:])
    for path in (tmp_path / "pages", tmp_path / "pages" / name):
        info = open_data(path)
        assert (info.image_shape, info.train_count) == ((6, 6, 1), 4)
        assert load_images(info)[:, 0, 0, 0].tolist() == [50, 100, 150, 200, 250]
        assert names(info) == [f"{name}#{page}" for page in range(1, 6)]


def test_names_and_classes_are_in_natural_order(tmp_path: Path) -> None:
    for number in range(12):
        grey(20 * number).save(folder(tmp_path / "plain") / f"{number}.png")
        grey(20 * number).save(folder(tmp_path / "classes" / str(number)) / "a.png")
    plain = open_data(tmp_path / "plain")
    # Every tenth tests, and comes last.
    assert names(plain) == [f"{number}.png" for number in (*range(9), 10, 11, 9)]
    assert open_data(tmp_path / "classes").label_names == tuple(map(str, range(12)))


def test_folders_of_training_and_test_divide_the_images(tmp_path: Path) -> None:
    for part, value in (("train", 10), ("val", 200)):
        for name in ("cat", "dog"):
            for number in range(3):
                grey(value).save(folder(tmp_path / part / name) / f"{number}.png")
    info = open_data(tmp_path)
    assert (info.count, info.train_count, info.label_names) == (12, 6, ("cat", "dog"))
    assert load_images(info)[:, 0, 0, 0].tolist() == [10] * 6 + [200] * 6
    assert sorted(np.load(info.labels_path)[:6]) == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("fit", "edge", "middle"), [("crop", 200, 200), ("pad", 0, 200), ("stretch", 0, 200)]
)  # fmt: skip
def test_other_sizes_are_cropped_padded_or_stretched_as_a_dropped_picture_is(
    fit: Fit, edge: int, middle: int, tmp_path: Path
) -> None:
    wide = np.zeros((8, 24, 1), np.uint8)
    wide[:, 8:16] = 200
    pngs(tmp_path / "set", np.full((3, 8, 8), 200, np.uint8))
    Image.fromarray(wide[..., 0]).save(tmp_path / "set" / "wide.png")
    options = DataOptions(fit=fit)
    info = open_data(tmp_path / "set", options)
    image = load_images(info)[names(info).index("wide.png"), ..., 0]
    assert abs(int(image[4, 0]) - edge) < 20
    assert abs(int(image[4, 4]) - middle) < 20
    assert info.conversions[0].startswith("1 picture of another size ")
    assert info.options == options
    assert np.array_equal(fitted_picture(tmp_path / "set" / "wide.png", (8, 8, 1), options)[0, ..., 0], image)


def test_large_photographs_are_made_small_unless_a_size_is_said(tmp_path: Path) -> None:
    for number in range(2):
        grey(90, 600, 300).save(tmp_path / f"{number}.png")
    assert open_data(tmp_path).image_shape == (64, 128, 1)
    assert open_data(tmp_path, DataOptions(size=(20, 30))).image_shape == (20, 30, 1)


def test_dead_links_and_folders_with_names_of_pictures_do_no_harm(tmp_path: Path) -> None:
    pngs(tmp_path, np.zeros((3, 6, 6), np.uint8))
    folder(tmp_path / "thumbs.png")
    (tmp_path / "gone.png").symlink_to("/nonexistent/gone.png")
    (folder(tmp_path / "more") / "back").symlink_to(tmp_path)
    info = open_data(tmp_path)
    assert info.count == 3
    assert info.conversions == ("1 picture left out: gone.png (this is a link to nothing)",)
    with pytest.raises(UserError, match=r"gone\.png: this is a link to nothing"):
        open_data(tmp_path, DataOptions(strict=True))


def test_a_table_beside_the_pictures_brings_columns_and_classes(tmp_path: Path) -> None:
    pngs(tmp_path / "set", np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 6), np.uint8))
    (tmp_path / "set" / "about.csv").write_text("name,age,class\n002,7,dog\n000.png,5,cat\nx/001.png,6,cat\n")
    info = open_data(tmp_path / "set")
    assert columns(info)["age"] == ["5", "6", "7", ""]
    assert info.label_names == ("", "cat", "dog")
    by_age = open_data(tmp_path / "set", DataOptions(labels="age"))
    assert np.load(by_age.labels_path).tolist()[:3] != np.load(info.labels_path).tolist()[:3]
    outside = tmp_path / "outside.csv"
    outside.write_text("index,kind\n3,c\n0,a\n1,b\n2,a\n")
    other = open_data(tmp_path / "set", DataOptions(labels=f"{outside}:kind"))
    assert [other.label_names[label] for label in np.load(other.labels_path)] == ["a", "b", "a", "c"]
    with pytest.raises(UserError, match="no table with a column size"):
        open_data(tmp_path / "set", DataOptions(labels="size"))


def test_a_table_that_cannot_be_read_and_a_late_damage_are_both_told(tmp_path: Path) -> None:
    pngs(tmp_path, np.random.default_rng(0).integers(0, 255, (4, 50, 50), np.uint8))
    content = (tmp_path / "001.png").read_bytes()
    (tmp_path / "001.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "about.csv").write_text("name,class\n000,1\n002,2\n")
    info = open_data(tmp_path)
    assert np.load(info.labels_path).tolist() == [1, 2, -1]
    assert [note.split(" ", 4)[:4] for note in info.conversions] == [
        ["about.csv", "beside", "the", "images"], ["the", "classes", "are", "the"], ["2", "images", "without", "a"],
        ["1", "picture", "left", "out:"],
    ]  # fmt: skip
    (tmp_path / "about.csv").write_text("")
    assert (
        "the table beside the pictures was left out: about.csv: the table is empty" in open_data(tmp_path).conversions
    )


def test_a_file_of_labels_in_the_order_of_the_images(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 6, 6), np.uint8))
    (tmp_path / "labels.txt").write_text("b\na\nb\nc\n")
    np.save(tmp_path / "labels.npy", np.array([3, 1, 3, 2]))
    text = open_data(tmp_path / "set.npy", DataOptions(labels=str(tmp_path / "labels.txt")))
    assert np.load(text.labels_path).tolist() == [1, 0, 1, 2]
    array = open_data(tmp_path / "set.npy", DataOptions(labels=str(tmp_path / "labels.npy")))
    assert np.load(array.labels_path).tolist() == [3, 1, 3, 2]
    np.save(tmp_path / "labels.npy", np.array([3, 1]))
    with pytest.raises(UserError, match="one entry for each of the 4 images"):
        open_data(tmp_path / "set.npy", DataOptions(labels=str(tmp_path / "labels.npy")))
