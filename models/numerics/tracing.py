"""Long Python work beside the worker's loop: TensorFlow's tracing, which cannot be cut into slices."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator

# Tracing is Python: the thread that decodes must get its turn at once, not after the usual 5 ms.
SWITCH_SECONDS = 0.0005
TURN_SECONDS = 0.002
NAME = "tracing"


def start_tracing(work: Callable[[], object]) -> threading.Thread:
    """Start ``work`` in a thread of its own; what it raises is written to the log."""
    sys.setswitchinterval(SWITCH_SECONDS)
    thread = threading.Thread(target=work, name=NAME, daemon=True)
    thread.start()
    return thread


def keep_traced() -> None:
    """Tell the garbage collector that what was traced stays: to search it for cycles would hold up a drag for 0.1 s."""
    gc.freeze()


def beside(work: Callable[[], object]) -> Iterator[None]:
    """Do ``work`` in a thread, and yield while it lasts. Where it fails, doing it again will say why."""
    thread = start_tracing(work)
    while thread.is_alive():
        thread.join(TURN_SECONDS)
        yield None
    keep_traced()


def is_tracing() -> bool:
    """Return whether such work is under way: Python must not be torn down under it."""
    return any(thread.name == NAME for thread in threading.enumerate())
