"""Which images train and which test: as folders divide them, else by chance, of arrays with a share of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.core.columns import NAME, ROW
from models.core.errors import UserError
from models.data.labels import natural
from models.data.source import Labels, Source

# One image of so many tests.
TEST_SHARE = 10
# Always the same way, so that the same files give the same data.
SHUFFLE_SEED = 0
SHUFFLED = (
    "the images come sorted by class, so they were shuffled, always the same way; each class has its share of tests"
)
TRAINS = frozenset({"train", "training", "trainset"})
TESTS = frozenset({"val", "valid", "validation", "test", "testing", "testset", "eval"})


def train_count(count: int) -> int:
    """Return how many of ``count`` ≥ 2 images train: all but a tenth, of which there is at least one."""
    return count - max(1, count // TEST_SHARE)


@dataclass(frozen=True)
class Division:
    """Classes [n] of some files with their names, and whether each file tests; None where folders do not say."""

    labels: Labels | None = None
    names: tuple[str, ...] = ()
    tests: NDArray[np.bool_] | None = None


def division_of(paths: Sequence[str], name: str) -> Division:
    """Return what the folders in paths with ``/`` between them say; UserError if they say it of some pictures only.

    Pictures that test may be without classes, as −1; a single folder around all others is no class.
    """
    folders = [path.split("/")[:-1] for path in paths]
    while folders and all(len(parts) > 1 for parts in folders) and len({parts[0] for parts in folders}) == 1:
        folders = [parts[1:] for parts in folders]
    tests = None
    firsts = {parts[0].lower() for parts in folders if parts}
    if all(folders) and firsts <= TRAINS | TESTS and firsts & TRAINS:
        if firsts & TESTS:
            tests = np.array([parts[0].lower() in TESTS for parts in folders], np.bool_)
        folders = [parts[1:] for parts in folders]
    if len({parts[0] if parts else "" for parts in folders}) < 2:
        return Division(tests=tests)
    if not all(parts or (tests is not None and tests[n]) for n, parts in enumerate(folders)):
        raise UserError(name, "there are pictures both in it and in its sub-folders; which are the classes?")
    names = sorted({parts[0] for parts in folders if parts}, key=natural)
    numbers = {word: number for number, word in enumerate(names)}
    return Division(np.array([numbers[parts[0]] if parts else -1 for parts in folders], np.int64), tuple(names), tests)


def places_of(labels: Labels | None, tests: NDArray[np.bool_] | None, count: int) -> NDArray[np.intp]:
    """Return the place of each of ``count`` images in the data set, whose last ones test.

    Images in classes come sorted by them, so they are shuffled, always the same way; the digests of data sets, by which
    runs know them, rest on that order. Others keep the order of their names, but for every tenth, which tests.
    """
    if tests is None and labels is None:
        last = np.arange(count) % TEST_SHARE == TEST_SHARE - 1
        sequence = np.argsort(last, kind="stable")
    else:
        sequence = np.random.default_rng(SHUFFLE_SEED).permutation(count)
        if tests is not None:
            sequence = sequence[np.argsort(tests[sequence], kind="stable")]
    return _places(sequence)


def _places(sequence: NDArray[np.intp]) -> NDArray[np.intp]:
    places = np.empty(len(sequence), np.intp)
    places[sequence] = np.arange(len(sequence))
    return places


def _stratified(labels: Labels) -> NDArray[np.intp]:
    """Return the place of each image, shuffled, so that of each class its share tests."""
    sequence = np.random.default_rng(SHUFFLE_SEED).permutation(len(labels))
    tests = _share_of_each(labels, sequence)
    return _places(sequence[np.argsort(tests[sequence], kind="stable")])


def _share_of_each(labels: Labels, sequence: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which images test: of each class the first ones of ``sequence``, as many as are its share of all tests."""
    _, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
    wanted = len(labels) - train_count(len(labels))
    share = counts * (wanted / len(labels))
    each = np.floor(share).astype(int)
    # The largest remainders get what is left.
    each[np.argsort(each - share, kind="stable")[: wanted - each.sum()]] += 1
    by_class = sequence[np.argsort(members[sequence], kind="stable")]
    ranks = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    tests = np.empty(len(labels), np.bool_)
    tests[by_class] = ranks < each[members[by_class]]
    return tests


def shuffled_if_sorted(source: Source) -> Source:
    """Return a source whose images keep their order, shuffled if they come sorted by class: the last of them test.

    A further column tells the rows in the file, where nothing else would.
    """
    labels = source.labels
    if labels is None and source.factors is not None:
        labels = source.factors[:, 0]
    if labels is None or source.order is not None or source.train_count is not None or not _is_sorted(labels):
        return source
    source.notes.append(SHUFFLED)
    columns = dict(source.columns)
    if NAME not in columns:
        columns[ROW] = [str(row) for row in range(len(labels))]
    return replace(source, order=_stratified(labels), columns=columns)


def _is_sorted(labels: Labels) -> bool:
    """Return whether each of several classes is in one piece, and one of them has several images."""
    pieces = 1 + int(np.count_nonzero(np.diff(labels)))
    return 1 < pieces < len(labels) and pieces == len(np.unique(labels))
