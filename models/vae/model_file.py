"""The gate that opens model files: nothing of a file is used before it has been checked, and memory stays bounded.

A model is one ``.safetensors`` file: 8 bytes with the length of a JSON header, the header, then the numbers. The
header's metadata holds one entry ``latentscape``, JSON that describes the model. No code is ever loaded.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from models.core.arrays import Floats32
from models.core.data_options import options_from_json
from models.core.descriptions import ModelInfo, digest_of_model
from models.core.errors import UserError
from models.core.files import is_folder, reason_of
from models.core.foreign import START_BYTES, TENSORS, foreign_kind
from models.core.formats import MODEL_SUFFIX
from models.core.numbers import to_float
from models.core.reading import open_file
from models.core.setting_text import settings_from_json, settings_to_json
from models.core.text import shortened
from models.vae.architecture import Architecture, ParameterArrays, architecture_of
from models.vae.imported import LABELS, ImportedArchitecture, architecture_from_json, graphs_to_json

# Of models trained here, and of those that hold graphs: other people's.
FORMAT_VERSION, GRAPH_VERSION = 1, 2

METADATA_KEY = "latentscape"

MAX_HEADER_BYTES = 1 << 20

IMPORT = "latentscape import makes a model file of other people's models"


@dataclass(frozen=True)
class OpenedModel:
    """A checked model: its description, its architecture and its parameters by name."""

    info: ModelInfo
    architecture: Architecture
    parameters: dict[str, Floats32]


def open_model(path: str | Path) -> OpenedModel:
    """Read and check the model file ``path``; :class:`UserError` says what is wrong with it."""
    path = Path(path)
    try:
        with open_file(path) as file:
            _check_kind(file, path)
            header, length = _read_header(file, path)
            description = _description(header, path)
            architecture = _architecture(description, path)
            _check_tensors(header, architecture, path)
            data = _read_all(file, length + 4 * architecture.parameter_count(), path)
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    except (RecursionError, OverflowError) as error:
        raise UserError(path.name, "its description makes no sense") from error
    parameters = _parameters(data, path)
    info = _info(path, digest_of_model(data), description, architecture)
    classes, label = held_at(parameters)
    return OpenedModel(replace(info, classes=classes, label=label), architecture, parameters)


def is_foreign(path: Path) -> bool:
    """Return whether a model is one of other people; :class:`UserError` if nothing can be read there.

    Not so is what Latentscape has written, and what has the ending of that and is nothing else that is known:
    :func:`open_model` says what is wrong with it.
    """
    try:
        return is_folder(path) or not _is_native(path)
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error


def _is_native(path: Path) -> bool:
    with open_file(path) as file:
        kind = foreign_kind(path, file.read(START_BYTES))
        if kind != TENSORS:
            return not kind and path.suffix.lower() == MODEL_SUFFIX
        file.seek(0)
        try:
            metadata = _read_header(file, path)[0].get("__metadata__")
        except UserError:
            return True
    return isinstance(metadata, dict) and METADATA_KEY in metadata


def held_at(parameters: ParameterArrays) -> tuple[int, int]:
    """Return how many classes a conditional model has and at which it is held; 0 and 0 of any other."""
    label = parameters.get(LABELS[0])
    if label is None or label.ndim != 2 or label.shape[0] != 1:
        return 0, 0
    return label.shape[1], int(np.argmax(label))


def held_at_class(opened: OpenedModel, label: int) -> dict[str, Floats32]:
    """Return the parameters of a conditional model held at another class; ValueError if it has no such class."""
    if not 0 <= label < opened.info.classes:
        raise ValueError(f"{opened.info.name} has {opened.info.classes} classes, and none with the number {label}")
    one = np.eye(opened.info.classes, dtype=np.float32)[label][np.newaxis]
    return {name: one if name in LABELS else values for name, values in opened.parameters.items()}


def _check_kind(file: BinaryIO, path: Path) -> None:
    """Refuse what is known to be something else, by its name."""
    kind = foreign_kind(path, file.read(START_BYTES))
    file.seek(0)
    if kind and kind != TENSORS:
        raise UserError(path.name, f"this is {kind}; only .safetensors models of Latentscape are opened", IMPORT)


def _read_header(file: BinaryIO, path: Path) -> tuple[Mapping[str, object], int]:
    """Return the JSON header and the number of bytes up to the first tensor."""
    prefix = file.read(8)
    if len(prefix) < 8:
        raise UserError(path.name, "the file is too short to be a model")
    (length,) = struct.unpack("<Q", prefix)
    if not 2 <= length <= MAX_HEADER_BYTES:
        raise UserError(path.name, "this is not a .safetensors model file")
    text = file.read(length)
    if len(text) < length:
        raise UserError(path.name, "the file is truncated")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(path.name, "this is not a .safetensors model file") from error
    if not isinstance(header, dict):
        raise UserError(path.name, "this is not a .safetensors model file")
    return header, 8 + length


def _description(header: Mapping[str, object], path: Path) -> Mapping[str, object]:
    metadata = header.get("__metadata__")
    text = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise UserError(path.name, "this .safetensors file was not written by Latentscape", IMPORT)
    try:
        description = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(path.name, "the description in its header is damaged") from error
    if not isinstance(description, dict):
        raise UserError(path.name, "the description in its header is damaged")
    version = description.get("format")
    if version not in (FORMAT_VERSION, GRAPH_VERSION):
        found, read = shortened(repr(version)), f"{FORMAT_VERSION} and {GRAPH_VERSION}"
        raise UserError(path.name, f"its format version is {found}, this program reads {read}")
    return description


def _architecture(description: Mapping[str, object], path: Path) -> Architecture:
    try:
        settings = settings_from_json(_mapping(description["settings"]))
        shape = description["image_shape"]
        if not (isinstance(shape, list) and len(shape) == 3 and all(type(size) is int for size in shape)):
            raise ValueError("the image shape is not three numbers")
        sizes = shape[0], shape[1], shape[2]
        if description["format"] == GRAPH_VERSION:
            return architecture_from_json(_mapping(description["graphs"]), settings, sizes)
        return architecture_of(settings, sizes)
    except KeyError as error:
        raise UserError(path.name, f"its description lacks {error}") from error
    except ValueError as error:
        raise UserError(path.name, f"its description makes no sense ({shortened(error)})") from error


def _check_tensors(header: Mapping[str, object], architecture: Architecture, path: Path) -> None:
    """Compare names, shapes and types in the header with what the architecture needs."""
    expected = architecture.shapes()
    found = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for name, shape in expected.items():
        entry = found.pop(name, None)
        if not isinstance(entry, dict):
            raise UserError(path.name, f"the parameter {name} is missing")
        if entry.get("dtype") != "F32" or entry.get("shape") != list(shape):
            found_as = f"{entry.get('dtype')} {entry.get('shape')}"
            raise UserError(
                path.name,
                f"{name} is {shortened(found_as)}, its description asks for F32 {list(shape)}",
            )
    if found:
        raise UserError(path.name, f"there is a parameter {shortened(min(found))} that the model does not have")


def _read_all(file: BinaryIO, size: int, path: Path) -> bytes:
    """Return the whole file, which must have exactly ``size`` bytes."""
    file.seek(0)
    data = file.read(size + 1)
    if len(data) < size:
        raise UserError(path.name, "the file is truncated")
    if len(data) > size:
        raise UserError(path.name, "there are bytes after the last parameter")
    return data


def _parameters(data: bytes, path: Path) -> dict[str, Floats32]:
    try:
        parameters: dict[str, Floats32] = load(data)
    except SafetensorError as error:
        raise UserError(path.name, f"the file is damaged ({error})") from error
    for name, values in parameters.items():
        if not np.isfinite(values).all():
            raise UserError(path.name, f"the parameter {name} holds NaN or infinite numbers")
    return parameters


def _info(path: Path, digest: str, description: Mapping[str, object], architecture: Architecture) -> ModelInfo:
    try:
        return ModelInfo(
            path=str(path),
            name=_text(description, "name", path.stem),
            digest=digest,
            image_shape=architecture.image_shape,
            settings=settings_from_json(_mapping(description["settings"])),
            dataset=_text(description, "dataset", ""),
            epoch=_epoch(description.get("epoch", 0)),
            parameters=architecture.parameter_count(),
            recipe=_text(description, "recipe", ""),
            metrics={key: _number(value) for key, value in _mapping(description.get("metrics", {})).items()},
            kl_per_dim=_kl_per_dim(description.get("kl_per_dim", []), architecture.latent_dim),
            data_digest=_text(description, "data_digest", ""),
            understood=_lines(description.get("understood", [])),
            has_encoder=architecture.has_encoder,
            data_options=options_from_json(description.get("data_options", {})),
        )
    except ValueError as error:
        raise UserError(path.name, f"its description makes no sense ({shortened(error)})") from error


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("a list of names and values is missing")
    return value


def _lines(value: object) -> dict[str, str]:
    """Return pairs of texts, whose order JSON would not keep between names."""
    if not (isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)):
        raise ValueError("what was understood is no list of pairs")
    pairs = ({"subject": subject, "words": words} for subject, words in value)
    return {_text(pair, "subject", ""): _text(pair, "words", "") for pair in pairs}


def _text(description: Mapping[str, object], key: str, default: str) -> str:
    value = description.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} is not text")
    # JSON can hold halves of surrogate pairs, which no file, terminal or window takes.
    return value.encode(errors="replace").decode()


def _epoch(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("epoch is not a count")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a metric is not a number")
    return to_float(value)


def _kl_per_dim(value: object, latent_dim: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) not in (0, latent_dim):
        raise ValueError("KL per dimension does not match the latent dimension")
    return tuple(_number(item) for item in value)


def description_of(info: ModelInfo) -> dict[str, object]:
    """Return what is stored of ``info`` in the header; path, digest and parameter count follow from the file."""
    read_by = info.data_options.to_json()
    return {
        "format": FORMAT_VERSION,
        "name": info.name,
        "image_shape": list(info.image_shape),
        "settings": settings_to_json(info.settings),
        "dataset": info.dataset,
        "data_digest": info.data_digest,
        "epoch": info.epoch,
        "recipe": info.recipe,
        "metrics": info.metrics,
        "kl_per_dim": list(info.kl_per_dim),
        **({"data_options": read_by} if read_by else {}),
    }


def model_bytes(info: ModelInfo, parameters: ParameterArrays, architecture: Architecture | None = None) -> bytes:
    """Return the content of a model file; the same model gives the same bytes.

    ``architecture`` is needed of imported models only, whose settings do not tell it.
    """
    description = description_of(info)
    if isinstance(architecture, ImportedArchitecture):
        description["format"] = GRAPH_VERSION
        description["graphs"] = graphs_to_json(architecture)
        description["understood"] = [list(pair) for pair in info.understood.items()]
    metadata = {METADATA_KEY: json.dumps(description, sort_keys=True)}
    content: bytes = save(dict(parameters), metadata=metadata)
    return content
