"""The end of a training, stopped at every step: the run or the finished model is whole, whatever the disk has kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from explorer.app.files import save_model
from explorer.cli import train
from explorer.state import AppState
from models.core.errors import UserError
from models.core.history import write_history
from models.protocol.messages import Reply
from models.protocol.training import CheckpointWritten, EpochDone, Finished
from models.training.storage.checkpoint import latest_checkpoint
from models.training.storage.folder import RunFolder, drop_run
from models.vae.model_file import open_model
from tests.faults.committer import STEPS, arrays_of, records_of, write
from tests.faults.power import Disk, lay_out, watch
from tests.support.kept_files import read_history

LAST = 2 * STEPS
Ending = Callable[[Path], None]


class Run:
    """A training that writes two checkpoints and ends; what it tells of them is ``told``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.told = 0

    def control(self, action: str) -> None:
        """Nobody stops this run."""

    def events(self) -> Iterator[Reply]:
        run = RunFolder(self._folder, 1)
        run.begin()
        try:
            for step in (STEPS, LAST):
                written = write(run, step)
                if not isinstance(written, CheckpointWritten):
                    raise UserError(written.folder, written.reason)
                self.told = step
                yield EpochDone(1, records_of(step)[-1], ())
            yield Finished(1, "complete", written.path, LAST // STEPS)
        finally:
            run.close()


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> dict[str, Callable[[Path, Run], None]]:
    """What brings a training to its end in a folder: the command line, or the window and its next start."""
    monkeypatch.setattr(train, "_check_input", lambda *_: None)
    monkeypatch.setattr(train, "start_science", lambda _: None)

    def by_command(folder: Path, run: Run) -> None:
        monkeypatch.setattr(train, "_run_of", lambda *_: run)
        outputs = train.Outputs(folder / "m.safetensors", folder / "h.csv", None, True)
        options = {"hidden": "3", "channels": "", "latent_dim": 2}
        train.run_training("data", outputs, train.How(False, 1024), options)

    def by_window(folder: Path, run: Run) -> None:
        state = AppState()
        finished = next(event for event in run.events() if isinstance(event, Finished))
        if save_model(state, str(finished.path), folder / "m.safetensors"):
            write_history(folder / "h.csv", records_of(LAST))
            drop_run(folder / "m.run")

    return {"command": by_command, "window": by_window}


def _check(folder: Path, told: int, before: bytes) -> bool:
    """Return whether the finished model is there; if not, the run must be, as far as it was told of."""
    model = folder / "m.safetensors"
    content = model.read_bytes() if model.exists() else b""
    if content != before:
        assert {name: array.tobytes() for name, array in open_model(model).parameters.items()} == {
            name: array.tobytes() for name, array in arrays_of(LAST).items()
        }
    found = latest_checkpoint(folder / "m.run")
    step = 0 if found is None else found.step
    assert step >= told or content != before
    # Nothing is removed before the curves are safe as well.
    curves = folder / "h.csv"
    assert step >= told or (curves.exists() and read_history(curves) == records_of(LAST))
    return content != before


@pytest.mark.parametrize("before", [b"", b"an older model"], ids=["new", "replaced"])
@pytest.mark.parametrize("ending", ["command", "window"])
def test_the_power_may_fail_at_every_step(
    ending: str, before: bytes, endings: dict[str, Callable[[Path, Run], None]], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    if before:
        (folder / "m.safetensors").write_bytes(before)
    disk, run, finished = Disk(folder), Run(folder / "m.run"), []

    def fail() -> None:
        ends = [lay_out(files, tmp_path / f"{len(finished)}-{end}") for end, files in enumerate(disk.ends())]
        finished.append([_check(end, run.told, before) for end in ends])

    with pytest.MonkeyPatch.context() as patch:
        watch(patch, disk, fail)
        endings[ending](folder, run)
    fail()
    disk.close()
    assert len(finished) > 40
    assert not any(finished[0])
    assert all(finished[-1])
    assert run.told == LAST


@pytest.mark.parametrize("ending", ["command", "window"])
def test_the_disk_may_refuse_every_step(
    ending: str, endings: dict[str, Callable[[Path, Run], None]], tmp_path: Path
) -> None:
    steps = 1
    while not _refused(tmp_path / f"{steps}", steps, endings[ending]):
        steps += 1
    assert steps > 40


def _refused(folder: Path, number: int, ending: Callable[[Path, Run], None]) -> bool:
    """Let the disk refuse the ``number``-th step and all after it; return whether there were fewer."""
    (folder / "work").mkdir(parents=True)
    disk, run, left = Disk(folder / "work"), Run(folder / "work" / "m.run"), [number]

    def refuse() -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.MonkeyPatch.context() as patch, suppress(UserError, OSError):
        watch(patch, disk, refuse)
        ending(folder / "work", run)
    for end, files in enumerate(disk.ends()):
        _check(lay_out(files, folder / f"{end}"), run.told, b"")
    disk.close()
    return left[0] > 0
