"""Checkpoints of a training run: folders that are complete or not there, from which a run goes on bit for bit.

``run/checkpoint-00000840/`` is the state after 840 steps: ``model.safetensors`` for use, ``state.safetensors`` with
weights, optimizer moments, moving average and the history of the run, and ``manifest.json`` with the SHA-256 of both.
The noise of a step and the order of an epoch are functions of the seed, so the number of steps is all the random state
there is. A second checkpoint of a step is ``checkpoint-00000840.1``: nothing is removed before the new one stands.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from models.core.arrays import Floats32
from models.core.data_options import AS_FOUND, DataOptions, options_from_json
from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.files import whole_folder
from models.core.history import CHECKPOINT_PREFIX, Records, records_of, table_of
from models.core.reading import read_file
from models.core.setting_text import settings_from_json, settings_to_json
from models.core.settings import Dials, TrainSettings
from models.training.early_stopping import EarlyStopping
from models.vae.architecture import Architecture, ParameterArrays
from models.vae.model_file import model_bytes

MODEL_FILE = "model.safetensors"

STATE_FILE = "state.safetensors"

MANIFEST_FILE = "manifest.json"

MANIFEST_VERSION = 2


# The manifest goes first, so that what is half removed is not taken for whole.
FILES = (MANIFEST_FILE, STATE_FILE, MODEL_FILE)

KEPT = 2

# Of a run that has come to its end: nothing is written any more that could be damaged.
KEPT_AT_THE_END = 1

MAX_MANIFEST_BYTES = 1 << 16

# Parameters, Adam's first and second moment, and the moving average.
STATE_GROUPS = ("parameters", "first", "second", "average")

# Of a run that restores its best weights, once there are some.
BEST = "best"

HISTORY = "history"

# The epoch until which learning rate and β counted, and both.
Turn = tuple[float, float, float]

StateArrays = dict[str, dict[str, Floats32]]

# What reading it stumbles over.
DAMAGE = (
    OSError, SafetensorError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError,
)  # fmt: skip

_NAME = re.compile(rf"{CHECKPOINT_PREFIX}(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Checkpoint:
    """A state of a run, to resume it from.

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
        By group (:data:`STATE_GROUPS`, and :data:`BEST` if there is one) and parameter name.
    elapsed : float
        Seconds of training so far.
    name : str
        Of the model.
    data_path : str
        Where the data lay.
    data_options : DataOptions
        How they were read.
    dials : Dials
        Learning rate and β as the person left them.
    sums : tuple of float
        Terms summed over the steps of the epoch under way.
    history : tuple of EpochRecord
        Of the epochs completed.
    turns : tuple of Turn
        Earlier dials.
    stopping : EarlyStopping
        Of the epochs completed.
    ended : bool
        Whether the run has come to its end, or was stopped by the person.
    extended : tuple of int
        Epochs after which the run had come to its end, and was trained further.
    """

    folder: Path
    step: int
    settings: TrainSettings
    data_digest: str
    arrays: StateArrays
    elapsed: float
    name: str
    data_path: str
    dials: Dials
    sums: tuple[float, ...]
    history: Records = ()
    turns: tuple[Turn, ...] = ()
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    ended: bool = False
    extended: tuple[int, ...] = ()
    data_options: DataOptions = AS_FOUND

    @property
    def complete(self) -> bool:
        """Whether the run has come to its end, not just been stopped."""
        done = len(self.history) >= self.settings.epochs or self.stopping.ends(self.settings)
        return self.ended and done

    @property
    def model_path(self) -> Path:
        """The model file of the checkpoint."""
        return self.folder / MODEL_FILE


def write_checkpoint(
    checkpoint: Checkpoint, info: ModelInfo, parameters: ParameterArrays, architecture: Architecture | None = None
) -> None:
    """Write ``checkpoint`` with the model made of ``parameters``, then remove all but the newest two; at the end, one.

    ``architecture`` is needed of a model of other people only.

    OSError if the disk is full or the folder cannot be written; nothing but a draft is left then.
    """
    contents = {MODEL_FILE: model_bytes(info, parameters, architecture), STATE_FILE: _state_bytes(checkpoint)}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    contents[MANIFEST_FILE] = json.dumps({"version": MANIFEST_VERSION, "sha256": hashes}).encode()
    with whole_folder(checkpoint.folder) as draft:
        for name, content in contents.items():
            (draft / name).write_bytes(content)
    kept = KEPT_AT_THE_END if checkpoint.ended else KEPT
    for old in checkpoint_folders(checkpoint.folder.parent)[:-kept]:
        remove_checkpoint(old)


def remove_checkpoint(folder: Path) -> None:
    """Remove the files of a checkpoint, or of a draft of one, and its folder if nothing else is in it."""
    if folder.is_symlink():
        return
    for name in FILES:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def checkpoint_folder(run_folder: Path, step: int) -> Path:
    """Return where the next checkpoint after ``step`` steps belongs; nothing is there."""
    folder, again = run_folder / f"{CHECKPOINT_PREFIX}{step:08d}", 0
    while folder.exists():
        again += 1
        folder = run_folder / f"{CHECKPOINT_PREFIX}{step:08d}.{again}"
    return folder


def checkpoint_folders(run_folder: Path) -> list[Path]:
    """Return the checkpoints of a run, oldest first, whole or damaged."""
    if not run_folder.is_dir():
        return []
    found = ((_NAME.fullmatch(entry.name), entry) for entry in run_folder.iterdir())
    numbered = [((int(match[1]), int(match[2] or 0)), entry) for match, entry in found if match]
    return [entry for _, entry in sorted(numbered)]


def latest_checkpoint(run_folder: Path) -> Checkpoint | None:
    """Return the newest checkpoint that is whole, None if there is none; damaged ones are passed over."""
    for folder in reversed(checkpoint_folders(run_folder)):
        try:
            return read_checkpoint(folder)
        except UserError:
            continue
    return None


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read and verify one checkpoint; :class:`UserError` if a file is missing, damaged or makes no sense."""
    try:
        state = _verified(folder)[STATE_FILE]
        values = values_of(json.loads(state[8 : 8 + int.from_bytes(state[:8], "little")]))
        tensors = load(state)
        table = tensors.pop(HISTORY)
        return Checkpoint(
            folder=folder,
            step=int(values["step"]),
            settings=settings_from_json(values["settings"]),
            data_digest=str(values["data_digest"]),
            arrays=_grouped(tensors),
            elapsed=float(values["elapsed"]),
            name=str(values["name"]),
            data_path=str(values["data_path"]),
            dials=Dials(**{name: float(value) for name, value in values["dials"].items()}),
            sums=tuple(float(value) for value in values["sums"]),
            history=records_of(values["columns"], table),
            turns=tuple((float(epoch), float(rate), float(beta)) for epoch, rate, beta in values["turns"]),
            stopping=EarlyStopping(**values["stopping"]),
            ended=bool(values["ended"]),
            # What an earlier version wrote has none.
            extended=tuple(int(epoch) for epoch in values.get("extended", ())),
            data_options=options_from_json(values.get("data_options", {})),
        )
    except DAMAGE as error:
        raise UserError(str(folder), f"the checkpoint is damaged ({error})") from error


def values_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the header of a state file says of the run, besides its arrays; KeyError if it says nothing."""
    values: dict[str, Any] = json.loads(header["__metadata__"]["run"])
    return values


def check_state(checkpoint: Checkpoint, architecture: Architecture) -> None:
    """Raise :class:`UserError` unless the arrays are those of ``architecture``, finite and complete."""
    for group in {**dict.fromkeys(STATE_GROUPS), **checkpoint.arrays}:
        found = {name: values.shape for name, values in checkpoint.arrays.get(group, {}).items()}
        if found != architecture.shapes():
            raise UserError(str(checkpoint.folder), f"its {group} do not fit the model")
        if not all(np.isfinite(values).all() for values in checkpoint.arrays[group].values()):
            raise UserError(str(checkpoint.folder), f"its {group} hold NaN or infinite numbers")


def _state_bytes(checkpoint: Checkpoint) -> bytes:
    columns, table = table_of(checkpoint.history)
    values = {
        "step": checkpoint.step,
        "settings": settings_to_json(checkpoint.settings),
        "data_digest": checkpoint.data_digest,
        "elapsed": checkpoint.elapsed,
        "name": checkpoint.name,
        "data_path": checkpoint.data_path,
        "dials": asdict(checkpoint.dials),
        "sums": checkpoint.sums,
        "columns": columns,
        "turns": checkpoint.turns,
        "stopping": asdict(checkpoint.stopping),
        "ended": checkpoint.ended,
        "extended": checkpoint.extended,
        "data_options": checkpoint.data_options.to_json(),
    }
    tensors: dict[str, NDArray[np.floating]] = {
        f"{group}/{name}": array for group, arrays in checkpoint.arrays.items() for name, array in arrays.items()
    }
    content: bytes = save(tensors | {HISTORY: table}, metadata={"run": json.dumps(values, sort_keys=True)})
    return content


def _verified(folder: Path) -> Mapping[str, bytes]:
    """Return the content of the files of the manifest, each with the hash that it names."""
    manifest = folder / MANIFEST_FILE
    hashes = json.loads(read_file(manifest, MAX_MANIFEST_BYTES))["sha256"]
    contents = {name: read_file(folder / name) for name in (MODEL_FILE, STATE_FILE)}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            raise ValueError(f"{name} is not what the manifest says")
    return contents


def _grouped(tensors: Mapping[str, Floats32]) -> StateArrays:
    groups: StateArrays = {}
    for key, array in tensors.items():
        group, name = key.split("/", 1)
        groups.setdefault(group, {})[name] = array
    return groups
