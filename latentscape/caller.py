"""The person's process as the window and its decoder see it: it listens, and a thread for each of them answers."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from queue import SimpleQueue
from typing import Any

from latentscape.functions import FunctionError, Functions
from latentscape.own_images import OwnImages
from latentscape.wire import (
    WIRE_VERSION,
    Answer,
    Ask,
    AskCodes,
    AskImages,
    Codes,
    Description,
    Done,
    Images,
    Join,
    Points,
    Refusal,
    Remark,
    Seen,
    Shown,
    ToWindow,
)

KEY_BYTES = 32
# A thread that waits for a message looks so often whether it should end.
TURN_SECONDS = 0.2


class Caller:
    """Answers for a person's functions until :meth:`close`.

    Attributes
    ----------
    address, key
        Where it listens, and the secret that whoever connects must know.
    points : Points or None
        The points of the window, as it told last; None before it has told any.
    shown, told, gone : Event
        Set when the window is there, when it has told of its points, and when it has gone or this has been closed.
    """

    def __init__(self, functions: Functions, description: Description, own: OwnImages | None = None) -> None:
        self._functions, self._own, self.description = functions, own, description
        self.key = secrets.token_bytes(KEY_BYTES)
        self._listener = Listener(authkey=self.key)
        self.address = str(self._listener.address)
        self.points: Points | None = None
        self.shown, self.told, self.gone = threading.Event(), threading.Event(), threading.Event()
        self.done: SimpleQueue[Done] = SimpleQueue()
        self._sending = threading.Lock()
        self._window: Connection | None = None
        self._unsaid: list[Remark] = []
        self._complaint = ""
        self._closed = False
        functions.say = self._warn
        self._threads = [self._thread(self._accept)]

    def tell(self, message: ToWindow) -> bool:
        """Send a message to the window; False if there is none."""
        with self._sending:
            return self._told(message)

    def close(self) -> None:
        """Listen and answer no more."""
        if self._closed:
            return
        self._closed = True
        # accept() takes no notice of a socket that is closed under it. Without the key nothing is waited for: where the
        # thread has just ended by itself, nobody would answer.
        with suppress(OSError):
            Client(self.address).close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(1.0)
        self._listener.close()
        self.gone.set()

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name="latentscape", daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        while not self._closed:
            # What does not know the key, or leaves at once, is none of ours.
            with suppress(OSError, EOFError, AuthenticationError):
                connection = self._listener.accept()
                self._threads.append(self._thread(partial(self._greet, connection)))

    def _greet(self, connection: Connection) -> None:
        with connection, suppress(OSError, EOFError):
            joined = connection.recv()
            connection.send(self.description)
            if not isinstance(joined, Join) or joined.version != WIRE_VERSION:
                return
            if joined.role == "window":
                self._serve_window(connection)
            else:
                self._serve_decoder(connection)

    def _received(self, connection: Connection) -> Iterator[Any]:
        """Yield messages until this is closed; EOFError or OSError when the other end has gone."""
        while not self._closed:
            if connection.poll(TURN_SECONDS):
                yield connection.recv()

    # -------------------------------------------------------------------------------------------------- the window

    def _serve_window(self, connection: Connection) -> None:
        with self._sending:
            self._window, unsaid = connection, self._unsaid
            for remark in unsaid:
                self._told(remark)
        try:
            for message in self._received(connection):
                if isinstance(message, Points):
                    self.points = message
                    self.told.set()
                    self.tell(Seen())
                elif isinstance(message, Shown):
                    self.shown.set()
                elif isinstance(message, Done):
                    self.done.put(message)
        finally:
            with self._sending:
                self._window = None
            # Who waits for the points is woken, too.
            self.gone.set()
            self.told.set()
            self.done.put(Done("the window has been closed"))

    def _told(self, message: ToWindow) -> bool:
        if self._window is None:
            if isinstance(message, Remark):
                self._unsaid.append(message)
            return False
        try:
            self._window.send(message)
        except OSError:
            return False
        return True

    def _warn(self, text: str) -> None:
        self.tell(Remark("warning", text))

    # ------------------------------------------------------------------------------------------------- the decoder

    def _serve_decoder(self, connection: Connection) -> None:
        for ask in self._received(connection):
            connection.send(self._answer(ask))

    def _answer(self, ask: Ask) -> Answer:
        try:
            answer = self._answered(ask)
        except FunctionError as error:
            self._complain(error)
            return Refusal(ask.id, str(error))
        self._complaint = ""
        return answer

    def _answered(self, ask: Ask) -> Answer:
        if isinstance(ask, AskImages):
            began = time.perf_counter()
            return Images(ask.id, self._functions.decode(ask.z), time.perf_counter() - began)
        if isinstance(ask, AskCodes):
            return Codes(ask.id, *self._functions.encode_pictures(ask.images))
        if self._own is None:
            raise FunctionError("this view was opened without images")
        return Codes(ask.id, *self._own.codes(ask.start, ask.stop))

    def _complain(self, error: FunctionError) -> None:
        """Show an error in the window, but not the same one again while nothing succeeds."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            where = " The traceback is in the Log pane." if error.details else ""
            self.tell(Remark("error", f"{error}.{where}", error.details))
