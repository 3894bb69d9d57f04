"""One worker process: start it, talk to it, notice that it hangs or ends, restart it."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.client.launcher import Launched, launch
from explorer.client.outbox import Outbox
from explorer.client.watch import Watch
from explorer.state.notices import NoticeState
from explorer.state.workers import Status, WorkersState
from models.protocol.lifecycle import PROTOCOL_VERSION, Alive, Hello, Role, Shutdown
from models.protocol.messages import Reply, Request

RESTARTS = 5
GOODBYE_SECONDS = 1.5
LOOK_MS = 1000
_log = logging.getLogger(__name__)


class WorkerClient(QObject):
    """A spawned worker and the threads that read and write its pipe; everything else happens in the GUI thread.

    Signals
    -------
    received(Reply)
        An answer arrived.
    started
        A worker has been started, for the first time or again: it takes its model, its data and requests.
    crashed(str, bool)
        The worker ended, by itself or because it hung: the reason, and whether it is restarting.
    hung(str)
        The worker does not get on, and why, as the end of a sentence about it; nothing once it does again.
    """

    received = Signal(object)
    started = Signal()
    crashed = Signal(str, bool)
    hung = Signal(str)
    _arrived = Signal(int, object)
    _ended = Signal(int)

    def __init__(self, role: Role, state: WorkersState, notices: NoticeState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.role: Role = role
        self._state, self._notices = state, notices
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._reader: threading.Thread | None = None
        self._outbox: Outbox | None = None
        self._watch, self._trouble, self._looked_at = Watch(), "", 0.0
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._look)
        # Of the worker there is, and of the one before it if that may still answer.
        self._generation = self._previous = 0
        self._restarts = 0
        # What a person should know of the folders that the worker uses.
        self.remarks: tuple[str, ...] = ()
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._lost, Qt.ConnectionType.QueuedConnection)

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether there is a worker process."""
        return self._process is not None

    @property
    def idle_memory(self) -> int:
        """The bytes that the worker holds while it has nothing to do; 0 if it has, or if that is not known."""
        return 0 if self._process is None or self._trouble else self._watch.memory

    def start(self, launched: Launched | None = None) -> None:
        """Start the worker, or take over one that was launched ahead; requests may be sent at once."""
        self._adopt(launched or launch(self.role))
        self._state.set_status(self.role, Status.STARTING)
        self.started.emit()

    def _adopt(self, worker: Launched) -> None:
        self._process, self._connection = worker.process, worker.connection
        self.remarks = worker.remarks
        self._generation += 1
        self._state.logs.setdefault(self.role, (worker.log, worker.log_start))
        self._reader = threading.Thread(
            target=self._read,
            args=(worker.connection, self._generation, self._begin_to_watch()),
            name=f"read-{self.role}",
            daemon=True,
        )
        self._reader.start()
        self._outbox = Outbox(worker.connection, f"write-{self.role}")

    def restart(self) -> None:
        """Restart a worker that hangs or is off because the person asks for it, with a fresh allowance of restarts."""
        self._restarts = 0
        if self._process is not None and self._trouble:
            self._generation += 1
            _kill(self._process)
            self._leave()
            self._state.set_status(self.role, Status.CRASHED)
            self.crashed.emit("it did not get on", True)
        if not self.running:
            self.start()

    def renew(self) -> None:
        """Start a fresh worker in place of one that has nothing to do; that one answers what it was asked, and ends."""
        self.send(Shutdown())
        self._previous = self._generation
        threading.Thread(target=self._detached(), name=f"end-{self.role}", daemon=True).start()
        self._adopt(launch(self.role))
        self.started.emit()

    def send(self, message: Request) -> bool:
        """Send a request without waiting; False if there is no worker to take it (its loss is reported separately)."""
        return self._outbox is not None and self._outbox.put(message)

    def close(self) -> None:
        """End the worker, by force if it does not go when asked."""
        self._generation += 1
        self._previous = 0
        process = self._process
        if process is None:
            return
        if not self._trouble:
            self.send(Shutdown())
            process.join(GOODBYE_SECONDS)
        _kill(process)
        self._leave()
        self._state.set_status(self.role, Status.STOPPED)

    def _begin_to_watch(self) -> Watch:
        self._watch, self._looked_at = Watch(), time.monotonic()
        self._looking.start()
        return self._watch

    def _look(self) -> None:
        now = time.monotonic()
        seconds, self._looked_at = now - self._looked_at, now
        self._tell(self._watch.look(seconds))

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self.hung.emit(trouble)

    def _read(self, connection: Connection, generation: int, watch: Watch) -> None:
        try:
            try:
                while True:
                    message = connection.recv()
                    if isinstance(message, Alive):
                        watch.hear(message)
                    else:
                        self._arrived.emit(generation, message)
            except (EOFError, OSError):
                self._ended.emit(generation)
        except RuntimeError:
            _log.debug("the window is gone, the reader of the %s ends", self.role)

    def _take(self, generation: int, reply: Reply) -> None:
        if generation not in (self._generation, self._previous):
            return
        if not isinstance(reply, Hello):
            self.received.emit(reply)
            return
        if reply.protocol != PROTOCOL_VERSION:
            self._notices.notice("error", f"The {self.role} belongs to another version. Please reinstall Latentscape.")
            return
        self._watch.greeted = True
        self._state.set_hello(reply)

    def _lost(self, generation: int) -> None:
        if generation != self._generation or self._process is None:
            return
        reason = _reason_of_end(self._process)
        self._leave()
        again = self._restarts < RESTARTS
        self._state.set_status(self.role, Status.CRASHED)
        self._restarts += 1
        self.crashed.emit(reason, again)
        # Whoever heard of the crash may have started one already.
        if again and not self.running:
            self.start()

    def _leave(self) -> None:
        """Forget a worker that has ended."""
        self._looking.stop()
        self._tell("")
        self._detached()()

    def _detached(self) -> Callable[[], None]:
        """Forget the worker, and return what waits for its end and closes what led to it."""
        end = partial(_end, self._process, self._connection, self._outbox, self._reader)
        self._process = self._connection = self._outbox = self._reader = None
        return end


def _end(
    process: SpawnProcess | None, connection: Connection | None, outbox: Outbox | None, reader: threading.Thread | None
) -> None:
    if process is not None:
        process.join(GOODBYE_SECONDS)
        _kill(process)
    if outbox is not None:
        outbox.close(GOODBYE_SECONDS)
    if reader is not None:
        reader.join(GOODBYE_SECONDS)
    if connection is not None:
        connection.close()


def _kill(process: SpawnProcess) -> None:
    """End a process; one that the system holds, as on a disk that is gone, ends when it is let go."""
    process.kill()
    process.join(GOODBYE_SECONDS)


def _reason_of_end(process: SpawnProcess) -> str:
    process.join(0.2)
    if process.is_alive():
        _kill(process)
        return "it closed its connection"
    code = process.exitcode or 0
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"
