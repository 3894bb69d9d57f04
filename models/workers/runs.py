"""Look after the runs on disk: find, list, discard, restore and read them. Without TensorFlow."""

from __future__ import annotations

from pathlib import Path

from models.protocol.messages import Reply, Request
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
from models.protocol.training import FindRuns, RunsFound
from models.training.storage.shelf import find_runs, list_runs, list_trash, read_run, stored_run, tidy
from models.training.storage.trash import discard_run, empty_trash, restore_run


def look_after_runs(request: Request) -> Reply:
    """Do what a request asks of the runs on disk; ValueError for a request of another kind."""
    match request:
        case FindRuns():
            return _found(request)
        case ListRuns():
            return _listed(request.id, Path(request.folder))
        case DiscardRun():
            return RunDiscarded(request.id, request.folder, discard_run(Path(request.folder)))
        case RestoreRun():
            restore_run(Path(request.folder))
            return RunRestored(request.id, stored_run(Path(request.folder)))
        case EmptyTrash():
            empty_trash(Path(request.folder), only=None if request.only is None else Path(request.only))
            return _listed(request.id, Path(request.folder))
        case ReadRun():
            return RunRead(request.id, request.folder, *read_run(Path(request.folder)))
        case _:
            raise ValueError(f"the trainer does not know the request {type(request).__name__}")


def _found(request: FindRuns) -> RunsFound:
    """Return the runs in a folder that nobody works on, and remove what need not be kept of them."""
    folder = Path(request.folder)
    found = find_runs(folder)
    tidy(folder)
    return RunsFound(request.id, *found)


def _listed(identity: int, folder: Path) -> RunsListed:
    return RunsListed(identity, list_runs(folder), list_trash(folder))
