"""The cache folder: data sets as plain ``.npy`` files that the window can map, and the embeddings of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.core.descriptions import DataInfo
from models.core.drafts import sweep
from models.core.errors import UserError
from models.core.files import sync_file, whole_folder
from models.core.folders import cache_root
from models.core.npy import map_array
from models.core.reading import read_file
from models.data.source import Source

MAX_CACHE_BYTES = 4 << 30
LAYOUT_VERSION = 1
POLL_SECONDS = 0.002
# The files of an entry; the first describes the others.
INFO, IMAGES, LABELS, FACTORS = "info.json", "images.npy", "labels.npy", "factors.npy"
MAX_INFO_BYTES = 1 << 26
# What a damaged entry makes its readers stumble over.
DAMAGE = (OSError, UserError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
T = TypeVar("T")


def stored(path: Path, fingerprint: str) -> DataInfo | None:
    """Return the data set with this ``fingerprint`` if it lies complete in the cache."""
    folder = _folder(fingerprint)
    sweep(folder.parent)
    info = _read(path, folder)
    if info is not None:
        # The time of change tells pruning when this entry was last of use.
        with suppress(OSError):
            os.utime(folder / INFO)
    return info


def store(path: Path, fingerprint: str, source: Source, train_count: int) -> Generator[None, None, DataInfo]:
    """Write ``source`` to the cache block by block, yielding after each, and return where it lies."""
    folder = _folder(fingerprint)
    try:
        with whole_folder(folder) as draft:
            digest = yield from _write_images(draft / IMAGES, source)
            yield from aside(partial(_describe, draft, source, digest, train_count))
            if _read(path, folder) is None:
                # What is left of a damaged entry stands in the way.
                _remove(folder)
    except OSError:
        # An entry that another process finished first is as good as ours.
        if _read(path, folder) is None:
            raise
    prune(folder)
    info = _read(path, folder)
    if info is None:
        raise UserError(str(folder), "what was just written there cannot be read back")
    return info


def prune(keep: Path, limit: int = MAX_CACHE_BYTES) -> None:
    """Remove the data sets used longest ago until all together are within ``limit`` bytes; ``keep`` stays."""
    entries = [entry for entry in keep.parent.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    sizes = {entry: _size(entry) for entry in entries}
    total = sum(sizes.values())
    for entry in sorted(entries, key=_last_use):
        if total <= limit:
            return
        if entry != keep:
            shutil.rmtree(entry, ignore_errors=True)
            total -= sizes[entry]


def _size(entry: Path) -> int:
    """Return the bytes of an entry, which another process may be removing."""
    try:
        return sum(file.lstat().st_size for file in entry.iterdir())
    except OSError:
        return 0


def _last_use(entry: Path) -> float:
    try:
        return (entry / INFO).lstat().st_mtime
    except OSError:
        return 0.0


def _remove(entry: Path) -> None:
    """Remove what stands at the place of an entry, whatever it is."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _folder(fingerprint: str) -> Path:
    return cache_root() / "datasets" / f"{fingerprint}-{LAYOUT_VERSION}"


def _write_images(target: Path, source: Source) -> Generator[None, None, str]:
    """Write all blocks as one ``.npy`` and return the digest of the pixels."""
    shape = (source.count, *source.image_shape)
    digest = hashlib.sha256(repr(shape).encode())
    with target.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in source.blocks:
            data = block.tobytes()
            digest.update(data)
            file.write(data)
            yield
    # Two gigabytes take seconds to reach the disk; the thread waits for them, the caller need not.
    yield from aside(partial(sync_file, target))
    return digest.hexdigest()[:16]


def aside(work: Callable[[], T]) -> Generator[None, None, T]:
    """Do ``work`` in a thread, yielding until it is done, and return its result."""
    with ThreadPoolExecutor(1) as thread:
        task = thread.submit(work)
        while not wait([task], timeout=POLL_SECONDS).done:
            yield
        return task.result()


def _describe(draft: Path, source: Source, digest: str, train_count: int) -> None:
    """Write labels and factors, and what describes the entry."""
    for name, array in ((LABELS, source.labels), (FACTORS, source.factors)):
        if array is not None:
            np.save(draft / name, np.ascontiguousarray(array, np.int64), allow_pickle=False)
    values = {
        "digest": digest,
        "count": source.count,
        "train_count": train_count,
        "image_shape": list(source.image_shape),
        "label_names": list(source.label_names),
        "factor_names": list(source.factor_names),
        "sizes": {file.name: file.stat().st_size for file in draft.iterdir()},
    }
    (draft / INFO).write_text(json.dumps(values), "utf-8")
    for file in draft.iterdir():
        sync_file(file)


def _read(path: Path, folder: Path) -> DataInfo | None:
    """Return the data set of an entry; None if it is not there, not whole, or does not agree with itself."""
    try:
        values = json.loads(read_file(folder / INFO, MAX_INFO_BYTES))
        info = _info(path, folder, values)
        sizes = {name: (folder / name).stat().st_size for name in values["sizes"]}
        return info if sizes == values["sizes"] and _agrees(info) else None
    except DAMAGE:
        return None


def _info(path: Path, folder: Path, values: dict[str, object]) -> DataInfo:
    height, width, channels = (_count(size) for size in _list(values["image_shape"]))
    sizes = _list(list(values["sizes"]))  # type: ignore[call-overload]
    return DataInfo(
        path=str(path),
        name=path.stem if path.is_file() else path.name,
        digest=_word(values["digest"]),
        count=_count(values["count"]),
        train_count=_count(values["train_count"]),
        image_shape=(height, width, channels),
        images_path=str(folder / IMAGES),
        labels_path=str(folder / LABELS) if LABELS in sizes else None,
        label_names=tuple(_word(name) for name in _list(values["label_names"])),
        factors_path=str(folder / FACTORS) if FACTORS in sizes else None,
        # What an earlier version wrote has no factors.
        factor_names=tuple(_word(name) for name in _list(values.get("factor_names", []))),
    )


def _agrees(info: DataInfo) -> bool:
    """Return whether the arrays of an entry are those that it describes."""
    arrays: list[tuple[str, np.dtype, tuple[int, ...]]] = [
        (info.images_path, np.dtype(np.uint8), (info.count, *info.image_shape))
    ]
    if info.labels_path is not None:
        arrays.append((info.labels_path, np.dtype(np.int64), (info.count,)))
    if info.factors_path is not None:
        arrays.append((info.factors_path, np.dtype(np.int64), (info.count, len(info.factor_names))))
    mapped = ((map_array(path), dtype, shape) for path, dtype, shape in arrays)
    return info.train_count < info.count and all(
        array.dtype == dtype and array.shape == shape for array, dtype, shape in mapped
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError("not a count")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value
