"""Every kind of save with each of its steps made to fail in turn: what is there is old or new, never mixed or lost."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.app import session
from explorer.app.files import ModelToSave, save_model
from explorer.export.pictures import write_contact_sheet
from explorer.export.tables import LatentTable, write_csv, write_npz
from explorer.state import AppState
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import write_together
from models.core.history import write_history
from models.data import cache
from models.data.opening import load_images, open_data
from models.protocol.training import CheckpointDelayed
from models.training.storage.checkpoint import latest_checkpoint
from models.training.storage.folder import RunFolder
from models.training.storage.snapshots import Snapshots
from models.vae import posterior_cache
from models.vae.posterior import Posteriors
from tests.faults.committer import ARCHITECTURE, SETTINGS, STEPS, arrays_of, records_of, write
from tests.models.conftest import finish, info_of
from tests.support.full_disk import full_disk

# Calls that change the disk; what Python itself writes meets a full disk instead.
CALLS = (
    "open",
    "fsync",
    "mkdir",
    "rename",
    "replace",
    "unlink",
    "rmdir",
    "link",
    "chmod",
    "utime",
    "ftruncate",
    "write",
)
SHARES = (0.0, 0.3, 0.6, 0.99)


@dataclass(frozen=True)
class Save:
    """A kind of save: how version 1 or 2 is written to a folder, and what is found there afterwards."""

    write: Callable[[Path, int], object]
    found: Callable[[Path], object]
    # Of what can be computed again, nothing may be left after a failure.
    may_vanish: bool = False


def _bytes(*names: str) -> Callable[[Path], object]:
    def found(folder: Path) -> object:
        return {name: (folder / name).read_bytes() if (folder / name).exists() else None for name in names}

    return found


def _arrays(name: str) -> Callable[[Path], object]:
    def found(folder: Path) -> object:
        if not (folder / name).exists():
            return None
        with np.load(folder / name) as arrays:
            return {key: arrays[key].tobytes() for key in arrays.files}

    return found


def _table(version: int) -> LatentTable:
    values = np.full((50, 2), version, np.float32)
    return LatentTable(values, values, values, values, version, "m", "h")


def _model(folder: Path, version: int) -> None:
    # Failures are notified, not raised.
    if not save_model(AppState(), ModelToSave("", "m", bytes([version]) * 3000), folder / "m.safetensors"):
        raise UserError("m", "was not saved")


def _checkpoint(folder: Path, version: int) -> None:
    run = RunFolder(folder / "run", 1)
    try:
        written = write(run, version * STEPS)
        if isinstance(written, CheckpointDelayed):
            raise UserError(written.folder, written.reason)
    finally:
        run.close()


def _latest(folder: Path) -> object:
    checkpoint = latest_checkpoint(folder / "run")
    return None if checkpoint is None else checkpoint.step


def _snapshot(folder: Path, version: int) -> None:
    Snapshots(folder).write(info_of(ARCHITECTURE, SETTINGS), arrays_of(version))


def _data(folder: Path, version: int) -> DataInfo:
    """Lay out data again after their entry was damaged in the first version."""
    np.save(folder / "a.npy", np.full((9, 4, 4), 7, np.uint8))
    info = open_data(folder / "a.npy")
    if version == 1:
        Path(info.images_path).write_bytes(b"damaged")
    return info


def _entry(folder: Path) -> object:
    """Return how many entries can be read; to the next opening, a damaged one is none."""
    entries = [path for path in (cache.cache_root() / "datasets").glob("*") if not path.name.startswith(".")]
    infos = [info for entry in entries if (info := cache._read(folder / "a.npy", entry)) is not None]
    return [load_images(info).tobytes() for info in infos]


def _embedding(folder: Path, version: int) -> None:
    """Store the posteriors by another model: those by the same are the same."""
    values = np.full((9, 3), version, np.float32)
    finish(posterior_cache.store(f"model-{version}", _described(), Posteriors(values, values)))


def _embedded(folder: Path) -> object:
    stored = [finish(posterior_cache.find(f"model-{version}", _described(), 3)) for version in (1, 2)]
    return [entry and (entry.posteriors.mu.tobytes(), entry.posteriors.sigma.tobytes()) for entry in stored]


def _described() -> DataInfo:
    return DataInfo("", "set", "data", 9, 8, (4, 4, 1), "", None)


def _pictures(folder: Path, version: int) -> None:
    write_together((folder / f"{number}.png", bytes([version]) * 2000) for number in range(3))


SAVES = {
    "model": Save(_model, _bytes("m.safetensors")),
    "curves as CSV": Save(lambda f, v: write_history(f / "h.csv", records_of(v * STEPS)), _bytes("h.csv")),
    "curves as JSON": Save(lambda f, v: write_history(f / "h.json", records_of(v * STEPS)), _bytes("h.json")),
    "session": Save(lambda f, v: session.save(f / "s.json", {"version": 1, "seed": v}), _bytes("s.json")),
    "contact sheet": Save(
        lambda f, v: write_contact_sheet(f / "s.png", np.full((4, 9, 9, 1), v / 2, np.float32)), _bytes("s.png")
    ),
    "latents as NPZ": Save(lambda f, v: write_npz(f / "l.npz", _table(v)), _arrays("l.npz")),
    "latents as CSV": Save(lambda f, v: write_csv(f / "l.csv", _table(v)), _bytes("l.csv")),
    "checkpoint": Save(_checkpoint, _latest),
    "snapshot": Save(_snapshot, _bytes("epochs/epoch-000001.safetensors")),
    "data in the cache": Save(_data, _entry, may_vanish=True),
    "embedding in the cache": Save(_embedding, _embedded, may_vanish=True),
}


class Failing:
    """Lets the disk refuse the ``number``-th call that changes it, or that one and all after it."""

    def __init__(self, number: int, for_good: bool) -> None:
        self._left, self._for_good = number, for_good
        self.refused = False

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Stand before every call."""
        for name in CALLS:
            patch.setattr(os, name, partial(self._call, getattr(os, name)))

    def _call(self, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left == 0 or (self._left < 0 and self._for_good):
            self.refused = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return call(*arguments, **options)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Return new folders, each with a cache of its own; nothing is really flushed, which is what takes the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)

        def place() -> Path:
            number = sum(1 for _ in tmp_path.iterdir())
            folder = tmp_path / f"{number}" / "work"
            folder.mkdir(parents=True)
            patch.setenv("LATENTSCAPE_CACHE", str(folder.parent / "cache"))
            return folder

        yield place


def _whole(save: Save, places: Callable[[], Path]) -> list[object]:
    """Return what is found of version 1, and of version 2 after it."""
    folder, found = places(), []
    for version in (1, 2):
        save.write(folder, version)
        found.append(save.found(folder))
    assert found[0] != found[1]
    return found


def _tried(save: Save, folder: Path, allowed: list[object]) -> None:
    """Write version 2, which may fail with a reason; what is found must be old or new, and new if nothing was said."""
    said = True
    try:
        save.write(folder, 2)
        said = False
    except (UserError, OSError):
        pass
    found = save.found(folder)
    assert found in allowed or (save.may_vanish and said and not found)
    assert said or found == allowed[1]


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("kind", SAVES)
def test_each_step_of_a_save_may_fail(kind: str, for_good: bool, places: Callable[[], Path]) -> None:
    save, number, refused = SAVES[kind], 0, True
    allowed = _whole(save, places)
    while refused:
        number += 1
        folder, failing = places(), Failing(number, for_good)
        save.write(folder, 1)
        with pytest.MonkeyPatch.context() as patch:
            failing.watch(patch)
            with suppress(UserError, OSError):
                save.write(folder, 2)
            refused = failing.refused
        found = save.found(folder)
        assert found in allowed or (save.may_vanish and not found)
        assert refused or found == allowed[1]
        # The next save finds nothing in its way, and takes away what a failed one has left.
        save.write(folder, 2)
        assert save.found(folder) == allowed[1]
        assert for_good or not _drafts(folder.parent)
        shutil.rmtree(folder.parent)
    assert number > 4


@pytest.mark.parametrize("kind", SAVES)
def test_the_disk_may_be_full_at_every_write(kind: str, places: Callable[[], Path]) -> None:
    save = SAVES[kind]
    allowed = _whole(save, places)
    for share in SHARES:
        folder = places()
        save.write(folder, 1)
        with full_disk(int(share * 300)):
            _tried(save, folder, allowed)
        save.write(folder, 2)
        assert save.found(folder) == allowed[1]
        assert not _drafts(folder.parent)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
def test_of_many_pictures_each_is_old_or_new(for_good: bool, places: Callable[[], Path]) -> None:
    refused, number = True, 0
    while refused:
        number += 1
        folder, failing = places(), Failing(number, for_good)
        _pictures(folder, 1)
        with pytest.MonkeyPatch.context() as patch:
            failing.watch(patch)
            with suppress(UserError):
                _pictures(folder, 2)
            refused = failing.refused
        assert {(folder / f"{picture}.png").read_bytes()[:1] for picture in range(3)} <= {b"\1", b"\2"}
        assert {(folder / f"{picture}.png").stat().st_size for picture in range(3)} == {2000}
        shutil.rmtree(folder.parent)
    assert number > 10


def _drafts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if ".part" in path.name or path.name.startswith(".draft-")]
