"""Tell what a file is by its content, and read it: one reader for each format, none of which runs anything."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from models.core.errors import UserError
from models.core.files import is_folder, reason_of
from models.core.foreign import ENDINGS, SAVED_MODEL, TENSORS, foreign_kind
from models.core.foreign import PROGRAM as PROGRAM_FILE
from models.core.formats import FOREIGN_SUFFIXES, MODEL_SUFFIX, TFJS
from models.core.hdf5 import MAGIC
from models.core.reading import open_file
from models.core.text import shortened
from models.importing.archives import ARRAY, KERAS_WEIGHTS, TORCH_PICKLE, TORCH_PROGRAM, Archive
from models.importing.choices import Choices
from models.importing.parsed import Parsed
from models.importing.programs import files_of_program
from models.importing.refusal import RefusedError

Reader = Callable[[Path, Choices], Parsed]

START_BYTES = 16
SUFFIXES = (*FOREIGN_SUFFIXES, MODEL_SUFFIX, ".npz")
ZIP = b"PK\x03\x04"
# The first field of a ModelProto, the version of its format.
PROTOBUF = b"\x08"
PICKLE = b"\x80"
HALVES = ("encoder", "decoder")
# Networks of somebody's own, which pythae pickles beside the weights.
PYTHAE_OWN = ("encoder.pkl", "decoder.pkl")
OWN_NETWORK = "export the model to ONNX, or remove the file if its networks are pythae's own"
GUESSED = Choices()
# What readers, and the libraries below them, raise of files that contradict themselves.
DAMAGE = (
    ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RuntimeError, EOFError, struct.error,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
OPENED = ".keras, .h5, .onnx, .pt2, PyTorch's files of weights, .safetensors, .npz and TensorFlow.js' model.json are"
# By what it is: how to get a file that opens.
WAYS_ON = {
    "a TensorFlow Lite model": "import the model that it was made of: model.save('model.keras')",
    "a TensorFlow checkpoint": "load it into its model, then model.save('model.keras')",
    "a checkpoint": "load it into its model, then save that: model.save('model.keras')",
}


def read_model(path: Path, choices: Choices = GUESSED) -> Parsed:
    """Parse a model of other people; :class:`UserError` says what it is and why it is not opened."""
    try:
        return _reader(path)(path, choices)
    except RefusedError as refusal:
        raise UserError(path.name, refusal.reason, refusal.way_on) from refusal
    except (RecursionError, OverflowError, MemoryError) as error:
        raise UserError(path.name, "it makes no sense: it is nested too deep, or its numbers are too large") from error
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    except DAMAGE as error:
        raise UserError(path.name, f"it makes no sense ({error})") from error


def files_of(path: Path) -> list[Path]:
    """Return the files of a model: of a folder its encoder and its decoder, or its only model; else the path itself."""
    if path.name == PROGRAM_FILE:
        return [path.parent]
    if not is_folder(path) or foreign_kind(path, b""):
        return [path]
    pickled = next((file.name for file in path.iterdir() if file.name in PYTHAE_OWN), "")
    if pickled and (path / "model_config.json").exists():
        raise UserError(path.name, f"{pickled} beside it is a pickled network, whose code is never run", OWN_NETWORK)
    files = sorted(file for item in path.iterdir() for file in _model_at(item))
    halves = [[file for file in files if word in _named(file)] for word in HALVES]
    if all(len(found) == 1 for found in halves):
        return [found[0] for found in halves]
    if len(files) == 1:
        return files
    found_files = ", ".join(file.name for file in files) or "no model"
    reason = f"this is a folder with {shortened(found_files)}"
    raise UserError(path.name, reason, "name the file of the model, or those of its encoder and decoder")


def _model_at(item: Path) -> list[Path]:
    """Return the model that lies in a folder as a file, or as a folder that has the name of a half."""
    if item.name == TFJS or item.suffix.lower() in SUFFIXES:
        return [item]
    if not any(word in item.name.lower() for word in HALVES) or not is_folder(item):
        return []
    return [item] if is_program(item) else [file for file in [item / TFJS] if file.exists()]


def _named(file: Path) -> str:
    """Return the name that tells which half a file is: that of its folder if all such files are called the same."""
    return (file.parent.name if file.name == TFJS else file.stem).lower()


def contents_of(path: Path) -> list[Path]:
    """Return the files whose content a model is: those of a SavedModel's folder, else the path itself."""
    return files_of_program(path) if is_program(path) else [path]


def is_program(path: Path) -> bool:
    """Return whether a model is a program, which is loaded only once a person trusts it."""
    return is_folder(path) and foreign_kind(path, b"") == SAVED_MODEL


def _reader(path: Path) -> Reader:
    if is_program(path):
        return _saved_model
    if is_folder(path):
        return _unknown(path, b"")
    with open_file(path) as file:
        start = file.read(START_BYTES)
        file.seek(0)
        if start.startswith(ZIP):
            return _of_archive(Archive(file).names)
    if not start:
        raise RefusedError("the file is empty")
    for magic, reader in READERS:
        if start.startswith(magic):
            return reader
    return _unknown(path, start)


def _of_archive(names: Sequence[str]) -> Reader:
    if KERAS_WEIGHTS in names:
        return _keras
    if any(name.endswith(f"/{TORCH_PROGRAM}") or name == TORCH_PROGRAM for name in names):
        return _exported
    if any(name.split("/")[-1] == TORCH_PICKLE for name in names):
        return _torch
    if "images.npy" in names:
        raise RefusedError("these are images, not a model", f"{OPENED} opened as models")
    if names and all(name.endswith(ARRAY) for name in names):
        return _npz
    raise RefusedError("this is an archive, but no model that is known here", f"{OPENED} opened")


def _unknown(path: Path, start: bytes) -> Reader:
    """Return the reader of a file without a magic of its own; :class:`RefusedError` names what it is."""
    kind = foreign_kind(path, start)
    if kind == TENSORS:
        return _safetensors
    if not kind:
        raise RefusedError("this is no model that is known here", f"{OPENED} opened")
    if kind == ENDINGS.get(path.suffix.lower()) and kind not in WAYS_ON:
        raise RefusedError(f"it has the name of {kind}, but its content is something else", f"{OPENED} opened")
    raise RefusedError(f"this is {kind}", WAYS_ON.get(kind, f"{OPENED} opened"))


# Each reader is imported when a file needs it: the decoder's process has to start at once.


def _keras(path: Path, choices: Choices) -> Parsed:
    from models.importing.keras_file import read_keras

    return read_keras(path, choices)


def _h5(path: Path, choices: Choices) -> Parsed:
    from models.importing.keras_file import read_h5

    return read_h5(path, choices)


def _onnx(path: Path, _: Choices) -> Parsed:
    from models.importing.onnx_file import read_onnx

    return read_onnx(path)


def _torch(path: Path, choices: Choices) -> Parsed:
    from models.importing.torch_file import read_torch

    return read_torch(path, choices)


def _exported(path: Path, _: Choices) -> Parsed:
    from models.importing.exported_program import read_exported

    return read_exported(path)


def _tfjs(path: Path, _: Choices) -> Parsed:
    from models.importing.tfjs_file import read_tfjs

    return read_tfjs(path)


def _saved_model(path: Path, choices: Choices) -> Parsed:
    from models.importing.saved_model import read_saved_model

    return read_saved_model(path, choices)


def _safetensors(path: Path, choices: Choices) -> Parsed:
    from models.importing.tensor_files import read_safetensors

    return read_safetensors(path, choices)


def _npz(path: Path, choices: Choices) -> Parsed:
    from models.importing.tensor_files import read_npz

    return read_npz(path, choices)


READERS: Sequence[tuple[bytes, Reader]] = ((MAGIC, _h5), (PROTOBUF, _onnx), (PICKLE, _torch), (b"{", _tfjs))
