"""The mutation tests can run: every line to break is there, and so are the tests that should notice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants import ROOT, Mutant, broken, problem_of, read_table

MUTANTS = read_table()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_can_be_made(mutant: Mutant) -> None:
    assert problem_of(mutant, ROOT) == ""
    assert mutant.broken != mutant.line


def test_names_are_used_once() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_line_or_a_test_that_is_gone_is_a_problem() -> None:
    assert "occurs 0 times" in problem_of(replace(MUTANTS[0], line="no such line"), ROOT)
    assert "occurs 0 times" in problem_of(replace(MUTANTS[0], file="no/such/file.py"), ROOT)
    assert "there are 0 test files" in problem_of(replace(MUTANTS[0], tests=("test_nothing.py",)), ROOT)


def test_a_line_is_broken_for_a_while(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1 + 2\n")
    with broken(Mutant("sum", "a.py", "1 + 2", "1 - 2", ()), tmp_path):
        assert source.read_text() == "x = 1 - 2\n"
    assert source.read_text() == "x = 1 + 2\n"
