"""``latentscape runs``: the trainings of the window, on disk and in the trash."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from explorer.cli.console import print_result
from explorer.client.folders import runs_folder
from explorer.views.common.words import counted, room
from models.core.errors import UserError
from models.core.history import DAYS_IN_TRASH, StoredRun

NOTHING = "no training has been kept yet"


def print_runs(as_json: bool) -> int:
    """Print the runs and what is in the trash, the newest first."""
    from models.training.storage.shelf import list_runs, list_trash

    runs, trash = list_runs(runs_folder()), list_trash(runs_folder())
    lines = [*_lines("runs", runs), *_lines("trash", trash)]
    found = {"folder": str(runs_folder()), "runs": [_fields(r) for r in runs], "trash": [_fields(r) for r in trash]}
    print_result(found, lines or [NOTHING], as_json)
    return 0


def discard(names: Sequence[str]) -> int:
    """Move runs to the trash; UserError if there is none of that name, or a process works on it."""
    from models.training.storage.trash import discard_run

    for folder in [_known(name) for name in names]:
        discard_run(folder)
        click.echo(f"{folder.name} is in the trash for {DAYS_IN_TRASH} days")
    return 0


def restore(names: Sequence[str]) -> int:
    """Move runs back from the trash; UserError if it does not hold them."""
    from models.training.storage.trash import restore_run

    for name in names:
        restore_run(runs_folder() / name)
        click.echo(f"{name} is back")
    return 0


def empty(sure: bool) -> int:
    """Remove all of the trash for good, when the person agrees; UserError if nobody can be asked."""
    from models.training.storage.shelf import list_trash
    from models.training.storage.trash import empty_trash

    trash = list_trash(runs_folder())
    what = f"{counted(len(trash), 'run')}, {room(sum(run.size for run in trash))}"
    if trash and not sure:
        if not sys.stdin.isatty():
            raise UserError("trash", f"it holds {what}", "--yes removes them for good")
        click.confirm(f"Remove {what}, for good?", abort=True, err=True)
    empty_trash(runs_folder())
    click.echo(f"removed {what}" if trash else "the trash is empty")
    return 0


def _known(name: str) -> Path:
    from models.training.storage.shelf import run_folders

    folder = runs_folder() / name
    # Nothing but what is listed: a name may be a path to anywhere.
    if str(folder) not in map(str, run_folders(runs_folder())):
        raise UserError(name, "there is no such run", "`latentscape runs` lists them")
    return folder


def _lines(title: str, runs: Sequence[StoredRun]) -> list[str]:
    if not runs:
        return []
    rows = [_row(run) for run in runs]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    head = f"{title}: {counted(len(runs), 'run')}, {room(sum(run.size for run in runs))}"
    return [head, *(f"  {'  '.join(map(str.ljust, row, widths))}".rstrip() for row in rows)]


def _row(run: StoredRun) -> tuple[str, ...]:
    found = run.run
    when = run.discarded or (0.0 if found is None else found.when)
    date = datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M") if when else ""
    data = "" if found is None else Path(found.data_path).name
    epochs = "" if found is None else f"{found.epoch:,} of {found.settings.epochs:,} epochs"
    return Path(run.folder).name, date, run.name, data, epochs, run.stage, room(run.size)


def _fields(run: StoredRun) -> dict[str, object]:
    return {"id": Path(run.folder).name, "name": run.name, **asdict(run)}
