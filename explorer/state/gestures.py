"""What can be undone: a state whose changes are gestures, each of them one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PySide6.QtCore import QObject, Signal


class Gestures(QObject):
    """A state that takes snapshots of itself at the beginning and the end of every gesture.

    Signals
    -------
    step_done(str, object, object)
        A gesture ended: its name, and the snapshots before and after.
    """

    step_done = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gesture: tuple[str, object] | None = None
        self._awaiting = self._ending = False

    @property
    def open(self) -> bool:
        """Whether a gesture is being made."""
        return self._gesture is not None

    def snapshot(self) -> object:
        """Return all that undo brings back, as a value that can be compared."""
        raise NotImplementedError

    def restore(self, snapshot: Any) -> None:  # noqa: ANN401
        """Return to a snapshot, and tell the views."""
        raise NotImplementedError

    def begin(self, text: str) -> None:
        """Start a gesture that will be one undo step; an open one is closed first."""
        self.close_gesture()
        self._gesture = (text, self.snapshot())

    def end(self) -> None:
        """End the gesture, after an awaited answer has come; nothing is recorded if nothing moved."""
        self._ending = self._awaiting
        if self._awaiting:
            return
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            text, before = gesture
            after = self.snapshot()
            if before != after:
                self.step_done.emit(text, before, after)

    def close_gesture(self) -> None:
        """End the gesture that is open, if any, without waiting for an answer."""
        self._awaiting = False
        self.end()

    def await_answer(self, awaiting: bool) -> None:
        """Record whether the decoder still owes a value that belongs to the gesture, such as z = F⁻¹(u)."""
        self._awaiting = awaiting
        if self._ending and not awaiting:
            self.end()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Make one undo step of the setters called within."""
        self.begin(text)
        try:
            yield
        finally:
            self.end()

    @contextmanager
    def part(self, text: str) -> Iterator[None]:
        """Make the setters called within part of the gesture that is open, or a step of their own."""
        if self._gesture is not None:
            yield
            return
        with self.step(text):
            yield
