"""Find the active timers, running QThreads and top-level widgets of this process, and those that a window shares."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from weakref import WeakSet

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

from tests.support.leftovers import Running, process_name, processes, thread_name

_started: WeakSet[QObject] = WeakSet()
_shared: list[QObject] = []
_borrowed: list[bool] = []
_recording: list[type[QObject]] = []
WORKER_THREADS = ("read-", "write-", "export")
WORKER_PROCESSES = "latentscape-"


def record_starts() -> None:
    """Remember every QTimer and QThread started from Python, because Qt keeps no list of them."""
    for kind in (QTimer, QThread):
        if kind not in _recording:
            _recording.append(kind)
            kind.start = _recorded(kind.start)  # type: ignore[method-assign]


def _recorded(start: Callable[..., None]) -> Callable[..., None]:
    def recorded(self: QObject, *args: Any) -> None:
        _started.add(self)
        start(self, *args)

    return recorded


@dataclass(frozen=True)
class RunningWithQt(Running):
    """All that runs at one moment, timers, QThreads and widgets among it."""

    qt: frozenset[int]

    @classmethod
    def now(cls) -> Self:
        """What runs at this moment."""
        plain = Running.now()
        return cls(plain.threads, plain.processes, frozenset(_address(thing) for thing in _qt_objects()))

    def new(self) -> list[str]:
        """Names of what runs now, did not then, and does not belong to a window that is shared."""
        _settle()
        workers = _workers_of_shared()
        threads = [t for t in threading.enumerate() if t not in self.threads and not _is_shared(t)]
        children = [p for p in processes() if p.pid not in self.processes and p.pid not in workers]
        qt = [o for o in _qt_objects() if _address(o) not in self.qt and not _belongs_to_shared(o)]
        return [
            *map(thread_name, threads),
            *map(process_name, children),
            *(f"{type(thing).__name__} {thing.objectName()}" for thing in qt),
        ]


@contextmanager
def shared(*owners: QObject) -> Iterator[None]:
    """Let tests share a window: what belongs to it may outlive each of them.

    Whoever shares it guards the whole time himself, by a :class:`Running` of before.
    """
    _shared.extend(owners)
    try:
        yield
    finally:
        for owner in owners:
            _shared.remove(owner)


@contextmanager
def borrowed(*, really: bool) -> Iterator[None]:
    """Let what the workers of a shared window start meanwhile go on, if the window is ``really`` borrowed."""
    if really:
        _borrowed.append(True)
    try:
        yield
    finally:
        _borrowed.clear()


def _belongs_to_shared(thing: QObject) -> bool:
    owner: QObject | None = thing
    while owner is not None and owner not in _shared:
        owner = owner.parent()
    return owner is not None


def _is_shared(thread: threading.Thread) -> bool:
    return bool(_borrowed) and thread.name.startswith(WORKER_THREADS)


def _workers_of_shared() -> set[int]:
    """Return the process ids of the workers that a shared window may start at any time."""
    children = multiprocessing.active_children() if _borrowed else []
    return {child.pid for child in children if child.pid and child.name.startswith(WORKER_PROCESSES)}


def _settle() -> None:
    """Deliver pending events, including deletions."""
    if QCoreApplication.instance() is not None:
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


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
