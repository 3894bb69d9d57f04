"""The history of a run: a table and files that round-trip, with Keras' names."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.core.errors import UserError
from models.core.history import EpochRecord, Terms, records_of, table_of, write_history
from tests.support.kept_files import read_history

RECORDS = tuple(
    EpochRecord(
        epoch, 9 * epoch, Terms(-3.1 / epoch, 2.0 / epoch, 1.1 / epoch, 6.4 / epoch),
        Terms(-1 / 3, 0.3, 1e-17, 0.1 + 0.2), (0.1, 2.5e-7),
        epoch % 2, 1 / epoch, 1e-3, 0.3 * epoch, (epoch, 7), (0, 9, 1), 1e4 / 3, 0.7 * epoch,
    )
    for epoch in (1, 2, 3)
)  # fmt: skip
CLOCK = ("images_per_second", "elapsed")


def clock(records: tuple[EpochRecord, ...]) -> list[tuple[float, ...]]:
    return [tuple(getattr(record, name) for name in CLOCK) for record in records]


def test_a_table_gives_back_every_bit() -> None:
    again = records_of(*table_of(RECORDS))
    assert again == RECORDS
    assert clock(again) == clock(RECORDS)
    assert type(again[0].epoch) is type(again[0].active_units) is int
    assert records_of(*table_of(())) == ()


def test_the_clock_takes_no_part_in_comparisons() -> None:
    assert replace(RECORDS[0], elapsed=99.0, images_per_second=1.0) == RECORDS[0]
    assert replace(RECORDS[0], kl_per_dim=(0.1, 2.6e-7)) != RECORDS[0]
    assert replace(RECORDS[0], train=RECORDS[1].train) != RECORDS[0]


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_file_gives_back_every_bit(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"history{suffix}"
    write_history(path, RECORDS)
    assert read_history(path) == RECORDS
    assert clock(read_history(path)) == clock(RECORDS)
    write_history(path, ())
    assert read_history(path) == ()


def test_the_names_and_the_count_are_those_of_keras(tmp_path: Path) -> None:
    write_history(tmp_path / "h.json", RECORDS)
    lists = json.loads((tmp_path / "h.json").read_text())
    assert lists["epoch"] == [0, 1, 2]
    assert lists["loss"] == pytest.approx([6.4, 3.2, 6.4 / 3])
    assert lists["val_loss"] == pytest.approx([0.3] * 3)
    assert lists["elbo"] == [record.train.elbo for record in RECORDS]
    assert lists["val_kl"] == [1e-17] * 3
    assert lists["kl_per_dim_1"] == [2.5e-7] * 3
    write_history(tmp_path / "h.csv", RECORDS)
    with (tmp_path / "h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(lists)
    assert [float(row["loss"]) for row in rows] == lists["loss"]
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"h\.csv: cannot be written: "):
        write_history(tmp_path / "file" / "h.csv", RECORDS)
