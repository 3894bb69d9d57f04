"""``latentscape bayes``: the weights of a regression, by the exact posterior and by approximations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.cli.console import print_result
from explorer.cli.science import start_science
from models.core.arrays import Floats64
from models.core.errors import UserError
from models.core.files import is_there

if TYPE_CHECKING:
    from models.bayesian import Posterior, Regression
    from models.bayesian.points import Points

LEVELS = (0.5, 0.8, 0.95)
# A normal equation worse than this loses more than half of the digits.
WORST_CONDITION = 1e12


def fit_posterior(options: Mapping[str, Any]) -> int:
    """Print the posterior that ``options`` ask for; return the exit code."""
    start_science("decoder")
    points = _points(options["data"])
    problem, judged = _problem(options, points, points), _problem(options, points, _points(options["test"], points))
    _check_condition(options, problem)
    posterior = _posterior(options, problem)
    result = {
        "data": options["data"], "method": options["method"], "basis": options["basis"], "points": len(problem.y),
        **_quality(problem, posterior, judged), **_gradient_variance(problem, posterior, options),
        "function": _function(options, points, posterior),
    }  # fmt: skip
    print_result(result, _lines(result), options["as_json"])
    return 0


def _points(name: str | None, usual: Points | None = None) -> Points:
    from models.bayesian.points import LINE, read_points

    if name is None and usual is not None:
        return usual
    return LINE if name == "line" and not is_there(name) else read_points(Path(str(name)))


def _problem(options: Mapping[str, Any], points: Points, taken: Points) -> Regression:
    """Return the regression on the points ``taken``, with the basis that fits ``points``."""
    import numpy as np

    from models.bayesian import regression_of

    x, y = taken
    for name in ("noise", "prior"):
        if not (math.isfinite(options[name]) and options[name] > 0):
            raise UserError(f"--{name}", f"must be greater than 0, it is {options[name]:g}")
    with np.errstate(over="ignore", invalid="ignore"):
        return regression_of(x, y, options["basis"], options["noise"], options["prior"], _span(points[0]))


def _check_condition(options: Mapping[str, Any], problem: Regression) -> None:
    """Refuse a regression that has no solution in float64."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        precision = problem.precision()
    if not (np.isfinite(precision).all() and np.linalg.cond(precision) < WORST_CONDITION):
        reason = f"it does not determine the weights of the basis {options['basis']}"
        raise UserError(options["data"], reason, "scale x to ±1, or take a smaller --prior")


def _span(x: Floats64) -> tuple[float, float]:
    return float(x.min()), float(x.max())


def _posterior(options: Mapping[str, Any], problem: Regression) -> Posterior:
    from models import bayesian

    method, seed = options["method"], options["seed"]
    if options["by"] == "gradient":
        if method not in ("mean-field", "full-rank"):
            raise UserError("--by", f"{method} is not fitted by gradient", "take --method mean-field or full-rank")
        return bayesian.fit_by_gradient(problem, method == "full-rank", options["steps"], options["draws"], seed)
    if method == "mean-field":
        return bayesian.mean_field(problem)
    if method == "laplace":
        return bayesian.laplace(problem)
    if method == "dropout":
        return bayesian.dropout(problem, options["rate"])
    if method == "ensemble":
        return bayesian.ensemble(problem, options["members"], seed)
    # Among all normal distributions the best is the exact one.
    return bayesian.exact_posterior(problem)


def _quality(problem: Regression, posterior: Posterior, judged: Regression) -> dict[str, object]:
    from models.bayesian import coverage, elbo, log_evidence, log_predictive_density

    shares = coverage(posterior, judged, LEVELS)
    return {
        "weights": {
            "mean": posterior.mean().tolist(), "std": posterior.std().tolist(),
            "covariance": posterior.covariance().tolist(),
        },
        "elbo": elbo(problem, posterior) if posterior.has_density() else None,
        "log_evidence": log_evidence(problem),
        "coverage": {f"{level:g}": share for level, share in zip(LEVELS, shares, strict=True)},
        "log_predictive_density": log_predictive_density(posterior, judged),
    }  # fmt: skip


def _gradient_variance(problem: Regression, posterior: Posterior, options: Mapping[str, Any]) -> dict[str, object]:
    from models.bayesian.gradient_noise import drawn_gradients, exact_gradient_variances

    mean, std = posterior.mean(), posterior.std()
    exact = exact_gradient_variances(problem, std)
    drawn = drawn_gradients(problem, mean, std, options["samples"], options["seed"])
    return {
        "gradient_variance": {name: variances.tolist() for name, variances in exact.items()},
        "drawn_gradient_variance": {name: batch.var(axis=0, ddof=1).tolist() for name, batch in drawn.items()},
    }


def _function(options: Mapping[str, Any], points: Points, posterior: Posterior) -> list[dict[str, float]]:
    """Return mean and standard deviation of f at the places that were asked for."""
    import numpy as np

    from models.bayesian import BASES

    if options["at"] is None:
        return []
    try:
        places = np.array([float(part) for part in options["at"].split(",")])
    except ValueError:
        places = np.array([math.nan])
    if not np.isfinite(places).all():
        raise UserError("--at", f"{options['at']!r} is not a list of finite numbers", "separate them by commas")
    mean, std = posterior.moments_of_outputs(BASES[options["basis"]](places, _span(points[0])))
    rows = zip(places.tolist(), mean.tolist(), std.tolist(), strict=True)
    return [{"x": place, "mean": middle, "std": spread} for place, middle, spread in rows]


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"{result['method']} posterior of {result['basis']} over {result['points']:,} points"
    for name in ("elbo", "log_evidence", "log_predictive_density"):
        value = result[name]
        yield f"  {name.replace('_', ' '):<24}{'–' if value is None else f'{value:.6f}'}"
    shares = ", ".join(
        f"{share:.1%} of the points in the band of {float(level):.0%}" for level, share in result["coverage"].items()
    )
    yield f"  {'coverage':<24}{shares}"
    yield f"  {'weight':<8}{'mean':>12}{'std':>12}   gradient variance {'shared':>12}{'local':>12}{'flipout':>12}"
    weights, variances = result["weights"], result["gradient_variance"]
    for place, (mean, std) in enumerate(zip(weights["mean"], weights["std"], strict=True)):
        cells = "".join(f"{variances[way][place]:>12.6g}" for way in ("shared", "local", "flipout"))
        yield f"  w{place:<7}{mean:>12.6g}{std:>12.6g}{'':>21}{cells}"
    for row in result["function"]:
        yield f"  f({row['x']:g}) = {row['mean']:.6g} ± {row['std']:.6g}"
