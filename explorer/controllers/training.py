"""Train: from the state of a run to the trainer worker and back."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from explorer.client.folders import new_run_folder, runs_folder
from explorer.client.worker import WorkerClient
from explorer.controllers.opening import Opener
from explorer.state import AppState
from explorer.state.training.offers import after_divergence
from explorer.state.training.run import RunStatus
from explorer.state.unsaved import UnsavedModel
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
# A trainer that holds more bytes than this while it has nothing to do is replaced, so long after a run has ended: XLA
# keeps what it has compiled for the life of a process.
MOST_IDLE, RENEW_AFTER_MS = 2**30, 5000


class TrainingController(QObject):
    """Runs one training at a time in a worker of its own; it holds the job in flight, the state holds the rest.

    A worker that dies is restarted and goes on from its newest checkpoint. The first one looks for earlier runs: those
    that a program that died has left are offered, one after the other, the newest first; others can be compared with.
    """

    def __init__(self, state: AppState, opener: Opener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._opener = state, opener
        self.client = WorkerClient("trainer", state.workers, state.notices, self)
        self._job: Train | None = None
        self._number = self._epoch = 0
        self._prepare = QTimer(self)
        self._prepare.setSingleShot(True)
        self._prepare.setInterval(PREPARE_AFTER_MS)
        self._prepare.timeout.connect(self.ensure_started)
        self._renew = QTimer(self)
        self._renew.setSingleShot(True)
        self._renew.setInterval(RENEW_AFTER_MS)
        self._renew.timeout.connect(self._renew_if_grown)
        self.client.received.connect(self._take)
        self.client.started.connect(self._greet)
        self.client.crashed.connect(self._crashed)
        self.client.hung.connect(self._hung)
        state.run.start_requested.connect(self.train)
        state.run.begin_requested.connect(self.train_from)
        state.run.resume_requested.connect(self.resume)
        state.run.further_requested.connect(self.train_further)
        state.run.control_requested.connect(self.control)
        state.run.adjust_requested.connect(self._adjust)
        state.review.open_requested.connect(opener.open_model)
        state.model.model_changed.connect(self._prepare_later)
        state.model.open_model_requested.connect(state.review.leave)

    def ensure_started(self) -> None:
        """Start the worker if there is none, so that a click on Start need not wait for TensorFlow."""
        if not self.client.running:
            self.client.start()

    def restart(self) -> None:
        """Start a worker that is off or hangs again."""
        self.client.restart()

    def close(self) -> None:
        """End the worker."""
        self._prepare.stop()
        self._renew.stop()
        self.client.close()

    def _renew_if_grown(self) -> None:
        """Replace a trainer that has grown by a fresh one, while there is no run; nobody sees it."""
        run = self.state.run
        if not run.active and not run.queued and self.client.idle_memory > MOST_IDLE:
            self.client.renew()

    def _prepare_later(self) -> None:
        model = self.state.model.model
        # A person's own model is trained elsewhere.
        if not self.client.running and (model is None or not model.live):
            self._prepare.start()

    def train(self, data_path: str, settings: TrainSettings) -> None:
        """Start a run on a data set."""
        options = self.state.catalogue.options_of(data_path)
        folder = str(new_run_folder())
        self._begin(Train(0, data_path, folder, self.state.run.name, settings, data_options=options))

    def train_from(self, start: str, data_path: str, settings: TrainSettings) -> None:
        """Start a run on a data set with the weights and the network of the model ``start``."""
        self._begin(Train(0, data_path, str(new_run_folder()), self.state.run.name, settings, start=start))

    def resume(self, run: UnfinishedRun) -> None:
        """Go on with a run from its newest checkpoint, with its data on the map."""
        self._go_on(run, Train(0, run.data_path, run.folder, run.name, run.settings, resume=True))

    def train_further(self, run: UnfinishedRun) -> None:
        """Go on with a run that has come to its end, in a new folder, so that it can be returned to."""
        folder = str(new_run_folder())
        self._go_on(run, Train(0, run.data_path, folder, run.name, run.settings, further=run.folder))

    def _go_on(self, run: UnfinishedRun, job: Train) -> None:
        data = self.state.model.data
        if data is None or (data.info.path, data.info.options) != (job.data_path, run.data_options):
            self._opener.open_data(job.data_path, run.data_options)
        self._begin(replace(job, learning_rate=run.learning_rate, data_options=run.data_options))

    def _begin(self, job: Train) -> None:
        model = self.state.model.model
        self.state.run.set_previous(None if model is None else model.origin)
        self._number += 1
        self.state.review.clear()
        self._job = replace(job, id=self._number, stepping=self.state.run.stepping)
        if self.client.running:
            self.client.send(self._job)
        else:
            self.client.start()

    def control(self, action: ControlAction) -> None:
        """Pause, resume, stop or discard the run."""
        if self._job is not None:
            self.client.send(Control(self._job.id, action))

    def _adjust(self, dials: Dials) -> None:
        if self._job is not None:
            self.client.send(Adjust(self._job.id, dials))

    def _greet(self) -> None:
        """Give a run under way to a worker that has just been started, and the last wish of the person with it."""
        run = self.state.run
        if not self.state.offers.found:
            self.client.send(FindRuns(0, str(runs_folder())))
        if self._job is not None:
            self.client.send(self._job)
            if run.turned is not None:
                self.client.send(Adjust(self._job.id, run.turned))
            if run.wish in ("pause", "stop"):
                self.client.send(Control(self._job.id, run.wish))

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, RunsFound):
            self._found(reply)
        elif isinstance(reply, Failed) and reply.id == 0:
            self.state.notices.notice("error", reply.message)
        elif self._job is not None and getattr(reply, "id", 0) == self._job.id:
            self._follow(self._job, reply)
            self.state.offers.offer_next()

    def _found(self, found: RunsFound) -> None:
        """Offer the runs that can go on; the others can be compared with."""
        self.state.review.recall(found.ended)
        self.state.offers.set_found(found.runs)

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
                self._job = replace(job, resume=True, learning_rate=None, further="")
                self._epoch = reply.epoch
                self.state.notices.succeed("train")
                run.mark_kept()
                self.state.review.follow(reply.path)
            case CheckpointDelayed():
                text = f"No checkpoint could be written to {reply.folder}: {reply.reason}."
                self.state.notices.notice("warning", f"{text} The training goes on and tries again.", "train")
            case Diverged():
                self._diverged(reply)
            case Finished():
                self._finish(reply)
                if reply.restorable:
                    self.state.runs.tell_discarded([job.run_folder], f"the training of {job.name}")
            case Failed():
                self.state.notices.notice("error", reply.message, "train")
                self._finish(None)
            case _:
                self._show(reply)

    def _show(self, reply: Reply) -> None:
        """Hand on what is only shown."""
        run = self.state.run
        match reply:
            case Progress():
                run.add_progress(reply)
            case Evaluating():
                run.set_evaluated(reply.share)
            case StepShown():
                run.show_step(reply)

    def _finish(self, finished: Finished | None, return_to_previous: bool = True) -> None:
        job, self._job = self._job, None
        if self.client.running:
            self.state.workers.set_status("trainer", Status.READY)
        kept = None if finished is None else finished.path
        discarded = finished is not None and kept is None
        if discarded:
            self.state.review.clear()
        if self.state.run.records and not discarded:
            self.state.review.remember(self.state.run.past)
        if kept is not None and job is not None:
            self.state.unsaved.add(UnsavedModel(kept, self._epoch, _run_of(job, self.state)))
        self.state.run.finish(finished)
        self._renew.start()
        if kept is not None:
            self.state.review.follow(kept)
            self.state.run.start_next()
        elif return_to_previous:
            self._return_to_previous()

    def _return_to_previous(self) -> None:
        """Open the model from before the run, unless one is open that is none of the run."""
        model, previous = self.state.model.model, self.state.run.previous
        of_the_run = model is not None and self.state.unsaved.is_draft(model.path)
        if previous is not None and model is not None and model.origin != previous and of_the_run:
            self._opener.open_model(previous)

    def _diverged(self, diverged: Diverged) -> None:
        self._finish(None, return_to_previous=diverged.last_good is None)
        offer = after_divergence(diverged)
        if offer is None:
            text = f"The training diverged at step {diverged.step}: {diverged.reason}. A lower learning rate may help."
            self.state.notices.notice("error", text, "train")
        else:
            self.state.offers.set_offer(offer)

    def _hung(self, reason: str) -> None:
        way_on = f"It may go on by itself; if you restart it, {self._after_restart()}."
        self.state.workers.set_trouble("trainer", f"The trainer {reason}. {way_on}" if reason else "")

    def _after_restart(self) -> str:
        if self._job is None:
            return "nothing is lost"
        return "the training goes on from the newest checkpoint" if self._job.resume else "the training starts over"

    def _crashed(self, reason: str, again: bool) -> None:
        self.state.workers.crash("trainer", f"The trainer stopped: {reason}. {self._after_crash(again)}", again)

    def _after_crash(self, again: bool) -> str:
        """Go on with the run or end it, and return what happens as a sentence."""
        run = self.state.run
        if self._job is None:
            return "It is restarting." if again else "It stays off until you restart it."
        if run.wish == "discard":
            folder = self._job.run_folder
            self._finish(Finished(self._job.id, "discarded", None, 0))
            self.state.runs.discard([folder], f"the training of {run.name}")
            self.state.offers.offer_next()
            return "The run is discarded."
        if again:
            run.set_status(RunStatus.STARTING)
            self._job = replace(self._job, again=True)
            onward = "goes on from the newest checkpoint" if self._job.resume else "starts over: nothing had been saved"
            return f"It is restarting and {onward}."
        # Restarted by hand, the worker looks for runs again, and this one is offered.
        self.state.offers.look_again()
        self._finish(None)
        return f"It failed too often, so the run has ended; {run.left}."


def _run_of(job: Train, state: AppState) -> UnfinishedRun:
    """Return a run that has just ended as it could go on."""
    run, last = state.run, state.run.records[-1] if state.run.records else None
    epoch, elapsed = (0, 0.0) if last is None else (last.epoch, last.elapsed)
    return UnfinishedRun(
        job.run_folder, job.name, job.data_path, epoch, time.time(), run.settings, run.dials.learning_rate, elapsed
    )
