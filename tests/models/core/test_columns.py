"""Columns of texts: written, read back by number and as a whole, and refused where they are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.columns import Columns, columns_of, write_columns
from models.core.descriptions import DataInfo
from models.core.errors import UserError

TEXTS = {"name": ["a", "", "zwölf", "b\udc80.png", "\ud800"], "no": ["", "", "", "", ""]}


def _read(path: Path, count: int = 5) -> Columns:
    return columns_of(DataInfo("", "d", "d", count, 1, (1, 1, 1), "", None, table_path=str(path)))


def test_columns_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_columns(tmp_path / "table.json", TEXTS)
    found = _read(tmp_path / "table.json")
    assert list(found) == list(TEXTS)
    # What is no character is replaced; names of files keep their bytes.
    assert list(found["name"]) == [*TEXTS["name"][:-1], "?"]
    assert (found["name"][2], found["name"][-5], found["name"][1:3]) == ("zwölf", "a", ["", "zwölf"])
    assert list(found["no"]) == TEXTS["no"]
    with pytest.raises(IndexError):
        found["no"][5]


@pytest.mark.parametrize("damage", ["count", "names", "ends", "no file"])
def test_damaged_columns_are_refused(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    write_columns(path, TEXTS)
    match damage:
        case "names":
            path.write_text('{"name": []}')
        case "ends":
            np.save(tmp_path / "table-0-ends.npy", np.array([5, 4, 3, 2, 1]))
        case "no file":
            (tmp_path / "table-1.npy").unlink()
    with pytest.raises((UserError, OSError)):
        _read(path, 6 if damage == "count" else 5)
