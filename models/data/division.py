"""Which pictures train and which test, and what their classes are, by the folders they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError
from models.data.arrays import SHUFFLE_SEED
from models.data.labels import natural
from models.data.source import Labels

# One image of so many tests.
TEST_SHARE = 10
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
    """Return what the folders in paths with ``/`` between them say; UserError if they say it of some pictures only."""
    folders = [path.split("/")[:-1] for path in paths]
    while folders and all(len(parts) > 1 for parts in folders) and len({parts[0] for parts in folders}) == 1:
        folders = [parts[1:] for parts in folders]
    tests = None
    firsts = {parts[0].lower() for parts in folders if parts}
    if all(folders) and firsts <= TRAINS | TESTS and firsts & TRAINS:
        if firsts & TESTS:
            tests = np.array([parts[0].lower() in TESTS for parts in folders], np.bool_)
        folders = [parts[1:] for parts in folders]
    if not any(folders):
        return Division(tests=tests)
    if not all(folders):
        raise UserError(name, "there are pictures both in it and in its sub-folders; which are the classes?")
    names = sorted({parts[0] for parts in folders}, key=natural)
    numbers = {word: number for number, word in enumerate(names)}
    return Division(np.array([numbers[parts[0]] for parts in folders], np.int64), tuple(names), tests)


def places_of(labels: Labels | None, tests: NDArray[np.bool_] | None, count: int) -> NDArray[np.intp]:
    """Return the place of each of ``count`` images in the data set, whose last ones test.

    Images in classes come sorted by them, so they are shuffled, always the same way. Others keep the order of their
    names, but for every tenth, which tests.
    """
    if tests is None and labels is None:
        last = np.arange(count) % TEST_SHARE == TEST_SHARE - 1
        sequence = np.argsort(last, kind="stable")
    else:
        sequence = np.random.default_rng(SHUFFLE_SEED).permutation(count)
        if tests is not None:
            sequence = sequence[np.argsort(tests[sequence], kind="stable")]
    places = np.empty(count, np.intp)
    places[sequence] = np.arange(count)
    return places
