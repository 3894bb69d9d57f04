"""Files of other kinds than those that are opened here, named for what they are."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from models.core.formats import FOREIGN_SUFFIXES, MODEL_SUFFIX, PICTURE_SUFFIXES, TFJS
from models.core.hdf5 import MAGIC, is_of_keras
from models.core.reading import open_file

START_BYTES = 12
HDF5 = "an HDF5 file, as Keras writes them"
PARQUET, PACKED, HEIC = "a Parquet file", "an archive of a kind that is not unpacked here", "a HEIC picture"
# By the bytes at the start of a file, and how many come before them.
STARTS = (
    (0, MAGIC, HDF5),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (0, b"GGUF", "a GGUF model"),
    (0, b"\x89PNG\r\n\x1a\n", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"GIF8", "a picture"),
    (0, b"PAR1", PARQUET),
    (0, b"7z\xbc\xaf", PACKED),
    (0, b"Rar!", PACKED),
    (0, b"SQLite format", "a database"),
    (0, b"%PDF", "a PDF document"),
    (0, b"<svg", "an SVG drawing"),
    (8, b"heic", HEIC),
    (8, b"mif1", HEIC),
    (4, b"ftyp", "a video"),
)
# By the end of a name, where the content cannot be told from chance.
ENDINGS = {".onnx": "an ONNX model", ".pt": "a PyTorch model", ".pth": "a PyTorch model", ".ckpt": "a checkpoint"}
# What `latentscape import` makes a model file of.
IMPORTED = (HDF5, "an ONNX model", "a PyTorch model", "a Keras model")
SAVED_MODEL, PROGRAM = "a TensorFlow SavedModel", "saved_model.pb"
# The answer by which a person lets a model that is a program be loaded.
TRUST, TRUSTED = "trust", "yes"
# What is no data either: named for what it is where models are opened.
MODELS = (*IMPORTED, SAVED_MODEL, "a TensorFlow Lite model", "a TensorFlow checkpoint", "a checkpoint")
ARCHIVE = b"PK\x03\x04"
# Of arrays in an archive that is the weights of a model.
WEIGHTS = re.compile(r"(weight|kernel|bias)s?(:0)?\.npy$|^[Wb]_\w+\.npy$")
# Of a folder: more are not looked at to tell what it holds.
MOST_LOOKED_AT = 2000
TENSORS, TENSORS_START = "a .safetensors model", b'{"'


def is_model(path: Path) -> bool:
    """Return whether what lies at ``path`` is to be opened as a model rather than as data; what cannot be read is not.

    It goes by the names of files, and within archives and folders; whoever opens it looks closer.
    """
    if path.suffix.lower() == MODEL_SUFFIX or path.name in (TFJS, PROGRAM):
        return True
    try:
        if path.is_dir():
            return _of_folder(path) in MODELS or _holds_model(path)
        with open_file(path) as file:
            start = file.read(START_BYTES)
        kind = foreign_kind(path, start)
        if kind == HDF5:
            return is_of_keras(path)
    except (OSError, ValueError):
        return False
    if start.startswith(ARCHIVE) and not kind:
        names = _members(path)
        return "images.npy" not in names and any(WEIGHTS.search(name) for name in names)
    return kind in MODELS or kind == TENSORS or path.suffix.lower() in FOREIGN_SUFFIXES


def _holds_model(folder: Path) -> bool:
    """Return whether a folder holds a model, or the two halves of one, rather than pictures."""
    with os.scandir(folder) as entries:
        names = {entry.name.lower(): entry.is_dir() for entry in islice(entries, MOST_LOOKED_AT)}
    models = [name for name in names if name.endswith((*FOREIGN_SUFFIXES, MODEL_SUFFIX))]
    models += [name for name, inner in names.items() if inner and _is_half(folder / name)]
    halves = all(any(word in name for name in models) for word in ("encoder", "decoder"))
    others = any(inner or name.endswith((*PICTURE_SUFFIXES, ".npz")) for name, inner in names.items())
    return halves or TFJS in names or (bool(models) and not others)


def _is_half(folder: Path) -> bool:
    named = any(word in folder.name for word in ("encoder", "decoder"))
    return named and any((folder / name).is_file() for name in (TFJS, PROGRAM))


def foreign_kind(path: Path, start: bytes) -> str:
    """Return what the file or folder at ``path`` is, "" if it is none of those known; ``start`` are its first bytes."""
    if path.is_dir():
        return _of_folder(path)
    if len(start) > 8 and int.from_bytes(start[:8], "little") < 1 << 27 and start[8:10] == TENSORS_START:
        return TENSORS
    if start.startswith(ARCHIVE):
        return _of_members(_members(path))
    found = next((kind for place, magic, kind in STARTS if start[place:].startswith(magic)), "")
    return found or ENDINGS.get(path.suffix.lower(), "")


def _of_folder(folder: Path) -> str:
    if (folder / PROGRAM).exists():
        return SAVED_MODEL
    return "a TensorFlow checkpoint" if (folder / "checkpoint").is_file() and any(folder.glob("*.index")) else ""


def _of_members(names: Iterable[str]) -> str:
    for name in names:
        if name == "model.weights.h5":
            return "a Keras model"
        if name.endswith(("data.pkl", "models/model.json")):
            return "a PyTorch model"
    return ""


def _members(path: Path) -> list[str]:
    """Return the names in an archive, none if it is damaged: whoever opens it says so."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, LookupError, NotImplementedError):
        return []
