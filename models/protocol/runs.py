"""Requests about the runs on disk and in the trash, and the answers of the trainer."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.history import EpochSnapshot, PastRun, StoredRun


@dataclass(frozen=True)
class ListRuns:
    """List the runs in ``folder`` and those thrown away from it; answered by :class:`RunsListed`."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunsListed:
    """The runs in a folder, newest first, and those in its trash, the last one thrown away first."""

    id: int
    runs: tuple[StoredRun, ...]
    trash: tuple[StoredRun, ...]


@dataclass(frozen=True)
class DiscardRun:
    """Move the run in ``folder`` to the trash; :class:`Failed` if another process works on it."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunDiscarded:
    """The run that lay in ``folder`` is gone; one that is ``restorable`` waits in the trash."""

    id: int
    folder: str
    restorable: bool


@dataclass(frozen=True)
class RestoreRun:
    """Move the run that lay in ``folder`` back from the trash; :class:`Failed` if it is not there any more."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunRestored:
    """The run lies again where it lay."""

    id: int
    run: StoredRun


@dataclass(frozen=True)
class EmptyTrash:
    """Remove for good all runs thrown away from ``folder``, or the one that lay in ``only``."""

    id: int
    folder: str
    only: str | None = None


@dataclass(frozen=True)
class ReadRun:
    """Read the curves of the run in ``folder``; :class:`Failed` if no checkpoint of it is whole."""

    id: int
    folder: str


@dataclass(frozen=True)
class RunRead:
    """The curves of the run in ``folder``, with all of its epochs, and the models that are kept of them."""

    id: int
    folder: str
    run: PastRun
    snapshots: tuple[EpochSnapshot, ...]
