"""The trainer worker: one training run at a time, steered between two chunks of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from models.protocol.messages import Reply, Request
from models.protocol.training import (
    Adjust,
    Control,
    Diverged,
    DropRun,
    FindRuns,
    Finished,
    Progress,
    RunsFound,
    Train,
    TrainStarted,
)
from models.training.run import TrainingRun
from models.training.storage.folder import drop_run, find_runs, remove_old_runs
from models.workers.loop import Job, Jobs
from models.workers.loop import serve as serve_requests

RUNS_KEPT = 20


def serve(connection: Connection) -> None:
    """Answer the requests of the window until it closes the connection."""
    jobs = Jobs()
    serve_requests(connection, TrainerWorker(jobs).handle, jobs)


class TrainerWorker:
    """The run under way, if any."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._run: TrainingRun | None = None
        self._progress: Progress | None = None
        self._stepping = False

    def handle(self, request: Request) -> Reply | None:
        """Start a run or steer it; ValueError for what makes no sense now."""
        if isinstance(request, Control):
            return self._control(request)
        if isinstance(request, Adjust):
            self._current().adjust(request.dials)
            return None
        if isinstance(request, FindRuns):
            found = find_runs(Path(request.folder))
            remove_old_runs(Path(request.folder), RUNS_KEPT)
            return RunsFound(request.id, *found)
        if isinstance(request, DropRun):
            drop_run(Path(request.folder))
            return None
        if not isinstance(request, Train):
            raise ValueError(f"the trainer does not know the request {type(request).__name__}")
        self._train(request)
        return None

    def _train(self, request: Train) -> None:
        if self._run is not None:
            raise ValueError("a training is already running")
        self._run, self._progress = TrainingRun(request, patient=True), None
        self._jobs.paused = False
        self._stepping = request.stepping
        self._jobs.add(request, self._job(self._run))

    def _job(self, run: TrainingRun) -> Job:
        try:
            yield from self._noted(run.events())
        finally:
            if self._run is run:
                self._run = None

    def _noted(self, events: Iterator[Reply | None]) -> Job:
        for event in events:
            if isinstance(event, Progress):
                self._progress = event
                if self._stepping:
                    # The step that was asked for has been made.
                    self._jobs.paused = True
                    yield replace(event, paused=True)
                    continue
            elif isinstance(event, TrainStarted) and self._stepping:
                self._jobs.paused = True
            elif isinstance(event, Finished | Diverged):
                # The next training may be asked for before this generator is resumed and ends.
                self._run = None
            yield event

    def _current(self) -> TrainingRun:
        if self._run is None:
            raise ValueError("no training is running")
        return self._run

    def _control(self, request: Control) -> Reply | None:
        """Steer the run; pausing stops the loop from advancing it, so that nothing is computed meanwhile."""
        self._current().control(request.action)
        self._stepping = request.action == "step"
        self._jobs.paused = request.action == "pause"
        if self._progress is None or request.action not in ("pause", "resume"):
            return None
        return replace(self._progress, paused=self._jobs.paused)
