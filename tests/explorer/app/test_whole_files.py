"""Exported files are complete or absent, even when the disk is full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.export.pictures import write_contact_sheet
from explorer.export.tables import LatentTable, write_csv, write_npz
from models.core.errors import UserError
from models.core.files import whole_file
from tests.support.full_disk import full_disk

FULL = 2000


def _table() -> LatentTable:
    noise = np.random.default_rng(0).standard_normal((64, 50)).astype(np.float32)
    return LatentTable(noise, noise, noise, noise, 7, "model", "feed")


def _write(path: Path) -> None:
    if path.suffix == ".png":
        write_contact_sheet(path, np.random.default_rng(0).random((16, 28, 28, 1), np.float32))
    elif path.suffix == ".npz":
        write_npz(path, _table())
    else:
        write_csv(path, _table())


@pytest.mark.parametrize("name", ["samples.png", "latents.npz", "latents.csv"])
def test_a_full_disk_leaves_what_was_there_before(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("the old one")
    with full_disk(FULL), pytest.raises(UserError, match=f"{name}: cannot be written: file too large"):
        _write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "the old one"
    _write(tmp_path / name)
    assert (tmp_path / name).stat().st_size > FULL
    assert [path.name for path in tmp_path.iterdir()] == [name]


def _write_half(path: Path) -> None:
    path.write_text("half")
    raise KeyError(path)


def test_an_error_of_another_kind_leaves_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole_file(tmp_path / "out" / "a.txt") as unfinished:
        _write_half(unfinished)
    assert list((tmp_path / "out").iterdir()) == []
