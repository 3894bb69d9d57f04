"""What a run says of itself in the header of its newest checkpoint: read in a moment, and nothing of it verified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.core.data_options import options_from_json
from models.core.history import UnfinishedRun
from models.core.reading import open_file
from models.core.setting_text import settings_from_json
from models.training.storage.checkpoint import (
    DAMAGE,
    HISTORY,
    MODEL_FILE,
    STATE_FILE,
    Checkpoint,
    checkpoint_folders,
    values_of,
)

MAX_HEADER_BYTES = 16 << 20


@dataclass(frozen=True)
class Outline:
    """The run as it would go on, its newest model file, and whether it has come to its end."""

    run: UnfinishedRun
    model: Path
    ended: bool


def outline_of(run_folder: Path) -> Outline | None:
    """Return the outline of the newest checkpoint that has a readable header, None if there is none."""
    for folder in reversed(checkpoint_folders(run_folder)):
        try:
            return _outline(folder)
        except DAMAGE:
            continue
    return None


def _outline(folder: Path) -> Outline:
    with open_file(folder / STATE_FILE) as file:
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER_BYTES:
            raise ValueError("the header is too large")
        header = json.loads(file.read(length))
    values = values_of(header)
    run = UnfinishedRun(
        folder=str(folder.parent),
        name=str(values["name"]),
        data_path=str(values["data_path"]),
        epoch=int(header[HISTORY]["shape"][0]),
        when=folder.stat().st_mtime,
        settings=settings_from_json(values["settings"]),
        learning_rate=float(values["dials"]["learning_rate"]),
        elapsed=float(values["elapsed"]),
        data_options=options_from_json(values.get("data_options", {})),
    )
    return Outline(run, folder / MODEL_FILE, bool(values["ended"]))


def resumable(checkpoint: Checkpoint) -> UnfinishedRun:
    """Describe the run that goes on from ``checkpoint``."""
    return UnfinishedRun(
        folder=str(checkpoint.folder.parent),
        name=checkpoint.name,
        data_path=checkpoint.data_path,
        epoch=len(checkpoint.history),
        when=checkpoint.folder.stat().st_mtime,
        settings=checkpoint.settings,
        learning_rate=checkpoint.dials.learning_rate,
        elapsed=checkpoint.elapsed,
        data_options=checkpoint.data_options,
    )
