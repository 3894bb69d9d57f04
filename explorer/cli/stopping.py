"""Stop a training from outside: by Ctrl-C, by a shutdown, by closing its terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# What a closed terminal sends; Windows has no such signal.
HANG_UP = getattr(signal, "SIGHUP", None)
STOPPING = [number for number in (signal.SIGINT, signal.SIGTERM, HANG_UP) if number is not None]


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first Ctrl-C, SIGTERM or SIGHUP; a second one ends the process as usual.

    A signal that the process was started to ignore, as by nohup, stays ignored.
    """

    def heed(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        if number == HANG_UP:
            _leave(terminals)
        stop()

    terminals = [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()]
    before = {number: signal.getsignal(number) for number in STOPPING}
    heeded = [number for number in STOPPING if before[number] is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, heed)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def _leave(terminals: list[int]) -> None:
    """Write to nowhere instead of to a terminal that is gone: an error there would cost the model."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
