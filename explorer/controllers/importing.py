"""Look at other people's models with the answers of the person; the newest answers win."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from models.protocol.importing import Inspect, Inspected
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply


class ImportingController(QObject):
    """Passes answers on to the decoder, and to the state what is understood with them."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._requests = state, requests
        state.importing.inspect_requested.connect(self._inspect)
        state.model.data_changed.connect(self._data_changed)

    def _inspect(self, path: str, answers: Mapping[str, str] | None) -> None:
        self._requests.ask("import", lambda number: Inspect(number, path, answers), self._inspected)

    def crashed(self, reason: str) -> None:
        """Say that the decoder ended over the newest answers, which it is not asked about again: they may be why."""
        if self._state.importing.behind:
            self._state.importing.refuse(f"The decoder stopped: {reason}. Answer differently, or open the model again.")

    def catch_up(self) -> None:
        """Look at what has been answered while no decoder was there."""
        importing = self._state.importing
        if importing.found is not None and importing.behind:
            self._inspect(importing.found.path, importing.answers)

    def _data_changed(self) -> None:
        """Show what the model that is asked about makes of the data that have just been opened."""
        importing = self._state.importing
        if importing.found is not None:
            self._inspect(importing.found.path, importing.answers)

    def _inspected(self, reply: Reply) -> None:
        importing = self._state.importing
        if isinstance(reply, Inspected):
            importing.show(reply, newest=self._requests.under_way("import") is None)
        elif isinstance(reply, Failed) and importing.found is not None:
            importing.refuse(reply.message)
        elif isinstance(reply, Failed):
            self._state.notices.notice("error", reply.message, "open")
