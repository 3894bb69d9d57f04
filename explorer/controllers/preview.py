"""Ask the worker what data would be before they are opened; the newest question wins."""

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
        state.preview.requested.connect(self._ask)
        state.preview.cancel_requested.connect(self._cancel)

    def _ask(self, path: str, options: DataOptions, afresh: bool) -> None:
        self._cancel()
        self._requests.ask(CHANNEL, lambda number: PreviewData(number, path, options, afresh), self._answered)

    def _cancel(self) -> None:
        self._requests.cancel(CHANNEL)

    def _answered(self, reply: Reply) -> None:
        match reply:
            case Opening():
                self._state.report(reply.done, reply.total)
            case DataPreviewed():
                self._state.set_preview(reply.preview)
            case Failed():
                self._state.fail(reply.message)
