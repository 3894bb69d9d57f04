"""A user's picture: turned upright, cropped to the model's aspect ratio, converted to its channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.errors import UserError
from models.data.pictures import fitted_picture
from tests.models.data.conftest import giant_png


def test_a_picture_of_the_right_size_is_taken_as_it_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (6, 5), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert np.array_equal(fitted_picture(tmp_path / "p.png", (6, 5, 1))[0, ..., 0], pixels)
    assert np.array_equal(fitted_picture(tmp_path / "p.png", (6, 5, 3))[0], np.repeat(pixels[..., None], 3, 2))


def test_a_wide_picture_is_cropped_in_the_middle(tmp_path: Path) -> None:
    pixels = np.zeros((20, 60), np.uint8)
    pixels[:, 20:40] = 200
    Image.fromarray(pixels).save(tmp_path / "p.png")
    fitted = fitted_picture(tmp_path / "p.png", (10, 10, 1))
    assert fitted.shape == (1, 10, 10, 1)
    assert fitted[0, :, 2:8].min() >= 195


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_grey_and_colour(mode: str, tmp_path: Path) -> None:
    white = 65535 if mode == "I;16" else 255
    plain = Image.new("I;16", (8, 8), white) if mode == "I;16" else Image.new("L", (8, 8), white).convert(mode)
    suffix = "tif" if mode == "CMYK" else "png"
    plain.save(tmp_path / f"p.{suffix}")
    for channels in (1, 3):
        assert fitted_picture(tmp_path / f"p.{suffix}", (4, 4, channels)).min() == 255


def test_a_turned_photograph_is_set_upright(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8), np.uint8)
    pixels[:4] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "p.png", exif=exif)
    fitted = fitted_picture(tmp_path / "p.png", (8, 8, 1))[0, ..., 0]
    assert fitted[:, 5:].min() > 200
    assert fitted[:, :3].max() < 50


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_text("hello")
    with pytest.raises(UserError, match=r"p\.png: this is not a picture that can be read"):
        fitted_picture(tmp_path / "p.png", (4, 4, 1))
    with pytest.raises(UserError, match=r"q\.png: no such file"):
        fitted_picture(tmp_path / "q.png", (4, 4, 1))
    giant_png(tmp_path / "r.png", 30_000)
    with pytest.raises(UserError, match=r"r\.png: the picture .*too large"):
        fitted_picture(tmp_path / "r.png", (4, 4, 1))
