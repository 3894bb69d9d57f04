"""Logs: read by nobody else, moved away when they are large, and emptied under the hands of the process that writes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.core.logs import LOG_BYTES, LOGS_KEPT, empty_if_large, make_room, open_log

LINE = b"a line of native code\n"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    path = tmp_path / "decoder.log"
    path.write_bytes(b"what an earlier version let everybody read\n")
    path.chmod(0o644)
    descriptor = open_log(path)
    yield descriptor, path
    os.close(descriptor)


def test_a_log_is_for_one_person(log: tuple[int, Path]) -> None:
    assert stat.S_IMODE(log[1].stat().st_mode) == 0o600


def test_a_log_stays_within_its_bounds_while_it_is_written(log: tuple[int, Path]) -> None:
    descriptor, path = log
    for _ in range(3 * LOGS_KEPT):
        os.write(descriptor, LINE * (LOG_BYTES // len(LINE) + 1))
        empty_if_large(descriptor, path)
    os.write(descriptor, b"the end\n")
    assert path.read_bytes() == b"the end\n"
    older = sorted(path.parent.glob("decoder.*.log"))
    assert [file.name for file in older] == [f"decoder.{age}.log" for age in range(1, LOGS_KEPT + 1)]
    for file in older:
        assert file.stat().st_size == LOG_BYTES
        assert file.read_bytes().endswith(LINE)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_copied_is_emptied_all_the_same(log: tuple[int, Path]) -> None:
    descriptor, path = log
    os.write(descriptor, LINE * (LOG_BYTES // len(LINE) + 1))
    path.unlink()
    path.mkdir()
    empty_if_large(descriptor, path)
    assert os.fstat(descriptor).st_size == 0


def test_a_large_log_of_the_last_start_is_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "trainer.log"
    make_room(path)
    path.write_bytes(bytes(LOG_BYTES))
    make_room(path)
    assert path.exists()
    path.write_bytes(bytes(LOG_BYTES + 1))
    make_room(path)
    assert [file.name for file in tmp_path.iterdir()] == ["trainer.1.log"]
