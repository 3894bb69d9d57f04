"""What runs in this process and below it: threads and child processes. Qt's things are in ``leftovers_of_qt``."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Self

import psutil
import pytest

PATIENCE = 3.0
YOUNG_ROUNDS = 5
TASKS = Path("/proc/self/task")
FAILED = pytest.StashKey[bool]()


def has_failed(item: pytest.Item) -> bool:
    """Return whether any phase of the test has failed."""
    return item.stash.get(FAILED, False)


@dataclass(frozen=True)
class Running:
    """All that runs at one moment, so that what came later can be told apart."""

    threads: frozenset[threading.Thread]
    processes: frozenset[int]

    @classmethod
    def now(cls) -> Self:
        """What runs at this moment."""
        return cls(frozenset(threading.enumerate()), frozenset(process.pid for process in processes()))

    def leftovers(self, patience: float) -> list[str]:
        """Names of what runs now and did not then, after waiting up to ``patience`` seconds for it to end."""
        deadline = time.monotonic() + patience
        rounds = 0
        while left := self.new():
            if time.monotonic() > deadline:
                break
            # What a test leaves behind is young; the oldest generation, TensorFlow's modules, takes half a second.
            gc.collect(min(rounds // YOUNG_ROUNDS, 2))
            rounds += 1
            time.sleep(0.01)
        return left

    def new(self) -> list[str]:
        """Names of what runs now and did not then."""
        threads = [thread for thread in threading.enumerate() if thread not in self.threads]
        children = [process for process in processes() if process.pid not in self.processes]
        return [*map(thread_name, threads), *map(process_name, children)]


@contextmanager
def guarded(kind: type[Running], excused: Callable[[], bool]) -> Iterator[None]:
    """Fail if anything that starts meanwhile goes on; not if it is ``excused``: a traceback keeps what a test made."""
    before = kind.now()
    yield
    if excused():
        return
    left = before.leftovers(PATIENCE)
    assert not left, f"left behind: {', '.join(left)}"


def thread_name(thread: threading.Thread) -> str:
    """Return what a report calls it."""
    return f"thread {thread.name}"


def process_name(process: psutil.Process) -> str:
    """Return what a report calls it."""
    return f"process {process.pid} ({process.name()})"


def processes() -> Iterator[psutil.Process]:
    """Living processes below this one, but for the two of multiprocessing: it tracks resources, it forks workers."""
    multiprocessing.active_children()  # reaps those that have ended
    if _childless():
        return
    own = {resource_tracker._resource_tracker._pid, forkserver._forkserver._forkserver_pid}  # type: ignore[attr-defined]
    for process in psutil.Process().children(recursive=True):
        if process.pid not in own and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            yield process


def _childless() -> bool:
    """Whether the kernel says that no thread of this process has a child; psutil reads every process to tell."""
    try:
        return not any((task / "children").read_bytes() for task in TASKS.iterdir())
    except OSError:
        return False
