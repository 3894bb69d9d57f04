"""Runs on disk: from the run manager and the offers to the trainer worker and back."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.client.folders import runs_folder
from explorer.client.worker import WorkerClient
from explorer.controllers.opening import Opener
from explorer.state import AppState
from explorer.state.training.offers import after_return
from explorer.state.training.runs import PLENTY
from explorer.state.unsaved import UnsavedModel
from explorer.views.common.words import room
from models.core.history import StoredRun, run_of
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply, TrainerRequest
from models.protocol.runs import (
    DiscardRun,
    EmptyTrash,
    ListRuns,
    ReadRun,
    RestoreRun,
    RunDiscarded,
    RunRead,
    RunRestored,
    RunsListed,
)


class RunsController(QObject):
    """Asks the trainer, which is started if there is none; ``fallback`` is the model to show if no other is left."""

    def __init__(
        self, state: AppState, client: WorkerClient, opener: Opener, fallback: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.state, self._client, self._opener, self._fallback = state, client, opener, fallback
        self._waiting: list[TrainerRequest] = []
        self._warned = False
        # By folder, of runs that were discarded: the model that was on the screen, and those that were not saved.
        self._left: dict[str, str] = {}
        self._unsaved: dict[str, tuple[UnsavedModel, ...]] = {}
        client.started.connect(self._started)
        client.received.connect(self._take)
        state.run.finished.connect(self._refresh)
        runs = state.runs
        runs.list_requested.connect(self._list)
        runs.discard_requested.connect(self._discard)
        runs.restore_requested.connect(self._restore)
        runs.removal_requested.connect(self._remove)
        runs.read_requested.connect(self._read)

    def _ask(self, request: TrainerRequest) -> None:
        self._waiting.append(request)
        if self._client.running:
            self._send_waiting()
        else:
            self._client.start()

    def _started(self) -> None:
        """Ask what has been put off, and, once, for the list: the runs may take much room."""
        if self.state.runs.runs is None:
            self._waiting.append(ListRuns(0, str(runs_folder())))
        self._send_waiting()

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._client.send(request)

    def _list(self) -> None:
        self._ask(ListRuns(0, str(runs_folder())))

    def _discard(self, folder: str) -> None:
        self._ask(DiscardRun(0, folder))
        self._leave(folder)

    def _restore(self, folder: str) -> None:
        self._ask(RestoreRun(0, folder))

    def _remove(self, folder: str | None) -> None:
        self._ask(EmptyTrash(0, str(runs_folder()), folder))

    def _read(self, folder: str) -> None:
        self._ask(ReadRun(0, folder))

    def _leave(self, folder: str) -> None:
        """Forget the unsaved models in ``folder``; show another model if the one on the screen lies there."""
        self._unsaved[folder] = self.state.unsaved.leave(folder)
        model, previous = self.state.model.model, self.state.run.previous
        if previous is None or run_of(previous) == folder:
            previous = self._fallback
            self.state.run.set_previous(previous)
        if model is not None and run_of(model.path) == folder:
            self._left[folder] = model.path
            self._opener.open_model(previous)

    def _take(self, reply: Reply) -> None:
        match reply:
            case RunsListed():
                self.state.runs.set_listed(reply.runs, reply.trash)
                self._warn_of_room()
            case RunRead():
                self.state.runs.set_read(reply.folder, reply.run, reply.snapshots)
            case RunRestored():
                self._restored(reply.run)
                self._refresh()
            case RunDiscarded():
                self._refresh()
            case Failed(kind=ReadRun.__name__):
                self.state.runs.forget_readers()

    def _refresh(self) -> None:
        """List the runs again, unless a worker would have to be started for that."""
        if self._client.running:
            self._list()

    def _warn_of_room(self) -> None:
        """Say that the runs and the trash take much room, and what to do about it: once, until they take less."""
        runs, notices = self.state.runs, self.state.notices
        if runs.taken <= PLENTY:
            self._warned = False
        elif not self._warned and notices.undo is None:
            self._warned = True
            trash = sum(run.size for run in runs.trash or ())
            notices.notice(
                "warning",
                f"The runs that are kept take {room(runs.taken)} on the disk, {room(trash)} of it in the trash. "
                "Model ▸ Runs … shows the size of each, discards runs and empties the trash.",
            )

    def _restored(self, stored: StoredRun) -> None:
        """Bring back unsaved models and what was on the screen; offer to go on with a run that has not ended."""
        for model in self._unsaved.pop(stored.folder, ()):
            self.state.unsaved.add(model)
        if (path := self._left.pop(stored.folder, None)) is not None:
            self._opener.open_model(path)
        if stored.run is not None and stored.stage == "interrupted" and not self.state.run.active:
            self.state.offers.offer_first(after_return(stored.run))
        else:
            self.state.notices.notice("info", f"{stored.name} is back in Model ▸ Runs …")
