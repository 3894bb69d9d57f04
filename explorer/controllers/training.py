"""From the Training pane to the trainer worker and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from explorer.client.folders import new_run_folder, runs_folder
from explorer.client.worker import WorkerClient
from explorer.state import AppState
from explorer.state.training.offers import after_divergence, offer_of
from explorer.state.training.run import RunStatus
from explorer.state.workers import Status
from models.core.history import UnfinishedRun
from models.core.settings import Dials, TrainSettings
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.training import (
    Adjust,
    CheckpointDelayed,
    CheckpointWritten,
    Control,
    ControlAction,
    Diverged,
    DropRun,
    EpochDone,
    Evaluating,
    FindRuns,
    Finished,
    Progress,
    RunsFound,
    StepShown,
    Train,
    TrainStarted,
)

PREPARE_AFTER_MS = 3000


class TrainingController(QObject):
    """Runs one training at a time in a worker of its own.

    A worker that dies is restarted and goes on from its newest checkpoint. The first one looks for earlier runs: those
    that a program that died has left are offered, one after the other, the newest first; others can be compared with.
    """

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.client = WorkerClient("trainer", state.workers, self)
        self._job: Train | None = None
        self._number = 0
        self._before: str | None = None
        self._action: ControlAction | None = None
        self._dials: Dials | None = None
        self._looked = self._recalled = False
        self._drops: list[str] = []
        self._prepare = QTimer(self)
        self._prepare.setSingleShot(True)
        self._prepare.setInterval(PREPARE_AFTER_MS)
        self._prepare.timeout.connect(self.ensure_started)
        self.client.received.connect(self._take)
        self.client.started.connect(self._greet)
        self.client.crashed.connect(self._crashed)
        state.run.start_requested.connect(self.train)
        state.run.resume_requested.connect(self.resume)
        state.run.drop_requested.connect(self._drop)
        state.run.control_requested.connect(self.control)
        state.run.adjust_requested.connect(self._adjust)
        state.review.open_requested.connect(state.model.open_model_requested)
        state.model.model_changed.connect(self._prepare_later)

    def ensure_started(self) -> None:
        """Start the worker if there is none, so that a click on Start need not wait for TensorFlow."""
        if not self.client.running:
            self.client.start()

    def close(self) -> None:
        """End the worker."""
        self._prepare.stop()
        self.client.close()

    def _prepare_later(self) -> None:
        if not self.client.running:
            self._prepare.start()

    def train(self, data_path: str, settings: TrainSettings) -> None:
        """Start a run on a data set."""
        self._begin(Train(0, data_path, str(new_run_folder()), self.state.run.name, settings))

    def resume(self, run: UnfinishedRun) -> None:
        """Go on with a run from its newest checkpoint, with its data on the map."""
        data = self.state.model.data
        if data is None or data.info.path != run.data_path:
            self.state.model.open_data_requested.emit(run.data_path)
        job = Train(0, run.data_path, run.folder, run.name, run.settings, resume=True)
        self._begin(replace(job, learning_rate=run.learning_rate))

    def _begin(self, job: Train) -> None:
        model, unsaved = self.state.model.model, self.state.run.unsaved
        if unsaved is not None:
            self.state.model.remember(unsaved)
            text = f"The model trained before is not saved; it stays at {unsaved}, and in File ▸ Open recent"
            self.state.workers.notice("info", text)
        self._before = None if model is None else model.path
        self._number += 1
        self._action = self._dials = None
        self.state.review.clear()
        self._job = replace(job, id=self._number, stepping=self.state.run.stepping)
        if self.client.running:
            self.client.send(self._job)
        else:
            self.client.start()

    def control(self, action: ControlAction) -> None:
        """Pause, resume, stop or discard the run."""
        if self._job is not None:
            self._action = action
            self.client.send(Control(self._job.id, action))

    def _adjust(self, dials: Dials) -> None:
        self._dials = dials
        if self._job is not None:
            self.client.send(Adjust(self._job.id, dials))

    def _send_drops(self) -> None:
        for folder in self._drops:
            self.client.send(DropRun(0, folder))
        self._drops.clear()

    def _greet(self) -> None:
        """Give a run under way to a worker that has just been started, and the last wish of the person with it."""
        self._send_drops()
        if not self._looked:
            self.client.send(FindRuns(0, str(runs_folder())))
        if self._job is not None:
            self.client.send(self._job)
            if self._dials is not None:
                self.client.send(Adjust(self._job.id, self._dials))
            if self._action in ("pause", "stop"):
                self.client.send(Control(self._job.id, self._action))

    def _drop(self, run: UnfinishedRun) -> None:
        self._drops.append(run.folder)
        if self.client.running:
            self._send_drops()
        else:
            self.client.start()
        model = self.state.model.model
        if model is not None and self._before is not None and Path(run.folder) in Path(model.path).parents:
            self.state.model.open_model_requested.emit(self._before)

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, RunsFound):
            self._found(reply)
        elif isinstance(reply, Failed) and reply.id == 0:
            self.state.workers.notice("error", reply.message)
        elif self._job is not None and getattr(reply, "id", 0) == self._job.id:
            self._follow(self._job, reply)
            self.state.run.offer_next()

    def _found(self, found: RunsFound) -> None:
        """Offer what can go on, unless the person was quicker; tell of the others, the first time."""
        self._looked = True
        if not self._recalled:
            self._recalled = True
            self.state.review.recall(found.ended)
        if self._job is None:
            self.state.run.waiting = [offer_of(run) for run in found.runs]
            self.state.run.offer_next()

    def _follow(self, job: Train, reply: Reply) -> None:
        run = self.state.run
        match reply:
            case TrainStarted():
                self.state.workers.set_status("trainer", Status.BUSY)
                run.set_started(reply)
                self.state.review.set_snapshots(reply.snapshots)
            case EpochDone():
                run.add_epoch(reply)
                self.state.review.set_snapshots(reply.snapshots)
            case CheckpointWritten():
                self._job = replace(job, resume=True, learning_rate=None)
                run.mark_kept()
                self.state.review.follow(reply.path)
            case CheckpointDelayed():
                text = (
                    f"No checkpoint can be written to {reply.folder}: {reply.reason}. The training goes on and retries."
                )
                self.state.workers.notice("warning", text)
            case Diverged():
                self._diverged(reply)
            case Finished():
                self._finish(reply)
            case Failed():
                self.state.workers.notice("error", reply.message)
                self._finish(None)
            case _:
                self._show(reply)

    def _show(self, reply: Reply) -> None:
        """Hand on what is only looked at."""
        run = self.state.run
        match reply:
            case Progress():
                run.add_progress(reply)
            case Evaluating():
                run.set_evaluated(reply.share)
            case StepShown():
                run.show_step(reply)

    def _finish(self, finished: Finished | None, return_to_before: bool = True) -> None:
        self._job = None
        if self.client.running:
            self.state.workers.set_status("trainer", Status.READY)
        kept = None if finished is None else finished.path
        discarded = finished is not None and kept is None
        if discarded:
            self.state.review.clear()
        if self.state.run.records and not discarded:
            self.state.review.remember(self.state.run.past)
        self.state.run.finish(finished)
        if kept is not None:
            self.state.review.follow(kept)
            self.state.run.start_next()
        elif self._before is not None and return_to_before and self._shows_the_run():
            self.state.model.open_model_requested.emit(self._before)

    def _diverged(self, diverged: Diverged) -> None:
        self._finish(None, return_to_before=diverged.last_good is None)
        offer = after_divergence(diverged)
        if offer is None:
            text = f"The training diverged at step {diverged.step}: {diverged.reason}. A lower learning rate may help."
            self.state.workers.notice("error", text)
        else:
            self.state.run.set_offer(offer)

    def _shows_the_run(self) -> bool:
        model = self.state.model.model
        return model is not None and model.path != self._before

    def _crashed(self, reason: str, again: bool) -> None:
        text = f"The trainer stopped: {reason}. "
        if self._job is None:
            text += "It is being restarted." if again else "It stays off until you restart it."
        elif self._action == "discard":
            text += "The run is discarded."
            self._finish(Finished(self._job.id, "discarded", None, 0))
            self.state.run.offer_next()
        elif again:
            text += "It is being restarted and "
            text += "goes on from the newest checkpoint." if self._job.resume else "begins anew: it had saved nothing."
            self.state.run.set_status(RunStatus.STARTING)
        else:
            # Restarted by hand, the worker looks for runs again, and this one is offered.
            self._looked = False
            text += f"It failed too often: the run ends; {self.state.run.left}."
            self._finish(None)
        self.state.workers.crash("trainer", text, again)
