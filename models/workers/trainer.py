"""The trainer worker: one training run at a time, steered between two chunks of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.numerics.tracing import note_dropped
from models.protocol.messages import Reply, Request
from models.protocol.training import (
    Adjust,
    Control,
    Diverged,
    Finished,
    Progress,
    Train,
    TrainStarted,
)
from models.training.run import TrainingRun
from models.workers.line import Line
from models.workers.loop import Handled, Job, Jobs
from models.workers.loop import serve as serve_requests
from models.workers.runs import look_after_runs


def serve(line: Line) -> None:
    """Handle the requests of the window until it closes the pipe."""
    jobs = Jobs()
    serve_requests(line, TrainerWorker(jobs).handle, jobs)


class TrainerWorker:
    """The run under way, if any, and how it is steered."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._run: TrainingRun | None = None
        self._progress: Progress | None = None
        self._stepping = self._pausing = False

    def handle(self, request: Request) -> Handled:
        """Start a run, steer it, or look after earlier runs; ValueError for what makes no sense now."""
        match request:
            case Train():
                return self._train(request)
            case Control():
                return self._control(request)
            case Adjust():
                self._current().adjust(request.dials)
            case _:
                return look_after_runs(request)
        return None

    def _train(self, request: Train) -> Job:
        if self._run is not None:
            raise ValueError("a training is already running")
        self._run, self._progress = TrainingRun(request, patient=True), None
        self._jobs.paused = self._pausing = False
        self._stepping = request.stepping
        return self._job(self._run)

    def _job(self, run: TrainingRun) -> Job:
        try:
            yield from self._noted(run.events())
        finally:
            if self._run is run:
                self._run = None
            # A run leaves its data, its optimizer and perhaps the functions of one before it.
            note_dropped()

    def _noted(self, events: Iterator[Reply | None]) -> Job:
        for event in events:
            if isinstance(event, Progress):
                self._progress = event
                if self._stepping or self._pausing:
                    # The requested step has been made, or there is something to show of what is to pause.
                    self._jobs.paused, self._pausing = True, False
                    yield replace(event, paused=True)
                    continue
            elif isinstance(event, TrainStarted) and self._stepping:
                self._jobs.paused = True
            elif isinstance(event, Finished | Diverged):
                # The next training may be requested before this generator is resumed and ends.
                self._run = None
            yield event

    def _current(self) -> TrainingRun:
        if self._run is None:
            raise ValueError("no training is running")
        return self._run

    def _control(self, request: Control) -> Reply | None:
        """Steer the run; while it is paused the loop does not advance it, so that nothing is computed.

        One that has made no step yet pauses after the first: the window learns of a pause by the progress until then.
        """
        self._current().control(request.action)
        self._stepping = request.action == "step"
        self._pausing = request.action == "pause" and self._progress is None
        self._jobs.paused = request.action == "pause" and not self._pausing
        if self._progress is None or request.action not in ("pause", "resume"):
            return None
        return replace(self._progress, paused=self._jobs.paused)
