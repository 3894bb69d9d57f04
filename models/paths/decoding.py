"""Decode and encode the frames of a walk in slices, those of live models without waiting for their answers."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.steps import passed_on
from models.core.walk_settings import TILE_FRAMES
from models.vae.live import LiveVAE
from models.vae.model import VAE
from models.vae.posterior import Posteriors

Result = TypeVar("Result")


def tiles(count: int) -> list[slice]:
    """Return which of ``count`` frames are decoded together: the same in every process, so that the bits are, too."""
    return [slice(start, min(start + TILE_FRAMES, count)) for start in range(0, count, TILE_FRAMES)]


def decoding(vae: VAE, z: Floats32) -> Generator[None, None, Floats32]:
    """Return the images of a tile of latents ``z`` [n, d]."""
    if isinstance(vae, LiveVAE):
        images, _ = yield from vae.decoding(z)
        return images
    yield
    return vae.decode(z)


def encoding(vae: VAE, images: NDArray[np.uint8]) -> Generator[None, None, Posteriors]:
    """Return the posteriors of a tile of uint8 ``images`` [n, h, w, c]."""
    if isinstance(vae, LiveVAE):
        return (yield from vae.encoding(images))
    yield
    return Posteriors(*vae.encode(images))


def at_share(share: float, work: Generator[None, None, Result]) -> Generator[float, None, Result]:
    """Do some work, yielding ``share`` for each of its steps."""
    return passed_on(work, lambda _: share)


def picture_steps(vae: VAE, z: Floats32) -> Generator[float, None, Floats64]:
    """Return the distances [n − 1] of the images of ``z`` [n, d] from one to the next, yielding the share that is done.

    They are Euclidean, in units of the largest pixel.
    """
    steps, last = [], np.zeros((0, vae.architecture.pixels))
    for tile in tiles(len(z)):
        images = yield from at_share(tile.start / len(z), decoding(vae, z[tile]))
        flat = np.concatenate([last, flattened(images)])
        steps.append(distances(flat))
        last = flat[-1:]
    return np.concatenate(steps)


def flattened(images: Floats32) -> Floats64:
    """Return images [n, h, w, c] as rows of pixels [n, pixels]."""
    return images.reshape(len(images), -1).astype(np.float64)


def distances(rows: Floats64) -> Floats64:
    """Return the Euclidean distance from each row to the next."""
    return np.asarray(np.linalg.norm(np.diff(rows, axis=0), axis=1))
