"""The files of the fixtures are many, small, and each is read as a model."""

from __future__ import annotations

from pathlib import Path

from models.core.foreign import is_model
from models.importing.choices import Choices
from models.importing.halves import find_halves
from models.importing.opening import read_model
from tests.fixtures.make_all import write_all

FEWEST, MOST_BYTES, MOST_TOGETHER = 40, 150_000, 4_000_000


def test_all_files_are_small_and_read(tmp_path: Path) -> None:
    files = write_all(tmp_path)
    assert len(files) >= FEWEST
    assert max(file.stat().st_size for file in files) <= MOST_BYTES
    assert sum(file.stat().st_size for file in files) <= MOST_TOGETHER
    assert [file.name for file in files if not is_model(file)] == []
    for file in files:
        parsed = read_model(file, Choices(hidden="relu"))
        assert parsed.graph.outputs
        if file.stem == "encoder":
            continue
        assert find_halves([parsed]).decoder.graph.nodes, file.name
