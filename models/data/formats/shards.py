"""A folder of ``.npz`` shards by name: each with ``images`` and, all of them or none, ``labels``."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np

from models.core.errors import UserError
from models.data.formats.format import Format, opener
from models.data.formats.npz import npz_source
from models.data.source import MAX_STREAMED_BYTES, Source, by, check_size


def shard_files(folder: Path) -> list[Path]:
    """Return the ``.npz`` files directly in ``folder``, by name."""
    return sorted(file for file in folder.glob("*.npz") if not file.name.startswith("."))


def shards_source(folder: Path) -> Source:
    """Return the images of all shards; UserError names the one that is damaged or differs from the first."""
    files = shard_files(folder)
    sources = [npz_source(file) for file in files]
    first = sources[0]
    for file, source in zip(files, sources, strict=True):
        if source.image_shape != first.image_shape:
            found, wanted = by(source.image_shape), by(first.image_shape)
            raise UserError(file.name, f"its images are {found}, but those of {files[0].name} are {wanted}")
        if (source.labels is None) != (first.labels is None):
            raise UserError(file.name, f"either it or {files[0].name} has labels; all shards must have them, or none")
    count = sum(source.count for source in sources)
    check_size(count, first.image_shape, folder.name, MAX_STREAMED_BYTES)
    labels = [source.labels for source in sources if source.labels is not None]
    blocks = chain.from_iterable(source.blocks for source in sources)
    return Source(count, first.image_shape, blocks, np.concatenate(labels) if labels else None)


FORMAT = Format("shards", lambda _, path: path.is_dir() and bool(shard_files(path)), opener(shards_source, shard_files))
