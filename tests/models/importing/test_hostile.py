"""Hostile model files are refused with a sentence, do nothing, and take no memory worth speaking of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import hostile

MOST_MEBIBYTES = 200


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Open the corpus in a process of its own, in which every event of Python's audit is looked at."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile.write_all(folder)
    command = [sys.executable, "-m", "tests.fixtures.hostile", "--watch", str(folder)]
    root = Path(__file__).parents[3]
    ended = subprocess.run(command, capture_output=True, check=True, cwd=root, text=True, timeout=120)
    found: dict[str, Any] = json.loads(ended.stdout) | {"before": sorted([*hostile.CORPUS, "short", "link"])}
    return found


@pytest.mark.parametrize("file", hostile.CORPUS)
def test_it_is_refused_and_does_nothing(file: str, told: dict[str, Any]) -> None:
    said, done = told["files"][file]["said"], told["files"][file]["done"]
    assert said.startswith(f"{file}: ")
    assert len(said.removeprefix(f"{file}: ")) > 20
    assert "\n" not in said
    assert done == []


def test_memory_stays_bounded_and_no_file_is_left(told: dict[str, Any]) -> None:
    assert told["grown"] < MOST_MEBIBYTES
    assert told["left"] == told["before"]
    assert not (Path(__file__).parents[3] / hostile.MADE).exists()


def test_the_watch_sees_what_a_file_might_do(tmp_path: Path) -> None:
    watch = hostile.Watch(tmp_path)
    watch.on = True
    watch("os.system", ("touch a",))
    watch("open", (str(tmp_path / "a"), "w", 1))
    watch("open", ("/etc/passwd", "r", 0))
    watch("exec", (compile("1", "<string>", "eval"),))
    watch("open", (str(tmp_path / "a"), "r", 0))
    assert [event.split()[0] for event in watch.done] == ["os.system", "open", "open", "exec"]
