"""Exceptions that nobody caught are logged and shown, and the window stays open."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress
from types import TracebackType

from PySide6.QtCore import QObject

from explorer.state.notices import NoticeState
from models.core.text import printable


class Uncaught(QObject):
    """Sends uncaught exceptions of slots and paints to the log, and the first of each kind to a notification."""

    def __init__(self, notices: NoticeState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._told: set[str] = set()

    def install(self) -> None:
        """Become the process's hook for uncaught exceptions, which PySide calls for slots too."""
        sys.excepthook = self.report

    def report(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the traceback, and notify once per kind of error and place."""
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        lines = traceback.format_exception(kind, error, trace)
        # There may be no standard error, and its terminal may be gone.
        with suppress(OSError, AttributeError):
            sys.stderr.writelines(f"{printable(line)}\n" for line in "".join(lines).splitlines())
        self._notices.log("".join(lines).rstrip())
        place = "".join(traceback.format_tb(trace)[-1:]) + kind.__name__
        if place not in self._told:
            self._told.add(place)
            self._notices.notice(
                "error", f"Internal error ({kind.__name__}: {error}). Nothing is lost; details are in the Log pane."
            )
