"""The cache folder: data sets as plain ``.npy`` files that the window can map, and the embeddings of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import platformdirs

from models.core.descriptions import DataInfo
from models.core.files import sync_file, whole_folder
from models.data.source import Source

CACHE_VARIABLE = "LATENTSCAPE_CACHE"
MAX_CACHE_BYTES = 4 << 30
LAYOUT_VERSION = 1
POLL_SECONDS = 0.002
T = TypeVar("T")


def cache_root() -> Path:
    """Return the cache folder: ``$LATENTSCAPE_CACHE`` or the system's place for it."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("latentscape"))


def stored(path: Path, fingerprint: str) -> DataInfo | None:
    """Return the data set with this ``fingerprint`` if it lies complete in the cache."""
    folder = _folder(fingerprint)
    values = _read(folder)
    if values is None:
        return None
    # The time of change tells pruning when this entry was last of use.
    os.utime(folder / "info.json")
    return _info(path, folder, values)


def store(path: Path, fingerprint: str, source: Source, train_count: int) -> Generator[None, None, DataInfo]:
    """Write ``source`` to the cache block by block, yielding after each, and return where it lies."""
    folder = _folder(fingerprint)
    values: dict[str, object] | None
    try:
        with whole_folder(folder) as draft:
            digest = yield from _write_images(draft / "images.npy", source)
            values = yield from aside(partial(_describe, draft, source, digest, train_count))
            if _read(folder) is None:
                # What is left of a damaged entry stands in the way.
                shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        # An entry that another process finished first is as good as ours.
        values = _read(folder)
        if values is None:
            raise
    prune(folder)
    return _info(path, folder, values)


def prune(keep: Path, limit: int = MAX_CACHE_BYTES) -> None:
    """Remove the data sets used longest ago until all together are within ``limit`` bytes; ``keep`` stays."""
    entries = [entry for entry in keep.parent.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    sizes = {entry: sum(file.stat().st_size for file in entry.iterdir()) for entry in entries}
    total = sum(sizes.values())
    for entry in sorted(entries, key=_last_use):
        if total <= limit:
            return
        if entry != keep:
            shutil.rmtree(entry, ignore_errors=True)
            total -= sizes[entry]


def _last_use(entry: Path) -> float:
    marker = entry / "info.json"
    return marker.stat().st_mtime if marker.exists() else 0.0


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


def _describe(draft: Path, source: Source, digest: str, train_count: int) -> dict[str, object]:
    """Write labels and factors, and what ``info.json`` says, which is returned."""
    for name, array in (("labels", source.labels), ("factors", source.factors)):
        if array is not None:
            np.save(draft / f"{name}.npy", array, allow_pickle=False)
    values = {
        "digest": digest,
        "count": source.count,
        "train_count": train_count,
        "image_shape": list(source.image_shape),
        "label_names": list(source.label_names),
        "factor_names": list(source.factor_names),
        "sizes": {file.name: file.stat().st_size for file in draft.iterdir()},
    }
    (draft / "info.json").write_text(json.dumps(values), "utf-8")
    for file in draft.iterdir():
        sync_file(file)
    return values


def _read(folder: Path) -> dict[str, object] | None:
    """Return the description of an entry that is complete: every file there, of the size it was written with."""
    try:
        values = json.loads((folder / "info.json").read_text("utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in values["sizes"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return values if sizes == values["sizes"] else None


def _info(path: Path, folder: Path, values: dict[str, object]) -> DataInfo:
    height, width, channels = (int(size) for size in _list(values["image_shape"]))
    labels, factors = folder / "labels.npy", folder / "factors.npy"
    return DataInfo(
        path=str(path),
        name=path.stem if path.is_file() else path.name,
        digest=str(values["digest"]),
        count=int(str(values["count"])),
        train_count=int(str(values["train_count"])),
        image_shape=(height, width, channels),
        images_path=str(folder / "images.npy"),
        labels_path=str(labels) if labels.exists() else None,
        label_names=tuple(str(name) for name in _list(values["label_names"])),
        factors_path=str(factors) if factors.exists() else None,
        # What an earlier version wrote has no factors.
        factor_names=tuple(str(name) for name in _list(values.get("factor_names", []))),
    )


def _list(value: object) -> list[int]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value
