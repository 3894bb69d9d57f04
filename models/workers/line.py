"""A worker's end of its pipe: requests, replies, and a sign of life every second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from models.core.memory import resident_bytes
from models.protocol.lifecycle import Alive

if TYPE_CHECKING:
    # They would import NumPy before its threads are set.
    from models.protocol.messages import Reply, Request

BEAT_SECONDS = 1.0
IDLE_SECONDS = 0.5


class Line:
    """The pipe to the window as the main thread uses it; a thread of its own sends :class:`Alive`.

    The main thread is at work from one turn, which is a request or a slice of a job, until it waits for a request.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._turn, self._at_work = 0, True

    def beat(self) -> None:
        """Send a sign of life every second from now on."""
        threading.Thread(target=self._beat, name="signs-of-life", daemon=True).start()

    def waiting(self) -> bool:
        """Return whether a request waits."""
        return self._connection.poll(0)

    def receive(self, idle: Callable[[], object]) -> Request:
        """Wait for a request and return it, calling ``idle`` once if none comes for a while.

        EOFError when the window has closed the pipe.
        """
        self._at_work = False
        if not self._connection.poll(IDLE_SECONDS):
            idle()
        request: Request = self._connection.recv()
        self.begin()
        return request

    def begin(self) -> None:
        """Begin a turn."""
        self._turn += 1
        self._at_work = True

    def send(self, reply: Reply) -> None:
        """Send a reply; OSError when the window is gone."""
        with self._sending:
            self._connection.send(reply)

    def _beat(self) -> None:
        try:
            while True:
                self.send(Alive(self._turn, self._at_work, time.process_time(), resident_bytes()))
                time.sleep(BEAT_SECONDS)
        except OSError:
            # The window is gone, which the main thread notices as well.
            return
