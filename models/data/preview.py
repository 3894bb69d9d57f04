"""What a data set would be, before anything is laid out: its numbers, its classes and a sheet of its images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.core.preview import PreviewOfData
from models.data.division import train_count
from models.data.opening import Found, read_by
from models.data.source import Images, Source, Steps
from models.data.treatment import resized, treated

# On the sheet: so many classes, of each so many images; or so many of data without.
MOST_CLASSES, OF_EACH, WITHOUT = 12, 8, 48
# The longer side of an image on it.
SIDE = 96
# Of images that must be made one after the other.
FIRST = 2_000


def preview_of(found: Found, options: DataOptions) -> Steps[PreviewOfData]:
    """Return what the data set ``found`` would be by some options; UserError if it cannot be used."""
    source = yield from read_by(found, options)
    return (yield from previewed(source, str(found.path), found.format, options))


def first_look(found: Found, options: DataOptions) -> Steps[PreviewOfData | None]:
    """Return a preview of a few images of very many files; None if there are not so many, or these cannot be read."""
    if found.unread.some is None:
        return None
    try:
        source = treated((yield from found.unread.some(options)), options, found.path.name)
        preview = yield from previewed(source, str(found.path), found.format, options)
    except UserError:
        # The whole data set says what is the matter, if it is one.
        return None
    return replace(preview, count=found.unread.count, whole=False)


def previewed(source: Source, path: str, kind: str, options: DataOptions) -> Steps[PreviewOfData]:
    """Return what the data at a path would be, by what was found of them; ``kind`` is the name of their format."""
    numbers = _chosen(source)
    images = yield from _sampled(source, numbers)
    height, width = _small(source.image_shape)
    sheet = np.stack([resized(image, (height, width), "stretch") for image in images])
    labels = source.labels
    values, counts = (np.empty(0, int),) * 2 if labels is None else np.unique(labels, return_counts=True)
    names = dict(enumerate(source.label_names))
    return PreviewOfData(
        path,
        options,
        kind,
        source.count,
        train_count(source.count) if source.train_count is None else source.train_count,
        source.image_shape,
        tuple((names.get(int(value), str(value)), int(n)) for value, n in zip(values, counts, strict=True)),
        source.factor_names,
        tuple(source.notes),
        sheet,
        tuple("" if labels is None else names.get(int(labels[n]), str(labels[n])) for n in numbers),
        source.keys,
        source.label_choices,
    )


def _chosen(source: Source) -> list[int]:
    """Return the ascending numbers of some images: of each of the first classes, else from all over the data."""
    count = source.count if source.sample is not None else min(source.count, FIRST)
    if source.labels is None:
        return sorted(set(np.linspace(0, count - 1, min(count, WITHOUT)).astype(int).tolist()))
    labels = source.labels[:count]
    chosen = [np.flatnonzero(labels == label)[:OF_EACH] for label in np.unique(labels)[:MOST_CLASSES]]
    return sorted(np.concatenate(chosen).tolist())


def _sampled(source: Source, numbers: Sequence[int]) -> Steps[Images]:
    """Return some images, of data without random access from the first blocks."""
    if source.sample is None:
        return np.concatenate(_enough(source, numbers[-1]))[list(numbers)]
    parts: list[Images] = []
    for start in range(0, len(numbers), OF_EACH):
        parts.append(source.sample(numbers[start : start + OF_EACH]))
        yield len(parts) * OF_EACH, len(numbers)
    return np.concatenate(parts)


def _enough(source: Source, last: int) -> list[Images]:
    """Return the first blocks, up to that of image ``last``."""
    blocks, done = list[Images](), 0
    for block in source.blocks:
        blocks.append(block)
        done += len(block)
        if done > last:
            break
    return blocks


def _small(shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return height and width of an image on the sheet."""
    scale = min(1.0, SIDE / max(shape[:2]))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
