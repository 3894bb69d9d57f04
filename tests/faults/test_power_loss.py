"""The end of a training, stopped at every step: the run or the finished model is whole, whatever the disk has kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from explorer.app.files import ModelToSave, save_model
from explorer.cli import train
from explorer.cli.science import Data
from explorer.state import AppState
from models.core.errors import UserError
from models.protocol.messages import Reply
from models.protocol.training import CheckpointWritten, EpochDone, Finished
from models.training.storage.checkpoint import latest_checkpoint
from models.training.storage.folder import RunFolder
from models.training.storage.trash import discard_run
from models.vae.model_file import open_model
from tests.faults.committer import STEPS, arrays_of, records_of, write
from tests.faults.power import Disk, lay_out, watch
from tests.support.kept_files import read_history

LAST = 2 * STEPS


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


# In a folder.
Ending = Callable[[Path, Run], None]


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> dict[str, Ending]:
    """What brings a training to its end in a folder: the command line, or the window and its next start."""
    monkeypatch.setattr(train, "_check_input", lambda *_: None)
    monkeypatch.setattr(train, "start_science", lambda _: None)

    def by_command(folder: Path, run: Run) -> None:
        monkeypatch.setattr(train, "_run_of", lambda *_: run)
        outputs = train.Outputs(folder / "m.safetensors", folder / "h.csv", None, True, overwrite=True)
        options = {"hidden": "3", "channels": "", "latent_dim": 2}
        train.run_training(Data("data"), outputs, train.How(False, 1024), options)

    def by_window(folder: Path, run: Run) -> None:
        state = AppState()
        finished = next(event for event in run.events() if isinstance(event, Finished))
        path = Path(str(finished.path))
        if save_model(state, ModelToSave(str(path), path.name, path.read_bytes()), folder / "m.safetensors"):
            discard_run(folder / "m.run")

    return {"command": by_command, "window": by_window}


class Watchman:
    """Judges what a power loss leaves in the folder of a ``run`` beside which a model was ``before``."""

    def __init__(self, scratch: Path, run: Run, before: bytes, curves: bool) -> None:
        self._scratch, self._run, self._before, self._curves = scratch, run, before, curves
        self._known: dict[tuple[int, frozenset[tuple[str, bytes]]], bool] = {}

    def judge(self, files: dict[str, bytes]) -> bool:
        """Return whether the finished model is there; if not, the run must be, as far as it was told of."""
        key = (self._run.told, frozenset(files.items()))
        if key not in self._known:
            self._known[key] = self._judge(lay_out(files, self._scratch / f"{len(self._known)}"))
        return self._known[key]

    def _judge(self, folder: Path) -> bool:
        model, curves = folder / "m.safetensors", folder / "h.csv"
        finished = (model.read_bytes() if model.exists() else b"") != self._before
        if finished:
            assert _bits(open_model(model).parameters) == _bits(arrays_of(LAST))
        found = latest_checkpoint(folder / "m.run")
        kept = (found is not None and found.step >= self._run.told) or self._run.told == 0
        assert kept or finished
        # Nor is a run removed whose curves are not safe.
        assert kept or not self._curves or (curves.exists() and read_history(curves) == records_of(LAST))
        return finished


def _bits(parameters: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in parameters.items()}


@pytest.mark.parametrize(
    ("ending", "before"),
    [("command", b""), ("command", b"an older model"), ("window", b"")],
    ids=["command", "command, over another", "window"],
)
def test_the_power_may_fail_at_every_step(
    ending: str, before: bytes, endings: dict[str, Ending], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    if before:
        (folder / "m.safetensors").write_bytes(before)
    disk, run = Disk(folder), Run(folder / "m.run")
    watchman, finished = Watchman(tmp_path / "left", run, before, ending == "command"), list[list[bool]]()

    def fail() -> None:
        finished.append([watchman.judge(files) for files in disk.ends()])

    with pytest.MonkeyPatch.context() as patch:
        watch(patch, disk, fail)
        endings[ending](folder, run)
    fail()
    disk.close()
    assert len(finished) > 40
    assert not any(finished[0])
    assert all(finished[-1])
    assert run.told == LAST


def test_the_disk_may_refuse_every_step(endings: dict[str, Ending], tmp_path: Path) -> None:
    steps = 1
    while not _refused(tmp_path / f"{steps}", steps, endings["command"]):
        steps += 1
    assert steps > 40


def _refused(folder: Path, number: int, ending: Ending) -> bool:
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
    watchman = Watchman(folder / "left", run, b"", curves=True)
    for files in disk.worst_ends():
        watchman.judge(files)
    disk.close()
    return left[0] > 0
