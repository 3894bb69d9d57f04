"""The cache folder: data sets as plain ``.npy`` files that the window can map, and the embeddings of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.core.columns import write_columns
from models.core.data_options import DataOptions, options_from_json
from models.core.descriptions import DataInfo
from models.core.drafts import sweep
from models.core.errors import UserError
from models.core.files import sync_file, whole_folder
from models.core.folders import cache_root
from models.core.npy import map_array
from models.core.reading import read_file
from models.data.division import train_count
from models.data.source import Source, Steps

MAX_CACHE_BYTES = 4 << 30
LAYOUT_VERSION = 3
POLL_SECONDS = 0.002
HASHED_AT_ONCE = 1 << 20
# The files of an entry; the first describes the others.
INFO, IMAGES, LABELS, FACTORS, TABLE = "info.json", "images.npy", "labels.npy", "factors.npy", "table.json"
MAX_INFO_BYTES = 1 << 26
# What a damaged entry makes its readers stumble over.
DAMAGE = (OSError, UserError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
T = TypeVar("T")
Numbers = NDArray[np.intp]


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


def store(path: Path, fingerprint: str, source: Source, options: DataOptions) -> Steps[DataInfo]:
    """Write ``source``, read by ``options``, to the cache block by block, yielding after each; return where it lies."""
    folder = _folder(fingerprint)
    try:
        with whole_folder(folder) as draft:
            digest, sequence = yield from _write_images(draft / IMAGES, source)
            if len(sequence) < 2:
                raise UserError(path.name, "fewer than two images in it can be read; one trains, one tests")
            yield from aside(partial(_describe, draft, source, sequence, digest, options))
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


def _write_images(target: Path, source: Source) -> Steps[tuple[str, Numbers]]:
    """Write all blocks as one ``.npy``, each image at its place.

    Return the digest of the pixels, and the number in the source of each image that was written, in their new order.
    """
    shape = (source.count, *source.image_shape)
    digest = hashlib.sha256(repr(shape).encode())
    places, numbers, done = source.order, _numbers(source), 0
    with target.open("w+b") as file:
        begin = _write_header(file, source.count, source.image_shape)
        each = int(np.prod(source.image_shape))
        for block in source.blocks:
            if places is None:
                data = block.tobytes()
                digest.update(data)
                file.write(data)
            else:
                for image, number in zip(block, numbers, strict=False):
                    file.seek(begin + int(places[number]) * each)
                    file.write(image.tobytes())
            done += len(block)
            yield done, source.count
        read = np.fromiter(_numbers(source), np.intp)
        sequence = read if places is None else read[np.argsort(places[read])]
        if done < source.count:
            yield from _close_gaps(file, begin, sequence if places is None else places[sequence], source)
        if places is not None:
            file.seek(begin)
            # As they lie now, which is how earlier versions read them.
            while piece := file.read(HASHED_AT_ONCE):
                digest.update(piece)
                yield None
    # Two gigabytes take seconds to reach the disk; the thread waits for them, the caller need not.
    yield from aside(partial(sync_file, target))
    return digest.hexdigest()[:16], sequence


def _numbers(source: Source) -> Iterator[int]:
    """Yield the number of each image that is read; those that could not be are known once the next ones are."""
    for number in range(source.count):
        if number not in source.dropped:
            yield number


def _write_header(file: IO[bytes], count: int, image_shape: tuple[int, ...]) -> int:
    """Write the header of a ``.npy``, which is as long for any count, and return its length."""
    file.seek(0)
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, *image_shape)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()


def _close_gaps(file: IO[bytes], begin: int, places: Numbers, source: Source) -> Steps[None]:
    """Move the images at some ascending ``places`` together, and shorten the file; the last may not be there at all."""
    each = int(np.prod(source.image_shape))
    for rank, place in enumerate(places.tolist()):
        # Without an order there are no gaps: what could not be read was not written.
        if source.order is not None and rank != place:
            file.seek(begin + place * each)
            image = file.read(each)
            file.seek(begin + rank * each)
            file.write(image)
            yield None
    file.truncate(begin + len(places) * each)
    _write_header(file, len(places), source.image_shape)


def aside(work: Callable[[], T]) -> Steps[T]:
    """Do ``work`` in a thread, yielding until it is done, and return its result."""
    with ThreadPoolExecutor(1) as thread:
        task = thread.submit(work)
        while not wait([task], timeout=POLL_SECONDS).done:
            yield None
        return task.result()


def _describe(draft: Path, source: Source, sequence: Numbers, digest: str, options: DataOptions) -> None:
    """Write labels, factors and columns in the order of the images, and what describes the entry."""
    for name, array in ((LABELS, source.labels), (FACTORS, source.factors)):
        if array is not None:
            np.save(draft / name, np.ascontiguousarray(array[sequence], np.int64), allow_pickle=False)
    if source.columns:
        columns = {word: [column[number] for number in sequence.tolist()] for word, column in source.columns.items()}
        write_columns(draft / TABLE, columns)
    values = {
        "digest": digest,
        "count": len(sequence),
        "train_count": _train_count(source, sequence),
        "image_shape": list(source.image_shape),
        "label_names": list(source.label_names),
        "factor_names": list(source.factor_names),
        "options": options.to_json(),
        "conversions": list(source.notes),
        "sizes": {file.name: file.stat().st_size for file in draft.iterdir()},
    }
    (draft / INFO).write_text(json.dumps(values), "utf-8")
    for file in draft.iterdir():
        sync_file(file)


def _train_count(source: Source, sequence: Numbers) -> int:
    """Return how many of the images that could be read train: at least one does, and one tests."""
    if source.train_count is None:
        return train_count(len(sequence))
    places = sequence if source.order is None else source.order[sequence]
    return min(max(int((places < source.train_count).sum()), 1), len(sequence) - 1)


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
        options=options_from_json(values.get("options", {})),
        conversions=tuple(_word(note) for note in _list(values.get("conversions", []))),
        table_path=str(folder / TABLE) if TABLE in sizes else None,
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
