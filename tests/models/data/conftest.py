"""A few images and labels, files of them, and why a file is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.columns import columns_of
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.data.opening import open_data
from tests.models.conftest import blobs

IMAGES = blobs(20)
LABELS = np.arange(20) % 3


def idx(array: np.ndarray) -> bytes:
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def pngs(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(images):
        Image.fromarray(image.squeeze()).save(folder / f"{index:03d}.png")
    return folder


def reason(path: Path, subject: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        open_data(path)
    assert caught.value.subject == (subject or path.name)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def columns(info: DataInfo) -> dict[str, list[str]]:
    """Return the texts about the images by the names of their columns."""
    assert info.table_path is not None
    return {name: list(texts) for name, texts in columns_of(info).items()}


def names(info: DataInfo) -> list[str]:
    return columns(info)["name"]


def giant_png(path: Path, side: int) -> None:
    """Return a valid PNG header that promises side × side pixels, with hardly any data."""
    Image.new("L", (2, 2)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    path.write_bytes(bytes(content))
