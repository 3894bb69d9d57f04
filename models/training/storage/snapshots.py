"""The model as it was after each epoch: files beside the checkpoints of a run, thinned out when they are many."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from models.core.descriptions import ModelInfo
from models.core.drafts import UNFINISHED
from models.core.files import make_folder, whole_file
from models.core.history import EPOCHS_FOLDER, EpochSnapshot
from models.vae.architecture import Architecture, ParameterArrays
from models.vae.model_file import model_bytes

MAX_BYTES = 256 << 20
# Of a run that has come to its end.
MAX_BYTES_AT_THE_END = 32 << 20
# A checkpoint is four times the model, and the new one stands beside two old ones: checkpoints come first.
ROOM_FOR_CHECKPOINTS = 12

_NAME = re.compile(r"epoch-(\d+)\.safetensors")


class Snapshots:
    """The snapshots of one run folder; every other one goes when they have become too many."""

    def __init__(self, run_folder: Path) -> None:
        self._folder = run_folder / EPOCHS_FOLDER

    def write(self, info: ModelInfo, parameters: ParameterArrays, architecture: Architecture | None = None) -> None:
        """Keep the model of an epoch; OSError if that is not possible, or would take the room of a checkpoint."""
        content = model_bytes(info, parameters, architecture)
        if self._room() < ROOM_FOR_CHECKPOINTS * len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._folder))
        with whole_file(self._folder / f"epoch-{info.epoch:06d}.safetensors", durable=False, private=True) as draft:
            draft.write_bytes(content)
        kept = self.kept()
        if len(kept) * len(content) > MAX_BYTES:
            _remove_every_other(kept)

    def shrink(self) -> None:
        """Remove every other one until what is left takes little room, for a run that has come to its end."""
        while len(kept := self.kept()) > 1:
            if sum(Path(snapshot.path).stat().st_size for snapshot in kept) <= MAX_BYTES_AT_THE_END:
                return
            _remove_every_other(kept)

    def _room(self) -> int:
        """Return the bytes that are free where the run lies."""
        folder = self._folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def kept(self) -> tuple[EpochSnapshot, ...]:
        """Return what is there, oldest first."""
        found = ((_NAME.fullmatch(path.name), path) for path in sorted(self._folder.glob("epoch-*")))
        return tuple(EpochSnapshot(int(match[1]), str(path)) for match, path in found if match)

    def adopt(self, run_folder: Path) -> None:
        """Keep those of another run, too, from which this one goes on; the files are the same, and take no room."""
        for snapshot in Snapshots(run_folder).kept():
            with contextlib.suppress(OSError):
                make_folder(self._folder)
                os.link(snapshot.path, self._folder / Path(snapshot.path).name)

    def forget_after(self, epoch: int) -> None:
        """Remove those of epochs that a run which goes on from ``epoch`` makes again, and what was half written."""
        self._remove_drafts()
        for snapshot in self.kept():
            if snapshot.epoch > epoch:
                Path(snapshot.path).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all of them, and their folder if nothing else is in it."""
        self._remove_drafts()
        for snapshot in self.kept():
            with suppress(OSError):
                Path(snapshot.path).unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()

    def _remove_drafts(self) -> None:
        for draft in self._folder.glob(f".epoch-*{UNFINISHED}*"):
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _remove_every_other(kept: tuple[EpochSnapshot, ...]) -> None:
    """Remove every other one, but not the newest."""
    for snapshot in kept[-2::-2]:
        Path(snapshot.path).unlink(missing_ok=True)
