"""A folder of ``.npz`` shards by name: each with ``images`` and, all of them or none, ``labels``."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.arrays import source_of
from models.data.formats.format import Format, opener
from models.data.formats.npz import npz_arrays
from models.data.labels import natural
from models.data.source import MAX_STREAMED_BYTES, Source, Steps, by


def shard_files(folder: Path) -> list[Path]:
    """Return the ``.npz`` files directly in ``folder``, by name."""
    found = (file for file in folder.glob("*.npz") if not file.name.startswith("."))
    return sorted(found, key=lambda file: natural(file.name))


def shards_source(folder: Path, options: DataOptions) -> Steps[Source]:
    """Return the images of all shards; UserError names the one that is damaged or differs from the first."""
    files = shard_files(folder)
    shards = [npz_arrays(file, options) for file in files]
    first = shards[0]
    for file, shard in zip(files, shards, strict=True):
        if (shard.shape[1:], shard.dtype) != (first.shape[1:], first.dtype):
            found, wanted = by(shard.shape[1:]), by(first.shape[1:])
            types = "" if found != wanted else f", {shard.dtype} and {first.dtype}"
            raise UserError(file.name, f"its images are {found}, but those of {files[0].name} are {wanted}{types}")
        if (shard.labels is None) != (first.labels is None):
            raise UserError(file.name, f"either it or {files[0].name} has labels; all shards must have them, or none")
        if shard.labels is not None and len(shard.labels) != shard.shape[0]:
            raise UserError(file.name, f"it has {len(shard.labels)} labels for {shard.shape[0]} images")
    count, labels = sum(shard.shape[0] for shard in shards), [s.labels for s in shards if s.labels is not None]
    return source_of(
        replace(
            first,
            name=folder.name,
            shape=(count, *first.shape[1:]),
            blocks=lambda: chain.from_iterable(shard.blocks() for shard in shards),
            labels=np.concatenate(labels) if labels else None,
            limit=MAX_STREAMED_BYTES,
        ),
        options,
    )


FORMAT = Format(
    "shards", lambda _, path: path.is_dir() and bool(shard_files(path)), opener(shards_source, shard_files), keys=True
)
