"""Everything that runs in this process and below it: threads, timers, child processes, top-level widgets."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any
from weakref import WeakSet

import psutil
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

_started: WeakSet[QObject] = WeakSet()
_shared: list[QObject] = []
WORKER_THREADS = ("read-", "export")
YOUNG_ROUNDS = 5
WORKER_PROCESSES = "latentscape-"


def record_starts() -> None:
    """Remember every QTimer and QThread started from Python, because Qt keeps no list of them."""
    for kind in (QTimer, QThread):
        kind.start = _recording(kind.start)  # type: ignore[method-assign]


def _recording(start: Callable[..., None]) -> Callable[..., None]:
    def recorded(self: QObject, *args: Any) -> None:
        _started.add(self)
        start(self, *args)

    return recorded


@dataclass(frozen=True)
class Running:
    """Everything that runs at one moment, so that later arrivals can be told apart."""

    threads: frozenset[threading.Thread]
    processes: frozenset[int]
    qt: frozenset[int]

    @classmethod
    def now(cls) -> Running:
        """Return everything that runs at this moment."""
        return cls(
            threads=frozenset(threading.enumerate()),
            processes=frozenset(process.pid for process in _processes()),
            qt=frozenset(_address(thing) for thing in _qt_objects()),
        )

    def leftovers(self, patience: float) -> list[str]:
        """Return the names of what runs now but did not then, after up to ``patience`` seconds to finish."""
        deadline = time.monotonic() + patience
        rounds = 0
        while left := self._new():
            if time.monotonic() > deadline:
                break
            # A test leaves young objects behind; the oldest generation, TensorFlow's modules, takes half a second.
            gc.collect(min(rounds // YOUNG_ROUNDS, 2))
            rounds += 1
            time.sleep(0.01)
        return left

    def _new(self) -> list[str]:
        _settle()
        workers = _workers_of_shared()
        threads = [t for t in threading.enumerate() if t not in self.threads and not _is_shared(t)]
        processes = [p for p in _processes() if p.pid not in self.processes and p.pid not in workers]
        qt = [o for o in _qt_objects() if _address(o) not in self.qt and not _belongs_to_shared(o)]
        return [
            *(f"thread {thread.name}" for thread in threads),
            *(f"process {process.pid} ({process.name()})" for process in processes),
            *(f"{type(thing).__name__} {thing.objectName()}" for thing in qt),
        ]


@contextmanager
def shared(*owners: QObject) -> Iterator[None]:
    """Let several tests share a window: what it and its workers start meanwhile may outlive each of them.

    Whoever shares it guards the whole time himself, by a :class:`Running` of before.
    """
    _shared.extend(owners)
    try:
        yield
    finally:
        for owner in owners:
            _shared.remove(owner)


def _belongs_to_shared(thing: QObject) -> bool:
    owner: QObject | None = thing
    while owner is not None and owner not in _shared:
        owner = owner.parent()
    return owner is not None


def _is_shared(thread: threading.Thread) -> bool:
    return bool(_shared) and thread.name.startswith(WORKER_THREADS)


def _workers_of_shared() -> set[int]:
    """Return the process ids of the workers that a shared window may start at any time."""
    children = multiprocessing.active_children() if _shared else []
    return {child.pid for child in children if child.pid and child.name.startswith(WORKER_PROCESSES)}


def _settle() -> None:
    """Deliver pending events, including deletions."""
    if QCoreApplication.instance() is not None:
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _processes() -> Iterator[psutil.Process]:
    """Return the live children of this process, except multiprocessing's resource tracker."""
    multiprocessing.active_children()  # reaps those that have ended
    tracker = resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
    for process in psutil.Process().children(recursive=True):
        if process.pid != tracker and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            yield process


def _address(thing: QObject) -> int:
    """Return the address of the C++ object, which Python may wrap more than once."""
    address: int = shiboken6.getCppPointer(thing)[0]
    return address


def _qt_objects() -> list[QObject]:
    """Return active timers, running QThreads and top-level widgets."""
    alive = [thing for thing in list(_started) if shiboken6.isValid(thing)]
    running = [t for t in alive if (t.isActive() if isinstance(t, QTimer) else t.isRunning())]
    widgets = QApplication.topLevelWidgets() if isinstance(QCoreApplication.instance(), QApplication) else []
    return [*running, *widgets]
