"""Tell what a file is by its content, and read it: one reader for each format, none of which runs anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from models.core.errors import UserError
from models.core.files import reason_of
from models.core.reading import open_file
from models.importing.archives import Archive
from models.importing.choices import Choices
from models.importing.keras_file import WEIGHTS, read_h5, read_keras
from models.importing.onnx_file import read_onnx
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.torch_file import DATA, read_torch

Reader = Callable[[Path, Choices], Parsed]

START_BYTES = 16
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
# The first field of a ModelProto, the version of its format.
PROTOBUF = b"\x08"
PICKLE = b"\x80"
GUESSED = Choices()
OPENED = ".keras, whole .h5, .onnx and PyTorch's .pt files of weights are opened"


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
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError) as error:
        raise UserError(path.name, f"it makes no sense ({error})") from error


def _reader(path: Path) -> Reader:
    with open_file(path) as file:
        start = file.read(START_BYTES)
        file.seek(0)
        if start.startswith(HDF5):
            return lambda path, _: read_h5(path)
        if start.startswith(ZIP):
            return _of_archive(Archive(file).names)
    if start[:1] == PROTOBUF:
        return lambda path, _: read_onnx(path)
    if start[:1] == PICKLE:
        return read_torch
    raise RefusedError("this is no model that is known here", OPENED)


def _of_archive(names: Sequence[str]) -> Reader:
    if WEIGHTS in names:
        return lambda path, _: read_keras(path)
    if any(name.split("/")[-1] == DATA for name in names):
        return read_torch
    raise RefusedError("this is an archive, but no model that is known here", OPENED)
