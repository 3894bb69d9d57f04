"""Tests run on a changed source: a process forked from one that has imported TensorFlow imports the changed text.

No file is written, and the libraries are imported once for all: a change costs the second in which pytest collects,
and the tests asked for.
"""

from __future__ import annotations

import functools
import gc
import importlib
import linecache
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.support.places import ROOT
from tests.support.quickly import compile_quickly

LIBRARIES = (
    "tensorflow", "keras", "scipy.stats", "scipy.integrate", "scipy.special", "mpmath", "psutil",
    "hypothesis.strategies",
)  # fmt: skip
OPTIONS = ("-q", "-n0", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:pytest-qt")
Place = tuple[str, str, int]  # a file below the root, a function and its first line


def import_libraries() -> None:
    """Import what all tests need and none of the program; TensorFlow starts no thread before it is first used."""
    os.environ.update({f"{name}_THREADS": "1" for name in ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP_NUM")})
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    compile_quickly()
    for name in LIBRARIES:
        importlib.import_module(name)


def alter(texts: Mapping[Path, str]) -> None:
    """Let this process import these texts instead of the files; what is read to trace a function is changed too."""
    whole = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        text = texts.get(Path(self.path))
        return whole(self, fullname) if text is None else compile(text, self.path, "exec", dont_inherit=True)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    for path, text in texts.items():
        linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))


@dataclass(eq=False)
class Ordered:
    """A plugin of pytest: only these tests, in this order; what failed, and how long each took."""

    wanted: Sequence[str] | None
    failed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.wanted is not None:
            found = {item.nodeid: item for item in items}
            items[:] = [found[name] for name in self.wanted if name in found]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


@dataclass(eq=False)
class Reaching:
    """A plugin of pytest: which functions of these rooms each test calls."""

    rooms: tuple[str, ...]
    calls: dict[str, set[Place]] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def pytest_collection_finish(self) -> None:
        # What is kept from one call to the next would hide that a later test reaches it, too.
        kept = (found for found in gc.get_objects() if isinstance(found, functools._lru_cache_wrapper))
        self.kept = [found for found in kept if str(found.__module__).startswith("models.")]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        for kept in self.kept:
            kept.cache_clear()
        codes: set[CodeType] = set()
        sys.settrace(lambda frame, *_: self._note(frame, codes))
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.calls[item.nodeid] = {place for code in codes if (place := self._place(code)) is not None}

    @staticmethod
    def _note(frame: FrameType, codes: set[CodeType]) -> None:
        codes.add(frame.f_code)

    def _place(self, code: CodeType) -> Place | None:
        name = code.co_filename.removeprefix(f"{ROOT}/")
        return (name, code.co_name, code.co_firstlineno) if name.startswith(self.rooms) else None


def reached(files: Iterable[str], rooms: tuple[str, ...]) -> tuple[dict[str, set[Place]], dict[str, float]]:
    """Run all tests of the files once, and return what each of those that pass reaches, and its seconds."""

    def run(answer: Connection) -> None:
        order, reach = Ordered(None), Reaching(rooms)
        pytest.main([*OPTIONS, *files], plugins=[order, reach])
        answer.send((reach.calls, order.seconds, order.failed))

    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_silent, args=(run, there))
    process.start()
    there.close()
    calls, seconds, failed = here.recv()
    process.join()
    return {name: places for name, places in calls.items() if name not in failed}, seconds


@dataclass(frozen=True)
class Trial:
    """A changed text and the tests to run on it, the best first; they take so long on the text as it is."""

    name: str
    path: Path
    text: str
    tests: tuple[str, ...]
    seconds: float

    def run(self, answer: Connection) -> None:
        """Send the exit status of pytest and the first test that failed."""
        alter({self.path: self.text})
        order = Ordered(self.tests)
        files = dict.fromkeys(name.partition("::")[0] for name in self.tests)
        status = pytest.main([*OPTIONS, "-x", *files], plugins=[order])
        answer.send((int(status), order.failed[0] if order.failed else ""))


def _silent(run: Any, answer: Connection) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    run(answer)
    answer.close()
    # Without TensorFlow's own end, which takes longer than a test.
    os._exit(0)


@dataclass
class Running:
    """A trial in its process, the end of its pipe, and when it is stopped."""

    trial: Trial
    process: ForkProcess
    answer: Connection
    until: float

    @classmethod
    def start(cls, trial: Trial) -> Running:
        here, there = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("fork").Process(target=_silent, args=(trial.run, there))
        process.start()
        there.close()
        return cls(trial, process, here, time.monotonic() + 60.0 + 5.0 * trial.seconds)

    def ended(self) -> tuple[int, str] | None:
        """Return the answer, (−1, why) without one, None while it runs."""
        if time.monotonic() > self.until:
            self.process.kill()
            self.process.join()
            return -1, "it takes too long"
        if not self.answer.poll() and self.process.is_alive():
            return None
        try:
            found: tuple[int, str] = self.answer.recv()
        except EOFError:
            found = -1, "its process died"
        self.process.join()
        return found


def results_of(trials: Iterable[Trial], jobs: int) -> Iterator[tuple[Trial, int, str]]:
    """Run the trials, some at a time, and yield for each the exit status of pytest and what failed."""
    waiting, running = iter(trials), []
    while True:
        while len(running) < jobs and (trial := next(waiting, None)) is not None:
            running.append(Running.start(trial))
        if not running:
            return
        wait([one.answer for one in running], timeout=1.0)
        for one in list(running):
            if (found := one.ended()) is not None:
                running.remove(one)
                yield one.trial, *found
