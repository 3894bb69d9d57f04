"""Collect what the epochs of a training report, for the curves in a file and a log for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.cli.console import complain
from models.core.errors import UserError
from models.core.history import EpochRecord

if TYPE_CHECKING:
    from models.export.tensorboard import EpochLog


class EpochReports:
    """The reports of the epochs of a run, including those before a resume.

    :attr:`lost` says why no file has them, :attr:`model` where the model is by then.
    """

    def __init__(self, log: EpochLog | None) -> None:
        self.records: list[EpochRecord] = []
        self.lost = ""
        self.model: Path | None = None
        self._log = log

    def add(self, *records: EpochRecord) -> str:
        """Append records in order; return what is wrong with the log, if anything, and stop writing it then."""
        self.records += records
        return "" if self._log is None else self._tried(partial(self._log.write, records))

    def close(self) -> str:
        """Finish the log; return what is wrong with it, if anything."""
        return "" if self._log is None else self._tried(self._log.close)

    def write(self, history: Path) -> None:
        """Write the curves, or record in :attr:`lost` why that is not possible."""
        from models.core.history import write_history

        try:
            write_history(history, self.records)
        except UserError as error:
            self.lost = str(error)

    def _tried(self, work: Callable[[], None]) -> str:
        try:
            work()
        except UserError as error:
            self._log = None
            return str(error)
        return ""


@contextmanager
def recording(history: Path | None, logdir: Path | None, run_folder: Path) -> Iterator[EpochReports]:
    """Collect what epochs report, and write it in the end, whatever the end is.

    Curves that cannot be written are no reason to lose the model: a line says where they still are.
    """
    curves = EpochReports(None if logdir is None else _log_in(logdir))
    try:
        yield curves
    finally:
        if complaint := curves.close():
            complain(complaint)
        if history is not None and curves.records:
            curves.write(history)
        if curves.lost:
            complain("; ".join([curves.lost, *_kept(curves.model, run_folder)]))


def _kept(model: Path | None, run_folder: Path) -> Iterator[str]:
    """Say what is not lost, clause by clause."""
    from models.training.storage.removal import holds_work

    if model is not None:
        yield f"the model is kept in {model}"
    if holds_work(run_folder):
        yield f"the curves are kept in {run_folder}, and --resume --history FILE writes them"


def _log_in(folder: Path) -> EpochLog:
    from models.export.tensorboard import EpochLog

    return EpochLog(folder)
