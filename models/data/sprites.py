"""Sprites: white shapes on black whose factors of variation are known, after dSprites (Matthey et al. 2017).

Three shapes (square, ellipse, heart) of about the same area, 6 scales from 0.5 to 1, 40 orientations around the full
circle and 32 × 32 places, each one pixel from the next: all combinations are 737 280 images of 64 × 64 grey pixels.
Places lie on the pixels, so an image is one of 720 patches of 33 × 33 pixels put somewhere; the patches are drawn once,
with 8 × 8 samples in every pixel. Turned by a quarter a square is the same image, turned by a half an ellipse, as in
dSprites. NumPy only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.sprite_names import SPRITE_FACTORS, SPRITE_SIZES, SpritesName
from models.data.source import Images, Source, images_per_block

SHAPES = ("square", "ellipse", "heart")
IMAGE_SHAPE = (64, 64, 1)
# Bumped when other pixels or another draw come out: what lies in a cache is then not taken for the same.
VERSION = 1
SCALES = np.linspace(0.5, 1.0, SPRITE_SIZES[1])
TURNS = np.arange(SPRITE_SIZES[2]) * (2.0 * np.pi / SPRITE_SIZES[2])
PATCH = 33
SAMPLES_PER_SIDE = 8
# In pixels at scale 1; all three shapes have an area of about 484 and stay within 16 pixels of their centre.
HALF_SIDE = 11.0
SEMI_AXES = (15.5, 9.94)
HEART_UNIT = 11.5
HEART_CENTRE = 0.1

Factors = NDArray[np.int64]


def sprites_source(name: SpritesName) -> Source:
    """Return the sprites that ``name`` asks for, in the order in which they were drawn."""
    factors = drawn_factors(name)
    return Source(name.count, IMAGE_SHAPE, _blocks(factors), factors[:, 0].copy(), SHAPES, factors, SPRITE_FACTORS)


def fingerprint(name: SpritesName) -> str:
    """Return what tells these sprites from all other data."""
    return hashlib.sha256(f"sprites {VERSION} {name.count} {name.seed}".encode()).hexdigest()[:16]


def drawn_factors(name: SpritesName) -> Factors:
    """Return the factors [n, 5] of ``name.count`` of all combinations, drawn without replacement by its seed."""
    order = np.random.Generator(np.random.PCG64(name.seed)).permutation(int(np.prod(SPRITE_SIZES)))[: name.count]
    return np.stack(np.unravel_index(order, SPRITE_SIZES), axis=1).astype(np.int64)


def draw_sprites(factors: Factors) -> Images:
    """Return the images uint8 [n, 64, 64, 1] of factor indices [n, 5]: shape, scale, orientation, x, y.

    ``IndexError`` if an index is out of range.
    """
    shape, scale, turn, x, y = np.unravel_index(np.ravel_multi_index(tuple(factors.T), SPRITE_SIZES), SPRITE_SIZES)
    count, side, reach = len(factors), IMAGE_SHAPE[0], np.arange(PATCH)
    images: Images = np.zeros((count, side, side, 1), np.uint8)
    rows = (y[:, np.newaxis] + reach)[:, :, np.newaxis]
    columns = (x[:, np.newaxis] + reach)[:, np.newaxis, :]
    kinds = zip(shape.tolist(), scale.tolist(), turn.tolist(), strict=True)
    patches = np.array([_patch(*kind) for kind in kinds], np.uint8).reshape(count, PATCH, PATCH)
    images[np.arange(count)[:, np.newaxis, np.newaxis], rows, columns, 0] = patches
    return images


def _blocks(factors: Factors) -> Iterator[Images]:
    # Whoever takes the blocks does other work in between: not all patches are drawn at once.
    for kind in product(*map(range, SPRITE_SIZES[:3])):
        _patch(*kind)
        yield draw_sprites(factors[:0])
    size = images_per_block(IMAGE_SHAPE)
    for start in range(0, len(factors), size):
        yield draw_sprites(factors[start : start + size])


@lru_cache(maxsize=720)
def _patch(shape: int, scale: int, turn: int) -> NDArray[np.uint8]:
    """Return a shape around its centre, uint8 [33, 33]."""
    side = (np.arange(PATCH * SAMPLES_PER_SIDE) + 0.5) / SAMPLES_PER_SIDE - 0.5 * PATCH
    right, down = side[np.newaxis, :] / SCALES[scale], side[:, np.newaxis] / SCALES[scale]
    cosine, sine = np.cos(TURNS[turn]), np.sin(TURNS[turn])
    inside = (_in_square, _in_ellipse, _in_heart)[shape]
    return _coverage(inside(cosine * right + sine * down, cosine * down - sine * right))


def _coverage(inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how much of each pixel is inside, 0 to 255."""
    cells = inside.reshape(PATCH, SAMPLES_PER_SIDE, PATCH, SAMPLES_PER_SIDE)
    levels: NDArray[np.uint8] = np.rint(255.0 * cells.mean(axis=(1, 3))).astype(np.uint8)
    return levels


def _in_square(u: Floats64, v: Floats64) -> NDArray[np.bool_]:
    return np.maximum(np.abs(u), np.abs(v)) <= HALF_SIDE


def _in_ellipse(u: Floats64, v: Floats64) -> NDArray[np.bool_]:
    return np.hypot(u / SEMI_AXES[0], v / SEMI_AXES[1]) <= 1.0


def _in_heart(u: Floats64, v: Floats64) -> NDArray[np.bool_]:
    """Return what is within the curve (x² + y² − 1)³ = x²y³; y points up, rows of an image down."""
    x, y = u / HEART_UNIT, HEART_CENTRE - v / HEART_UNIT
    squares = x * x
    inner = squares + y * y - 1.0
    return inner * inner * inner <= squares * y * y * y
