"""Tell what a file is by its content, and read it: one reader for each format, none of which runs anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.core.errors import UserError
from models.core.files import reason_of
from models.core.reading import open_file
from models.importing.archives import Archive
from models.importing.keras_file import WEIGHTS, read_h5, read_keras
from models.importing.onnx_file import read_onnx
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

Reader = Callable[[Path], Parsed]

START_BYTES = 16
ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
# The first field of a ModelProto, the version of its format.
PROTOBUF = b"\x08"
OPENED = ".keras, whole .h5 and .onnx files are opened"


def read_model(path: Path) -> Parsed:
    """Parse a model of other people; :class:`UserError` says what it is and why it is not opened."""
    try:
        return _reader(path)(path)
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
            return read_h5
        if start.startswith(ZIP) and WEIGHTS in Archive(file).names:
            return read_keras
    if start[:1] == PROTOBUF:
        return read_onnx
    raise RefusedError("this is no model that is known here", OPENED)
