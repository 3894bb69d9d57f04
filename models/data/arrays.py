"""Arrays of images as files have them, and the one way in which they become a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from models.core.data_options import DataOptions
from models.core.errors import UserError
from models.data.division import shuffled_if_sorted
from models.data.geometry import Geometry, geometry_of
from models.data.labels import Classes, classes_of
from models.data.ranges import Scale, check_finite, scale_of
from models.data.source import MAX_DATA_BYTES, Images, Source, Steps, by, check_size


@dataclass
class Arrays:
    """Images of a file before anything is understood.

    Attributes
    ----------
    name : str
        The file, for errors.
    shape, dtype : tuple of int, numpy.dtype
        Of the whole array, the images along the first axis.
    blocks : callable
        Returns the images [k, …] in order, piece by piece; may be called more than once.
    labels : array or None
        As it is, one entry or row for each image.
    notes : list of str
        What was made of the file.
    limit : int
        The most bytes of pixels.
    take : callable or None
        Returns some images by their numbers, where that is possible without reading all before them.
    train_count : int or None
        How many train, where the file is divided.
    columns : dict
        Texts [n] by the name of their column.
    keys, label_choices : tuple of str
        What else in the file may be images, and labels.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    blocks: Callable[[], Iterator[np.ndarray]]
    labels: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    limit: int = MAX_DATA_BYTES
    take: Callable[[Sequence[int]], np.ndarray] | None = None
    train_count: int | None = None
    columns: dict[str, list[str]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    label_choices: tuple[str, ...] = ()


def source_of(arrays: Arrays, options: DataOptions) -> Steps[Source]:
    """Return the images and labels of ``arrays``; UserError if they are none."""
    if options.layout == "HWCN":
        arrays = _number_first(arrays)
    geometry = geometry_of(arrays.shape, options, arrays.name)
    if arrays.dtype.kind not in "uifb":
        raise UserError(arrays.name, f"images must be uint8, integers or floats, not {arrays.dtype}")
    count = arrays.shape[0]
    # What is made smaller may be larger than images can be.
    check_size(count, geometry.shape if options.size is None else (1, 1, 1), arrays.name, arrays.limit)
    classes = Classes() if arrays.labels is None else classes_of(arrays.labels, count, arrays.name)
    if count:
        scale = yield from scale_of(arrays.dtype, arrays.blocks, options, arrays.name, count)
    else:
        scale = Scale(0.0, 255.0)
    notes = [*arrays.notes, geometry.note, scale.note, classes.note]
    source = Source(
        count,
        geometry.shape,
        _converted(arrays, geometry, scale),
        classes.labels,
        classes.names,
        classes.factors,
        classes.factor_names,
        notes=[note for note in notes if note],
        columns={**arrays.columns, "label": list(classes.text)} if classes.text else arrays.columns,
        train_count=arrays.train_count,
        sample=_sampler(arrays, geometry, scale),
        keys=arrays.keys,
        label_choices=arrays.label_choices,
    )
    return shuffled_if_sorted(source)


def joined_parts(parts: Sequence[Arrays]) -> Arrays:
    """Return images that train, and those that test if there are any, as one; UserError if they do not fit together."""
    train, *tests = parts
    if not tests:
        return train
    (test,) = tests
    if train.shape[1:] != test.shape[1:] or train.dtype.kind != test.dtype.kind:
        raise UserError(test.name, f"its test images are {_kind(test)}, but the training images {_kind(train)}")
    labels = None
    if train.labels is not None and test.labels is not None:
        if train.labels.shape[1:] != test.labels.shape[1:]:
            raise UserError(test.name, "the labels of the test images differ in kind from those of the training images")
        labels = np.concatenate([train.labels, test.labels])
    return replace(
        train,
        shape=(train.shape[0] + test.shape[0], *train.shape[1:]),
        dtype=np.promote_types(train.dtype, test.dtype),
        blocks=lambda: chain(train.blocks(), test.blocks()),
        labels=labels,
        take=_taker(train, test),
        train_count=train.shape[0],
    )


def _taker(train: Arrays, test: Arrays) -> Callable[[Sequence[int]], np.ndarray] | None:
    """Return what reads some images of both by their numbers, which are ascending; None where it has to read all."""
    from_train, from_test, count = train.take, test.take, train.shape[0]
    if from_train is None or from_test is None:
        return None

    def take(numbers: Sequence[int]) -> np.ndarray:
        first, rest = [n for n in numbers if n < count], [n - count for n in numbers if n >= count]
        return np.concatenate([*([from_train(first)] if first else []), *([from_test(rest)] if rest else [])])

    return take


def _kind(arrays: Arrays) -> str:
    return f"{by(arrays.shape[1:])} {arrays.dtype}"


def _number_first(arrays: Arrays) -> Arrays:
    """Return the arrays with the number of the image, which is the last axis, in front."""
    if len(arrays.shape) not in (3, 4):
        raise UserError(arrays.name, f"--layout HWCN needs 3 or 4 axes, there is {by(arrays.shape)}")
    if int(np.prod(arrays.shape)) * arrays.dtype.itemsize > MAX_DATA_BYTES:
        raise UserError(arrays.name, f"{by(arrays.shape)} is too large to be read with the images along the last axis")
    whole = np.moveaxis(np.concatenate(list(arrays.blocks())), -1, 0)
    return replace(arrays, shape=whole.shape, blocks=lambda: pieces(whole), take=lambda numbers: whole[list(numbers)])


def pieces(whole: np.ndarray) -> Iterator[np.ndarray]:
    """Yield an array in memory in pieces of about half a megabyte."""
    size = max(1, (1 << 19) // max(1, whole[:1].nbytes))
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


def _converted(arrays: Arrays, geometry: Geometry, scale: Scale) -> Iterator[Images]:
    done = 0
    for block in arrays.blocks():
        check_finite(block, done, arrays.name)
        yield geometry.images(scale.apply(block))
        done += len(block)


def _sampler(arrays: Arrays, geometry: Geometry, scale: Scale) -> Callable[[Sequence[int]], Images]:
    def sample(numbers: Sequence[int]) -> Images:
        if arrays.take is not None:
            return geometry.images(scale.apply(arrays.take(numbers)))
        return geometry.images(scale.apply(_found(arrays, numbers)))

    return sample


def _found(arrays: Arrays, numbers: Sequence[int]) -> np.ndarray:
    """Return some images of arrays that can only be read from their beginning; ``numbers`` are ascending."""
    found, done = [], 0
    for block in arrays.blocks():
        found += [block[number - done] for number in numbers if done <= number < done + len(block)]
        done += len(block)
        if not numbers or done > numbers[-1]:
            break
    return np.stack(found) if found else np.empty((0, *arrays.shape[1:]), arrays.dtype)
