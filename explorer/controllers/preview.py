"""Ask the worker what data would be before they are opened; the newest question wins.

A worker that ended over it is asked once more when it is back: it may have ended for another reason.
"""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from models.core.data_options import DataOptions
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.opening import DataPreviewed, Opening, PreviewData

CHANNEL = "data preview"


class PreviewController(QObject):
    """Links the state of the preview with the worker."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._requests = state.preview, requests
        self._asked: tuple[str, DataOptions, bool] | None = None
        self._tried_again = False
        state.preview.requested.connect(self._ask)
        state.preview.cancel_requested.connect(self._cancel)

    def _ask(self, path: str, options: DataOptions, afresh: bool) -> None:
        self._cancel()
        self._asked, self._tried_again = (path, options, afresh), False
        self._send()

    def _send(self) -> None:
        if self._asked is not None:
            path, options, afresh = self._asked
            self._requests.ask(CHANNEL, lambda number: PreviewData(number, path, options, afresh), self._answered)

    def _cancel(self) -> None:
        self._asked = None
        self._requests.cancel(CHANNEL)

    def crashed(self, reason: str, again: bool) -> None:
        """Give up what was asked if the worker stays off, or has ended over it before."""
        if self._asked is not None and (self._tried_again or not again):
            self._asked = None
            self._state.fail(f"The decoder stopped: {reason}.")
        self._tried_again = self._asked is not None

    def catch_up(self) -> None:
        """Ask a worker that has just started what the one before it has not answered."""
        self._send()

    def _answered(self, reply: Reply) -> None:
        match reply:
            case Opening():
                self._state.report(reply.done, reply.total)
            case DataPreviewed():
                self._asked = None if reply.preview.whole else self._asked
                self._state.set_preview(reply.preview)
            case Failed():
                self._asked = None
                self._state.fail(reply.message)
