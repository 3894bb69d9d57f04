"""Checkpoints of a training run: folders that are complete or not there, from which a run goes on bit for bit.

``run/checkpoint-00000840/`` is the state after 840 steps: ``model.safetensors`` for use, ``state.safetensors`` with
weights, optimizer moments and moving average, and ``manifest.json`` with the SHA-256 of both. The noise of a step and
the order of an epoch are functions of the seed, so the number of steps is all the random state there is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from models.architecture import Architecture, ParameterArrays
from models.files import sync_folder
from models.protocol import Floats32, InputError, ModelInfo, TrainSettings
from models.saving import model_bytes
from models.settings import settings_from_json, settings_to_json

MODEL_FILE = "model.safetensors"
STATE_FILE = "state.safetensors"
MANIFEST_FILE = "manifest.json"
MANIFEST_VERSION = 1
PREFIX = "checkpoint-"
DRAFT_PREFIX = ".draft-"
KEPT = 2
MAX_MANIFEST_BYTES = 1 << 16

# Parameters, Adam's first and second moment, and the moving average.
STATE_GROUPS = ("parameters", "first", "second", "average")
StateArrays = dict[str, dict[str, Floats32]]


@dataclass(frozen=True)
class Checkpoint:
    """What a run goes on from.

    Attributes
    ----------
    folder : Path
        Where it lies; its model file is ``folder / MODEL_FILE``.
    step : int
        Steps made.
    settings : TrainSettings
        Of the run that wrote it.
    data_digest : str
        Of the data it was trained on.
    arrays : mapping of str to mapping of str to array
        By group (:data:`STATE_GROUPS`) and parameter name.
    elapsed : float
        Seconds of training so far.
    """

    folder: Path
    step: int
    settings: TrainSettings
    data_digest: str
    arrays: StateArrays
    elapsed: float

    @property
    def model_path(self) -> Path:
        """The model file of the checkpoint."""
        return self.folder / MODEL_FILE


def write_checkpoint(checkpoint: Checkpoint, info: ModelInfo, parameters: ParameterArrays) -> None:
    """Write ``checkpoint`` with the model made of ``parameters``, then remove all but the newest two.

    OSError if the disk is full or the folder cannot be written; nothing but a draft is left then.
    """
    run_folder = checkpoint.folder.parent
    run_folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=run_folder))
    try:
        contents = {MODEL_FILE: model_bytes(info, parameters), STATE_FILE: _state_bytes(checkpoint)}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        contents[MANIFEST_FILE] = json.dumps({"version": MANIFEST_VERSION, "sha256": hashes}).encode()
        for name, content in contents.items():
            _write_synced(draft / name, content)
        sync_folder(draft)
        if checkpoint.folder.exists():
            shutil.rmtree(checkpoint.folder)
        draft.rename(checkpoint.folder)
        sync_folder(run_folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for old in checkpoint_folders(run_folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def checkpoint_folder(run_folder: Path, step: int) -> Path:
    """Return where the checkpoint after ``step`` steps belongs."""
    return run_folder / f"{PREFIX}{step:08d}"


def checkpoint_folders(run_folder: Path) -> list[Path]:
    """Return the checkpoints of a run, oldest first, whole or damaged."""
    if not run_folder.is_dir():
        return []
    return sorted(entry for entry in run_folder.iterdir() if entry.name.startswith(PREFIX))


def latest_checkpoint(run_folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint that is whole, None if there is none; damaged ones are passed over."""
    for folder in reversed(checkpoint_folders(run_folder)):
        try:
            return read_checkpoint(folder)
        except InputError:
            continue
    return None


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and verify one checkpoint; :class:`InputError` if a file is missing, damaged or makes no sense."""
    try:
        state = _verified(folder)[STATE_FILE]
        header_length = int.from_bytes(state[:8], "little")
        metadata = json.loads(state[8 : 8 + header_length])["__metadata__"]["run"]
        values = json.loads(metadata)
        tensors = load(state)
        settings = settings_from_json(values["settings"])
        return Checkpoint(
            folder,
            int(values["step"]),
            settings,
            str(values["data_digest"]),
            _grouped(tensors),
            float(values["elapsed"]),
        )
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(folder.name, f"the checkpoint is damaged ({error})") from error


def remove_run(run_folder: Path) -> None:
    """Remove the checkpoints and drafts of a run, and its folder if nothing else is in it."""
    if not run_folder.is_dir():
        return
    for entry in run_folder.iterdir():
        if entry.name.startswith((PREFIX, DRAFT_PREFIX)):
            shutil.rmtree(entry, ignore_errors=True)
    if not any(run_folder.iterdir()):
        run_folder.rmdir()


def check_state(checkpoint: Checkpoint, architecture: Architecture) -> None:
    """Raise :class:`InputError` unless the arrays are those of ``architecture``, finite and complete."""
    for group in STATE_GROUPS:
        found = {name: values.shape for name, values in checkpoint.arrays.get(group, {}).items()}
        if found != architecture.shapes():
            raise InputError(checkpoint.folder.name, f"its {group} do not fit the model")
        if not all(np.isfinite(values).all() for values in checkpoint.arrays[group].values()):
            raise InputError(checkpoint.folder.name, f"its {group} hold NaN or infinite numbers")


def _state_bytes(checkpoint: Checkpoint) -> bytes:
    values = {
        "step": checkpoint.step,
        "settings": settings_to_json(checkpoint.settings),
        "data_digest": checkpoint.data_digest,
        "elapsed": checkpoint.elapsed,
    }
    tensors = {
        f"{group}/{name}": array for group, arrays in checkpoint.arrays.items() for name, array in arrays.items()
    }
    content: bytes = save(tensors, metadata={"run": json.dumps(values, sort_keys=True)})
    return content


def _verified(folder: Path) -> Mapping[str, bytes]:
    """Return the content of the files of the manifest, each with the hash that it names."""
    manifest = folder / MANIFEST_FILE
    if manifest.stat().st_size > MAX_MANIFEST_BYTES:
        raise ValueError("the manifest is too large")
    hashes = json.loads(manifest.read_bytes())["sha256"]
    contents = {name: (folder / name).read_bytes() for name in (MODEL_FILE, STATE_FILE)}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            raise ValueError(f"{name} is not what the manifest says")
    return contents


def _grouped(tensors: Mapping[str, Floats32]) -> StateArrays:
    groups: StateArrays = {group: {} for group in STATE_GROUPS}
    for key, array in tensors.items():
        group, name = key.split("/", 1)
        groups[group][name] = array
    return groups


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
