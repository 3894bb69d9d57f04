"""Every constant of the distributions can be mutated; ``python -m tests.constants`` runs the mutants."""

from __future__ import annotations

import pytest

from tests.constants import all_mutants, changed, main
from tests.mutants import problem_of
from tests.support.places import ROOT


def test_every_constant_makes_a_mutant() -> None:
    mutants = all_mutants()
    assert len({mutant.name for mutant in mutants}) == len(mutants) > 500
    assert {mutant.name: problem for mutant in mutants[::25] if (problem := problem_of(mutant, ROOT))} == {}
    assert all(mutant.line != mutant.broken for mutant in mutants)


def test_a_constant_becomes_another() -> None:
    assert (changed(3), changed(2.0), changed(0.0)) == ("4", "2.02", "0.01")


def test_a_sample_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--sample", "3", "--file", "special.py"]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "models/numerics/special.py"
    ] * 3
