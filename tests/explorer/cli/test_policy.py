"""``latentscape policy``: the table of exact variances, within Monte Carlo error, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import result, run


def test_the_variances_of_a_linear_world_stand_beside_drawn_ones(tmp_path: Path) -> None:
    found = result(tmp_path, "policy", "--world", "lqr", "--k", 0.3, "--sigma", 0.3, "--horizon", 10)
    assert (found["cost"], found["gradient"]) == pytest.approx((4.75934, -7.50931), rel=6e-6)
    exact = {row["estimator"]: row["exact_variance"] for row in found["estimators"]}
    table = {"path": 68.3072, "score": 2176.88, "score, mean baseline": 523.178, "score, best baseline": 333.354}
    assert {name: exact[name] for name in table} == pytest.approx(table, rel=6e-6)
    for row in found["estimators"]:
        assert abs(row["mean"] - found["gradient"]) < 4.5 * row["standard_error"]
        assert row["variance"] == pytest.approx(row["exact_variance"], rel=0.2)


def test_without_a_gain_the_policy_has_the_best_one(tmp_path: Path) -> None:
    found = result(tmp_path, "policy", "--a", 1.2, "--r", 10, "--samples", 2)
    assert (found["cost_to_go"], found["k"]) == pytest.approx((6.8581245773, 0.4881770481), abs=1e-10)
    found = result(tmp_path, "policy", "--world", "double-integrator", "--samples", 2)
    assert found["k"] == pytest.approx([7.61295797, 4.58493499], abs=1e-8)
    assert [row["parameter"] for row in found["estimators"]] == [0, 1] * 5


def test_the_path_of_a_step_is_marked_as_biased(tmp_path: Path) -> None:
    found = result(tmp_path, "policy", "--world", "bandit", "--reward", "step", "--sigma", 1, "--samples", 100)
    assert found["gradient"] == pytest.approx(0.398942, abs=5e-7)
    assert [row["estimator"] for row in found["estimators"] if row["biased"]] == ["path"]
    assert "path (biased)" in run(tmp_path, "policy", "--world", "bandit", "--reward", "step", "--samples", 100).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--k", "1,2"), "--k: it has 2 numbers, one for each part of the state makes 1; separate numbers by commas"),
        (("--k", "much"), "--k: 'much' is not a number"),
        (("--k", "1e200"), "--k: with this gain the cost is too large for a number; take one nearer to the best gain"),
        (("--a", "1e200"), "--a, --b, --q, --r: this world has no best gain in float64; take numbers nearer to 1"),
        (("--sigma", 0), "--sigma: must be greater than 0, it is 0"),
        (("--world", "bandit", "--mu", "inf"), "--mu: must be finite, it is inf"),
    ],
)
def test_it_refuses_what_makes_no_sense(tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    done = run(tmp_path, "policy", *arguments)
    assert done.returncode == 2
    assert done.stderr == f"latentscape: {message}\n"
