"""``latentscape bayes``: the known figures as JSON, other points, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import result, run


def test_the_best_independent_weights_of_the_line(tmp_path: Path) -> None:
    found = result(tmp_path, "bayes", "line", "--method", "mean-field", "--at", "-4,6", "--samples", 4000)
    assert found["weights"]["mean"] == pytest.approx([0.1793416572, 0.9116912599], abs=1e-10)
    assert found["weights"]["std"] == pytest.approx([0.2182178902, 0.1280368799], abs=1e-10)
    assert (found["elbo"], found["log_evidence"]) == pytest.approx((-5.3278353909, -5.1406660529), abs=1e-10)
    assert found["gradient_variance"]["shared"] == pytest.approx([25.604996, 78.064012], abs=5e-7)
    for name, drawn in found["drawn_gradient_variance"].items():
        assert drawn == pytest.approx(found["gradient_variance"][name], rel=0.12)
    assert [row["std"] for row in found["function"]] == pytest.approx([0.556699, 0.798613], abs=5e-7)
    assert found["coverage"] == {"0.5": 1.0, "0.8": 1.0, "0.95": 1.0}


@pytest.mark.parametrize("method", ["exact", "full-rank", "laplace"])
def test_three_ways_to_the_exact_posterior(tmp_path: Path, method: str) -> None:
    found = result(tmp_path, "bayes", "line", "--method", method, "--samples", 2)
    assert found["weights"]["std"] == pytest.approx([0.2631339974, 0.1543908980], abs=1e-10)
    assert found["elbo"] == pytest.approx(found["log_evidence"])


@pytest.mark.parametrize("method", ["dropout", "ensemble"])
def test_posteriors_of_points_have_no_elbo(tmp_path: Path, method: str) -> None:
    found = result(tmp_path, "bayes", "line", "--method", method, "--samples", 2)
    assert found["elbo"] is None
    assert "elbo                    –" in run(tmp_path, "bayes", "line", "--method", method, "--samples", 2).stdout


def test_other_points_are_judged_by_a_fit_that_has_not_seen_them(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("x,y\n0,0\n1,1\n2,2\n")
    (tmp_path / "far.csv").write_text("x,y\n1,9\n")
    options = ("--basis", "bumps", "--by", "gradient", "--method", "mean-field", "--steps", 20, "--samples", 2)
    found = result(tmp_path, "bayes", "seen.csv", "--test", "far.csv", *options)
    assert found["coverage"] == {"0.5": 0.0, "0.8": 0.0, "0.95": 0.0}
    assert (found["points"], len(found["weights"]["mean"])) == (3, 9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--noise", 0), "--noise: must be greater than 0, it is 0"),
        (("--at", "1,x"), "--at: '1,x' is not a list of finite numbers; separate them by commas"),
        (
            ("--by", "gradient"),
            "--by: exact is not fitted by gradient; take --method mean-field or full-rank",
        ),
        (
            ("--basis", "bumps", "--prior", "1e9"),
            "line: it does not determine the weights of the basis bumps; scale x to ±1, or take a smaller --prior",
        ),
    ],
)
def test_it_refuses_what_makes_no_sense(tmp_path: Path, arguments: tuple[object, ...], message: str) -> None:
    done = run(tmp_path, "bayes", "line", *arguments)
    assert done.returncode == 2
    assert done.stderr == f"latentscape: {message}\n"
