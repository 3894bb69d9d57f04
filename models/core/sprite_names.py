"""The names of generated data: ``sprites``, ``sprites:N`` and ``sprites:N:SEED`` stand where a path of data may."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.errors import UserError

NAME = "sprites"
SPRITE_FACTORS = ("shape", "scale", "orientation", "x", "y")
SPRITE_SIZES = (3, 6, 40, 32, 32)
ALL_SPRITES = 3 * 6 * 40 * 32 * 32
USUAL_COUNT = 20_000
LARGEST_SEED = 2**32 - 1
FORM = "write sprites, sprites:N or sprites:N:SEED"


@dataclass(frozen=True)
class SpritesName:
    """The number of combinations of factors that are drawn, and the seed that decides which."""

    count: int = USUAL_COUNT
    seed: int = 0

    def __str__(self) -> str:
        """Return the shortest name of the same data."""
        if self.seed != 0:
            return f"{NAME}:{self.count}:{self.seed}"
        return NAME if self.count == USUAL_COUNT else f"{NAME}:{self.count}"


def is_sprites(text: str) -> bool:
    """Return whether ``text`` names sprites, if perhaps wrongly, and no file."""
    return text == NAME or text.startswith(f"{NAME}:")


def parse_sprites(text: str) -> SpritesName:
    """Return what a name asks for; :class:`UserError` if it cannot be had."""
    parts = text.split(":")[1:]
    # Not isdigit() alone: it takes digits of all scripts.
    if not is_sprites(text) or len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UserError(text, f"{FORM}, with whole numbers")
    if any(len(part) > len(str(LARGEST_SEED)) for part in parts):
        raise UserError(text, f"there are {ALL_SPRITES:,} sprites, and seeds up to {LARGEST_SEED:,}")
    name = SpritesName(*(int(part) for part in parts))
    if name.count < 2:
        raise UserError(text, "at least two images are needed: one trains, one tests")
    if name.count > ALL_SPRITES:
        raise UserError(text, f"there are only {ALL_SPRITES:,} sprites")
    if name.seed > LARGEST_SEED:
        raise UserError(text, f"a seed is at most {LARGEST_SEED:,}")
    return name
