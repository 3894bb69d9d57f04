"""Sprites: images match their factors, whichever and however many are requested."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.core.sprite_names import ALL_SPRITES, SPRITE_FACTORS, SPRITE_SIZES, SpritesName, parse_sprites
from models.data import sprites
from models.data.opening import load_images, open_data, opening_data
from models.training.recorder import absolute_data

CENTRE = 16
# Of (x² + y² − 1)³ = x²y³ (Weisstein, MathWorld, "Heart Curve").
HEART_AREA = 3.66197


def _draw(shape: int = 0, scale: int = 5, turn: int = 0, x: int = 0, y: int = 0) -> np.ndarray:
    return sprites.draw_sprites(np.array([[shape, scale, turn, x, y]]))[0, :, :, 0].astype(float) / 255.0


def test_there_are_as_many_as_in_dsprites() -> None:
    assert ALL_SPRITES == 737_280 == np.prod(SPRITE_SIZES)
    assert len(SPRITE_FACTORS) == len(SPRITE_SIZES)


@pytest.mark.parametrize("shape", range(3))
@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (7, 31)])
def test_places_are_pixels_from_one_to_the_next(shape: int, x: int, y: int) -> None:
    moved, still = _draw(shape, 5, 9, x, y), _draw(shape, 5, 9)
    assert np.array_equal(moved[y : y + 33, x : x + 33], still[:33, :33])
    assert moved.sum() == still.sum()


@pytest.mark.parametrize("shape", range(3))
def test_areas_are_those_of_the_shapes_at_every_scale_and_turn(shape: int) -> None:
    exact = (4 * sprites.HALF_SIDE**2, np.pi * np.prod(sprites.SEMI_AXES), HEART_AREA * sprites.HEART_UNIT**2)[shape]
    for level, scale in enumerate(sprites.SCALES):
        # Edges along the sampling grid gain or lose a whole row, so leave out orientation 0.
        for turn in (1, 3, 11):
            assert _draw(shape, level, turn).sum() == pytest.approx(exact * scale**2, rel=5e-3)


def test_edges_are_antialiased_and_corners_dark() -> None:
    square = _draw(0, 5, 0)
    assert (square[CENTRE, CENTRE - 10 : CENTRE + 11] == 1.0).all()
    assert square[CENTRE, CENTRE + 11] == pytest.approx(0.5, abs=0.01)
    assert square[0, 0] == 0.0
    assert set(np.unique(_draw(1, 5, 3))) - {0.0, 1.0}


def test_a_quarter_of_the_orientations_is_a_quarter_turn() -> None:
    upright, quarter = _draw(2, 5, 0)[:33, :33], _draw(2, 5, 10)[:33, :33]
    assert np.array_equal(quarter, np.rot90(upright, -1))
    # A heart points down, with its two lobes above its tip.
    assert (upright[2:10] > 0).sum() > (upright[-10:-2] > 0).sum()
    assert np.array_equal(_draw(0, 5, 4), _draw(0, 5, 14))
    assert np.array_equal(_draw(1, 5, 4), _draw(1, 5, 24))
    assert not np.array_equal(_draw(1, 5, 4), _draw(1, 5, 14))


def test_indices_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="invalid entry"):
        _draw(3)


def test_a_name_says_how_many_and_which(tmp_path: Path) -> None:
    info = open_data("sprites:300:5")
    images, factors, labels = load_images(info), np.load(info.factors_path), np.load(info.labels_path)
    assert (info.name, info.path, info.count, info.train_count) == ("sprites:300:5", "sprites:300:5", 300, 270)
    assert (images.shape, images.dtype, factors.shape) == ((300, 64, 64, 1), np.uint8, (300, 5))
    assert info.factor_names == SPRITE_FACTORS
    assert info.label_names == ("square", "ellipse", "heart")
    assert np.array_equal(labels, factors[:, 0])
    assert np.array_equal(images, sprites.draw_sprites(factors))
    assert len(np.unique(factors, axis=0)) == 300
    assert open_data("sprites:300:5") == info
    assert open_data("sprites:300:6").digest != info.digest
    assert open_data("sprites:300").digest != info.digest


def test_names_have_a_usual_form() -> None:
    assert parse_sprites("sprites") == SpritesName(20_000, 0)
    assert [str(parse_sprites(name)) for name in ("sprites:20000:0", "sprites:50:0", "sprites:20000:3")] == [
        "sprites", "sprites:50", "sprites:20000:3",
    ]  # fmt: skip
    assert parse_sprites(f"sprites:{ALL_SPRITES}").count == ALL_SPRITES


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sprites:0", "at least two images"),
        ("sprites:1", "at least two images"),
        ("sprites:abc", "write sprites, sprites:N or sprites:N:SEED"),
        ("sprites:", "write sprites"),
        ("sprites:-5", "write sprites"),
        ("sprites:1.5", "write sprites"),
        ("sprites:٣", "write sprites"),
        ("sprites:5:1:2", "write sprites"),
        ("sprites:737281", "only 737,280"),
        ("sprites:" + "9" * 5000, "there are 737,280"),
        ("sprites:5:4294967296", "a seed is at most"),
    ],
)
def test_what_cannot_be_had_is_said(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        open_data(name)
    assert caught.value.subject == name


def test_every_combination_is_there_once() -> None:
    factors = sprites.drawn_factors(SpritesName(ALL_SPRITES, 1))
    assert np.array_equal(np.sort(np.ravel_multi_index(tuple(factors.T), SPRITE_SIZES)), np.arange(ALL_SPRITES))


def test_drawing_takes_slices_and_no_more_memory_for_more_images() -> None:
    open_data("sprites:200")
    tracemalloc.start()
    steps = sum(1 for _ in opening_data("sprites:12000"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert steps > 12_000 / 128
    # The images are 49 MB; the order of all combinations takes 6 MB, their patches less than 1.
    assert peak < 16 << 20


def test_a_file_of_that_name_can_be_opened_by_its_path(tmp_path: Path) -> None:
    np.save(tmp_path / "sprites", np.zeros((4, 6, 5), np.uint8))
    (tmp_path / "sprites.npy").rename(tmp_path / "sprites")
    assert open_data(tmp_path / "sprites").image_shape == (6, 5, 1)


def test_a_run_remembers_the_name_and_not_a_path() -> None:
    assert absolute_data("sprites:50") == "sprites:50"
    assert Path(absolute_data("images.npz")).is_absolute()
