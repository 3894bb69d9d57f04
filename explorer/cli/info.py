"""``latentscape info``: describe a file, and import TensorFlow for other people's models only."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from explorer.cli.console import print_result, table
from explorer.cli.science import Data, open_named_model, opened_data
from models.core.descriptions import DataInfo, ModelInfo
from models.core.errors import UserError
from models.core.files import is_file, is_there
from models.core.foreign import is_model
from models.core.npy import map_array
from models.core.reading import open_file
from models.core.setting_table import SETTINGS
from models.core.setting_text import split_comment
from models.core.settings import TrainSettings
from resources import bundled_models

PNG_MAGIC = b"\x89PNG"
# The figures of a model, in order; those that a model lacks are left out.
METRICS = {
    "elbo": ("test ELBO", "nats"),
    "reconstruction": ("test reconstruction", "nats"),
    "kl": ("test KL", "nats"),
    "nll": ("test −log p(x), IWAE-500", "nats"),
    "active_units": ("active units", ""),
}
KL_PER_LINE = 10


def describe(file: Data, as_json: bool) -> int:
    """Describe a model, data set or exported picture; return the exit code."""
    name, path = file.name, Path(file.name)
    if is_model(path) or (not is_there(path) and name in bundled_models()):
        info = open_named_model(name).info
        print_result(model_fields(info), model_lines(info), as_json)
    elif is_file(path) and _starts_with(path, PNG_MAGIC):
        _describe_picture(path, as_json)
    else:
        _describe_data(file, as_json)
    return 0


def model_fields(info: ModelInfo) -> dict[str, object]:
    """Return everything known about a model, as JSON fields."""
    read_by = {"data_options": info.data_options.to_json()}
    return {"kind": "model", "sha256": _sha256_of(info), **asdict(info), **read_by}


def model_lines(info: ModelInfo) -> list[str]:
    """Return everything known about a model, as lines of text."""
    command, told = split_comment(info.recipe)
    rows: list[tuple[str, object]] = [
        ("model", f"{info.name} ({info.origin})"),
        ("sha256", _sha256_of(info)),
        ("recipe", command),
        *([("changed by hand", told)] if told else []),
        *_origin_rows(info),
    ]
    for key, (label, unit) in METRICS.items():
        if key in info.metrics:
            value = info.metrics[key]
            rows.append((label, f"{value:.2f} {unit}" if unit else f"{value:.0f} of {info.settings.latent_dim}"))
    return [*table(rows), *_kl_lines(info.kl_per_dim)]


def _origin_rows(info: ModelInfo) -> Iterator[tuple[str, object]]:
    """Yield how images came to its size, and what was trained, or of an imported model what was understood."""
    if info.data_options.size:
        from models.data.treatment import WORDS

        height, width = info.data_options.size
        yield "other sizes", f"{WORDS[info.data_options.fit]} to {width} × {height} pixels"
    if info.understood:
        yield from info.understood.items()
        yield "parameters", f"{info.parameters:,}"
        return
    yield "data", f"{info.dataset}, images {' × '.join(map(str, info.image_shape))}"
    yield "parameters", f"{info.parameters:,}"
    yield "trained for", f"{info.epoch:,} of {info.settings.epochs:,} epochs"
    yield from _setting_rows(info.settings)


def _setting_rows(settings: TrainSettings) -> Iterator[tuple[str, str]]:
    """Yield label and value of all settings that have an effect, in the order of the form."""
    for row in SETTINGS.values():
        if row.applies(settings) and row.name != "epochs":
            yield row.label, row.text(getattr(settings, row.name))


def _kl_lines(kl_per_dim: tuple[float, ...]) -> Iterator[str]:
    if kl_per_dim:
        yield "KL per dimension in nats:"
    for start in range(0, len(kl_per_dim), KL_PER_LINE):
        values = kl_per_dim[start : start + KL_PER_LINE]
        yield f"  z{start:<4}" + " ".join(f"{value:6.3f}" for value in values)


def _describe_data(data: Data, as_json: bool) -> None:
    info = opened_data(data, silent=True)
    counts = _label_counts(info)
    rows: list[tuple[str, object]] = [
        ("data", f"{info.name} ({info.path})"),
        ("images", f"{info.count:,} of {' × '.join(map(str, info.image_shape))}"),
        ("split", f"{info.train_count:,} train, {info.count - info.train_count:,} test"),
        ("digest", info.digest),
    ]
    if counts:
        rows.append(("labels", ", ".join(f"{label}: {count}" for label, count in counts.items())))
    if info.factor_names:
        rows.append(("factors", ", ".join(info.factor_names)))
    rows += [("conversion", conversion) for conversion in info.conversions]
    if words := info.options.words():
        rows.append(("recipe", shlex.join(["latentscape", "info", data.name, *words])))
    fields = {"kind": "data", **asdict(info), "options": info.options.to_json(), "label_counts": counts}
    print_result(fields, table(rows), as_json)


def _label_counts(info: DataInfo) -> dict[str, int]:
    if info.labels_path is None:
        return {}
    labels, counts = np.unique(map_array(info.labels_path), return_counts=True)
    names = dict(enumerate(info.label_names))
    return {names.get(int(label), str(label)): int(count) for label, count in zip(labels, counts, strict=True)}


def _describe_picture(path: Path, as_json: bool) -> None:
    from explorer.export.pictures import read_latent

    latent = read_latent(path)
    if latent is None:
        raise UserError(path.name, "this picture carries no latent; to use pictures as a data set, name their folder")
    rows = [
        ("picture", path), ("model", f"{latent.model} ({latent.model_hash})"), ("seed", latent.seed),
        ("index", latent.index), ("dimensions", len(latent.z)), ("‖z‖", f"{np.linalg.norm(latent.z):.3f}"),
    ]  # fmt: skip
    print_result({"kind": "picture", "path": str(path), **asdict(latent)}, table(rows), as_json)


def _starts_with(path: Path, magic: bytes) -> bool:
    with open_file(path) as file:
        return file.read(len(magic)) == magic


def _sha256_of(info: ModelInfo) -> str:
    """Return the SHA-256 of the file that a person named; of a folder, of the model file that was made of it."""
    return _sha256(Path(info.origin if is_file(info.origin) else info.path))


def _sha256(path: Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
