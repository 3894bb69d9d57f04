"""The endurance script in a short form, and its judgement of what grows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.endurance import judge
from tests.support.places import ROOT


def _sample(minute: float, decoder: float = 700.0, handles: int = 8, none: int = 50_000) -> dict[str, Any]:
    worker = {"mb": decoder, "handles": handles, "threads": 7}
    window = {"mb": 200.0, "handles": 20, "threads": 8}
    references = {"None": none, "True": 6000, "False": 6000}
    return {"minute": minute, "window": window, "decoder": worker, "trainer": {}, "references": references}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ({}, []),
        ({"decoder": 713.0}, []),
        ({"decoder": 715.0}, ["mb of the decoder grew from 700 to 715"]),
        ({"handles": 12}, ["handles of the decoder grew from 8 to 12"]),
        ({"none": 30_000}, ["references to None went from 50000 to 30000"]),
    ],
)
def test_what_grows_in_an_hour_is_told(last: dict[str, Any], told: list[str]) -> None:
    warming = [_sample(minute, decoder=500.0 + 20.0 * minute) for minute in range(10)]
    used = [_sample(minute) for minute in range(10, 50)]
    assert judge([*warming, *used, *(_sample(minute, **last) for minute in range(50, 60))], 60.0) == told


def test_a_short_run_may_still_warm_up() -> None:
    samples = [_sample(minute, decoder=600.0 + 10.0 * minute) for minute in range(6)]
    assert judge(samples, 5.0) == []
    assert judge([*samples[:-1], _sample(5, decoder=720.0)], 5.0) != []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_minutes_of_random_use_leave_everything_as_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.endurance", "--minutes", "5", "--out", str(tmp_path / "report.json")]
    subprocess.run(command, cwd=ROOT, check=False)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["faults"] == []
    assert report["done"]["click"] > 100
