"""Bounds on what may be done for a file of somebody else: seconds and memory."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from models.core.errors import UserError
from models.core.memory import address_space

if sys.platform != "win32":
    import resource

# Of reading a file: many times what a gigabyte of weights takes.
LONGEST_SECONDS = 60.0
# Beyond what the process has already: a gigabyte of weights several times over.
MOST_BYTES = 6 << 30


@contextmanager
def bounded(subject: str, seconds: float = LONGEST_SECONDS, most: int = MOST_BYTES) -> Iterator[None]:
    """Let the block take so many seconds and so much more memory: :class:`UserError` about ``subject``, MemoryError.

    What the system cannot bound is not: only the main thread has an alarm, and Windows has neither.
    """
    with _less_memory(most), _alarm(subject, seconds):
        yield


@contextmanager
def _alarm(subject: str, seconds: float) -> Iterator[None]:
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise UserError(subject, f"it takes more than {seconds:g} seconds to read", "it may be damaged")

    before = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _less_memory(most: int) -> Iterator[None]:
    held = address_space()
    if sys.platform == "win32" or not held:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(held + most, *limits, sys.maxsize), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
