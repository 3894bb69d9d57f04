"""The history of a training run: a record of each epoch, as a table and as columns of Keras."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from io import StringIO
from pathlib import Path, PurePath
from typing import Literal, get_args, get_type_hints

import numpy as np

from models.core.arrays import Floats64
from models.core.data_options import AS_FOUND, DataOptions
from models.core.files import output_file
from models.core.settings import TrainSettings


@dataclass(frozen=True)
class Terms:
    """The parts of the objective, means per image in nats: ELBO = −(reconstruction + KL).

    ``loss`` is what is minimized: −ELBO unless β, free bits or an importance-weighted bound make it another number.
    """

    elbo: float
    reconstruction: float
    kl: float
    loss: float


# The folders of a run that hold its models: one for the models of all epochs, and one for each checkpoint.
EPOCHS_FOLDER, CHECKPOINT_PREFIX = "epochs", "checkpoint-"


def run_of(path: str) -> str:
    """Return the folder of the run that left a model file, empty if none did."""
    folder = PurePath(path).parent
    ours = folder.name == EPOCHS_FOLDER or folder.name.startswith(CHECKPOINT_PREFIX)
    return str(folder.parent) if ours else ""


# Edges of the histograms of posterior means and scales.
MU_EDGES = np.linspace(-4.0, 4.0, 33)
SIGMA_EDGES = np.geomspace(1e-3, 10.0, 33)


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of a run; the same settings and data give equal records.

    Attributes
    ----------
    epoch, step : int
        Epochs and steps completed.
    train : Terms
        Means over the steps of the epoch.
    test : Terms
        Of the test images, with one draw of ε each.
    kl_per_dim : tuple of float
        KL of each latent dimension, mean over the test images, in nats.
    active_units : int
        Dimensions whose posterior mean varies over the test images.
    gradient_norm : float
        Euclidean norm of the gradient in all parameters, mean over some steps of the epoch.
    learning_rate, beta : float
        As they were at the end of the epoch, schedules and changes by hand included.
    mu_counts, sigma_counts : tuple of int
        How many posterior means and scales of the test images, over all dimensions, fall into the bins between
        :data:`MU_EDGES` and :data:`SIGMA_EDGES`; what lies beyond is counted in the outermost.
    images_per_second, elapsed : float
        Speed, and seconds of training since the run began; the clock's, so they take no part in comparisons.
    """

    epoch: int
    step: int
    train: Terms
    test: Terms
    kl_per_dim: tuple[float, ...]
    active_units: int
    gradient_norm: float
    learning_rate: float
    beta: float
    mu_counts: tuple[int, ...]
    sigma_counts: tuple[int, ...]
    images_per_second: float = field(compare=False)
    elapsed: float = field(compare=False)


@dataclass(frozen=True)
class PastRun:
    """A run that has ended: the name of its model, its settings, the records of its epochs, and its end in Unix time.

    Of a long run some epochs are left out, but not the last one.
    """

    name: str
    settings: TrainSettings
    records: tuple[EpochRecord, ...]
    when: float


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that can be resumed: ``epoch`` of ``settings.epochs`` are in its newest checkpoint, of Unix time ``when``.

    ``folder`` holds its checkpoints, ``data_path`` is what it was trained on, read by ``data_options``,
    ``learning_rate`` what it had last; ``elapsed`` are the seconds of training so far.
    """

    folder: str
    name: str
    data_path: str
    epoch: int
    when: float
    settings: TrainSettings
    learning_rate: float
    elapsed: float = 0.0
    data_options: DataOptions = AS_FOUND


RunStage = Literal["training", "interrupted", "finished", "damaged"]


@dataclass(frozen=True)
class StoredRun:
    """A run on disk, as a list shows it.

    Attributes
    ----------
    folder : str
        Where it lies; of a run in the trash, where it lay and would return to.
    stage : str
        ``training`` while a process works on it, ``damaged`` if its newest checkpoint does not say what it holds.
    size : int
        Bytes on the disk.
    run : UnfinishedRun or None
        What the newest checkpoint says of it.
    model : str
        The model file of that checkpoint; empty if there is none to open.
    discarded : float or None
        When it was thrown away, in Unix time, None if it was not.
    """

    folder: str
    stage: RunStage
    size: int
    run: UnfinishedRun | None
    model: str = ""
    discarded: float | None = None

    @property
    def name(self) -> str:
        """The name of its model, or of its folder."""
        return Path(self.folder).name if self.run is None else self.run.name


@dataclass(frozen=True)
class EpochSnapshot:
    """The model as it was after an epoch."""

    epoch: int
    path: str


SUFFIXES = (".csv", ".json")
# So many of the runs that have ended can be compared with, the newest.
RUNS_REMEMBERED = 12
DAYS_IN_TRASH = 30
Records = tuple[EpochRecord, ...]
_TYPES = get_type_hints(EpochRecord)
_PREFIXES = {"train": "", "test": "val_"}


def columns_of(record: EpochRecord) -> dict[str, float]:
    """Return the numbers of ``record`` by name, epoch and counts as integers, in a fixed order."""
    columns: dict[str, float] = {}
    for name, value in ((part.name, getattr(record, part.name)) for part in fields(EpochRecord)):
        if isinstance(value, Terms):
            columns |= {_PREFIXES[name] + term: number for term, number in asdict(value).items()}
        elif isinstance(value, tuple):
            columns |= {f"{name}_{index}": number for index, number in enumerate(value)}
        else:
            columns[name] = value
    return columns


def record_of(columns: Mapping[str, float]) -> EpochRecord:
    """Return the record of the columns of :func:`columns_of`; others are ignored. KeyError if one is missing."""
    values: dict[str, object] = {}
    for name, kind in _TYPES.items():
        if kind is Terms:
            terms = (field.name for field in fields(Terms))
            values[name] = Terms(**{term: float(columns[_PREFIXES[name] + term]) for term in terms})
        elif kind in (int, float):
            values[name] = kind(columns[name])
        else:
            numbered = sum(column.startswith(f"{name}_") for column in columns)
            element = get_args(kind)[0]
            values[name] = tuple(element(columns[f"{name}_{index}"]) for index in range(numbered))
    return EpochRecord(**values)  # type: ignore[arg-type]


def table_of(records: Sequence[EpochRecord]) -> tuple[list[str], Floats64]:
    """Return the names of the columns and the numbers [epochs, columns]."""
    rows = [columns_of(record) for record in records]
    names = list(rows[0]) if rows else []
    return names, np.array([list(row.values()) for row in rows], np.float64).reshape(len(rows), len(names))


def records_of(names: Sequence[str], table: Floats64) -> Records:
    """Return the records of a table of :func:`table_of`; ValueError if a row makes no sense."""
    return tuple(record_of(dict(zip(names, row, strict=True))) for row in table.tolist())


def keras_columns(record: EpochRecord) -> dict[str, float]:
    """Return the numbers of ``record`` by the names of Keras, which counts epochs from 0."""
    columns = columns_of(record)
    return {"epoch": columns.pop("epoch") - 1, **columns}


def write_history(path: Path, records: Iterable[EpochRecord]) -> None:
    """Write ``.csv`` (a row for each epoch) or ``.json`` (a list for each name); UserError if that is not possible."""
    rows = [keras_columns(record) for record in records]
    names = list(rows[0]) if rows else ["epoch"]
    if path.suffix == ".json":
        text = json.dumps({name: [row[name] for row in rows] for name in names})
    else:
        buffer = StringIO()
        writer = csv.DictWriter(buffer, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    with output_file(path) as draft:
        draft.write_bytes(text.encode())


def terms_of(reconstruction: float, kl: float, loss: float | None = None) -> Terms:
    """Return the terms with their ELBO at β = 1, which is −loss unless another loss is given."""
    total = float(reconstruction + kl)
    return Terms(-total, float(reconstruction), float(kl), total if loss is None else float(loss))
