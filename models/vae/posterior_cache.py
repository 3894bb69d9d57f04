"""Embeddings of data sets in the cache folder: two float32 ``.npy`` files per model and data set."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.descriptions import DataInfo
from models.core.drafts import sweep
from models.core.errors import UserError
from models.core.files import sync_file, whole_file
from models.core.folders import cache_root
from models.core.npy import map_array
from models.data.cache import aside
from models.data.source import silent
from models.vae.posterior import Posteriors

# A model in training is embedded after each checkpoint; only the newest are worth their disk space.
MAX_FILES = 20
MAX_BYTES = 1 << 30
ROWS_PER_BLOCK = 2048


@dataclass(frozen=True)
class StoredEmbedding:
    """The posteriors of a data set with the files they lie in."""

    posteriors: Posteriors
    mu_path: str
    sigma_path: str


def find(model_digest: str, data: DataInfo, latent_dim: int) -> Generator[None, None, StoredEmbedding | None]:
    """Return the embedding of ``data`` by this model if it lies whole in the cache; its numbers are looked through."""
    paths = _paths(model_digest, data)
    sweep(paths[0].parent)
    try:
        mu, sigma = map_array(paths[0]), map_array(paths[1])
        for path in paths:
            os.utime(path)
    except (OSError, UserError):
        return None
    shape = (data.count, latent_dim)
    if any(values.shape != shape or values.dtype != np.float32 for values in (mu, sigma)):
        return None
    for start in range(0, data.count, ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        if not (np.isfinite(mu[block]).all() and np.isfinite(sigma[block]).all() and (sigma[block] > 0.0).all()):
            return None
        yield
    return StoredEmbedding(Posteriors(mu, sigma), str(paths[0]), str(paths[1]))


def store(model_digest: str, data: DataInfo, posteriors: Posteriors) -> Generator[None, None, StoredEmbedding]:
    """Write ``posteriors`` to the cache block by block, drop the oldest there, and return where it lies."""
    paths = _paths(model_digest, data)
    for path, values in zip(paths, (posteriors.mu, posteriors.sigma), strict=True):
        with whole_file(path, durable=False, private=True) as draft:
            yield from _write(draft, values)
            yield from silent(aside(partial(sync_file, draft)))
    _prune(paths)
    return StoredEmbedding(posteriors, str(paths[0]), str(paths[1]))


def _write(draft: Path, values: Floats32) -> Generator[None, None, None]:
    with draft.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": values.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(values), ROWS_PER_BLOCK):
            file.write(values[start : start + ROWS_PER_BLOCK].astype("<f4", copy=False).tobytes())
            yield


def _paths(model_digest: str, data: DataInfo) -> tuple[Path, Path]:
    folder = cache_root() / "embeddings"
    stem = f"{model_digest}-{data.digest}"
    return folder / f"{stem}-mu.npy", folder / f"{stem}-sigma.npy"


def _prune(keep: tuple[Path, Path]) -> None:
    """Remove the embeddings used longest ago, beyond a number of files and of bytes."""
    files = [(path.stat(), path) for path in keep[0].parent.glob("*.npy") if path not in keep]
    number, size = len(keep), sum(path.stat().st_size for path in keep)
    for status, path in sorted(files, key=lambda entry: entry[0].st_mtime, reverse=True):
        number, size = number + 1, size + status.st_size
        if number > MAX_FILES or size > MAX_BYTES:
            # Another worker may have removed it, or on Windows the window may still have it mapped.
            with contextlib.suppress(OSError):
                path.unlink()
