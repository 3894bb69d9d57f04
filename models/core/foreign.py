"""Files of other kinds than those that are opened here, named for what they are."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from models.core.reading import open_file

START_BYTES = 12
# By the bytes at the start of a file, and how many come before them.
STARTS = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes them"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (0, b"GGUF", "a GGUF model"),
    (0, b"\x89PNG\r\n\x1a\n", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"GIF8", "a picture"),
)
# By the end of a name, where the content cannot be told from chance.
ENDINGS = {".onnx": "an ONNX model", ".pt": "a PyTorch model", ".pth": "a PyTorch model", ".ckpt": "a checkpoint"}
# What `latentscape import` makes a model file of.
IMPORTED = ("an HDF5 file, as Keras writes them", "an ONNX model", "a PyTorch model", "a Keras model")
ARCHIVE = b"PK\x03\x04"
TENSORS, TENSORS_START = "a .safetensors model", b'{"'


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
    if (folder / "saved_model.pb").exists():
        return "a TensorFlow SavedModel"
    return "a TensorFlow checkpoint" if (folder / "checkpoint").is_file() and any(folder.glob("*.index")) else ""


def _of_members(names: Iterable[str]) -> str:
    for name in names:
        if name == "model.weights.h5":
            return "a Keras model"
        if name.endswith("data.pkl"):
            return "a PyTorch model"
    return ""


def _members(path: Path) -> list[str]:
    """Return the names in an archive, none if it is damaged: whoever opens it says so."""
    try:
        with open_file(path) as file, zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, LookupError, NotImplementedError):
        return []
