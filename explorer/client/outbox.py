"""Requests on their way to a worker, whose pipe may be full because it is busy, stopped or hung."""

from __future__ import annotations

import select
import sys
import threading
from collections import deque
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler

from models.protocol.decoding import Cancel
from models.protocol.messages import Request

# So much fits into a pipe that the system calls writable; Linux does so only while most of its 200 kB are free.
FITS = 16_384 if sys.platform == "linux" else 2_048


class Outbox:
    """Writes requests in order, and never lets whoever hands them over wait.

    What the pipe has room for is written at once, since handing it to a thread costs the time of a drag; the rest is
    written by a thread. It holds few requests at a time, however often a person asks and cancels: a channel has one
    under way, and a request that is cancelled before it was written goes with its :class:`Cancel`.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._writing = self._closed = False
        self._writer = threading.Thread(target=self._write_on, name=name, daemon=True)
        self._writer.start()

    def __len__(self) -> int:
        """Return how many requests wait."""
        return len(self._waiting)

    def put(self, request: Request) -> bool:
        """Write a request, or let it wait for room in the pipe; False if the worker is gone."""
        # At once, since a request may hold arrays that change.
        message = bytes(ForkingPickler.dumps(request))
        with self._changed:
            if self._closed:
                return False
            if isinstance(request, Cancel) and self._take_back(request.job):
                return True
            if not self._waiting and not self._writing and self._fits(message):
                return self._write(message)
            self._waiting.append((request.id, message))
            self._changed.notify()
        return True

    def close(self, patience: float) -> None:
        """Write no more; the writer ends when the worker has ended, within ``patience`` seconds."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()
        self._writer.join(patience)

    def _take_back(self, number: int) -> bool:
        for waiting in self._waiting:
            if waiting[0] == number:
                self._waiting.remove(waiting)
                return True
        return False

    def _fits(self, message: bytes) -> bool:
        """Return whether the pipe takes a message without waiting; Windows does not say."""
        if len(message) > FITS or not hasattr(select, "poll"):
            return False
        room = select.poll()
        room.register(self._connection.fileno(), select.POLLOUT)
        return bool(room.poll(0))

    def _write(self, message: bytes) -> bool:
        try:
            self._connection.send_bytes(message)
        except OSError:
            # The worker has ended, which its reader reports.
            self._closed = True
        return not self._closed

    def _write_on(self) -> None:
        while (message := self._next()) is not None:
            self._write(message)

    def _next(self) -> bytes | None:
        with self._changed:
            self._writing = False
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            if self._closed:
                return None
            self._writing = True
            return self._waiting.popleft()[1]
