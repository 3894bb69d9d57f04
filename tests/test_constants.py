"""Every constant of the distributions can be changed; ``python -m tests.constants`` asks what notices."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.constants import Battery, all_constants, changed, constants_of, main, reason_of, reasons
from tests.support.places import ROOT

CONSTANTS = all_constants()


def test_every_constant_makes_another_text() -> None:
    assert len({constant.name for constant in CONSTANTS}) == len(CONSTANTS) > 500
    for constant in CONSTANTS[::25]:
        lines = (ROOT / constant.file).read_text(encoding="utf-8").splitlines()
        broken = constant.broken.splitlines()
        ast.parse(constant.broken)
        assert [row for row, (one, other) in enumerate(zip(lines, broken, strict=True), 1) if one != other] == [
            constant.row
        ]


def test_a_constant_becomes_another() -> None:
    assert (changed(3), changed(2.0), changed(0.0)) == ("4", "2.02", "0.01")


def test_a_constant_that_does_not_matter_is_in_its_file() -> None:
    for file, part in reasons():
        assert [part for constant in CONSTANTS if constant.file == file and constant.is_in(part)], (file, part)
    assert 0 < sum(bool(reason_of(constant)) for constant in CONSTANTS) < 0.05 * len(CONSTANTS)


def test_a_constant_is_asked_of_the_tests_that_call_its_function() -> None:
    path = ROOT / "models" / "numerics" / "special.py"
    by_line = {constant.line.strip(): constant for constant in constants_of(path)}
    inside = by_line["return 0.5 * tf.math.erfc(-SQRT_HALF * x)"]
    of_all = by_line["SQRT_HALF = math.sqrt(0.5)"]
    ((file, name, row),) = inside.functions
    assert (file, name) == ("models/numerics/special.py", "ndtr")
    assert inside.functions[0] in of_all.functions
    battery = Battery({"slow": {(file, name, row)}, "soon": {(file, name, row)}, "other": {(file, "expit", 1)}},
                      {"slow": 9.0, "soon": 0.1, "other": 0.1})  # fmt: skip
    assert battery.tests_of(inside) == ("soon", "slow")
    battery.noticed[file, "slow"] = 10
    assert battery.tests_of(inside) == ("slow", "soon")


def test_a_sample_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--sample", "3", "--file", "special.py"]) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "models/numerics/special.py"
    ] * 3


def test_what_the_tests_reach_is_read_again(tmp_path: Path) -> None:
    kept = tmp_path / "reach.json"
    kept.write_text('{"a": [[["models/numerics/special.py", "ndtr", 40]], 0.5]}')
    battery = Battery.of(kept)
    assert battery.calls == {"a": {("models/numerics/special.py", "ndtr", 40)}}
    assert battery.seconds == {"a": 0.5}


ASKED = """
from tests.constants import ROOT, constants_of
from tests.support.altered import Trial, import_libraries, results_of

import_libraries()
path = ROOT / "models" / "numerics" / "log_gamma.py"
tests = ("tests/models/numerics/test_exact.py::test_a_function_keeps_its_digits[excess]",)
inside = [constant for constant in constants_of(path) if "(2.0 * k + 3.0)" in constant.line]
texts = [path.read_text(encoding="utf-8"), "1 +", *(constant.broken for constant in inside)]
trials = [Trial(str(number), path, text, tests, 1.0) for number, text in enumerate(texts)]
print(sorted((trial.name, status, failed) for trial, status, failed in results_of(trials, 2)))
"""


@pytest.mark.slow
def test_a_changed_text_is_what_the_tests_run_on() -> None:
    """As it is, with an error of syntax, and with each of three constants changed."""
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=ROOT, capture_output=True, text=True, check=True)
    found = ast.literal_eval(done.stdout)
    assert [(name, status) for name, status, _ in found] == [("0", 0), ("1", 2), ("2", 1), ("3", 1), ("4", 1)]
    assert {failed for _, status, failed in found if status == 1} == {
        "tests/models/numerics/test_exact.py::test_a_function_keeps_its_digits[excess]"
    }
