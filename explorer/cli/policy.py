"""``latentscape policy``: gradients of a policy by several estimators, with their exact variances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from explorer.cli.console import print_result
from explorer.cli.science import start_science
from models.core.arrays import Floats64
from models.core.errors import UserError

if TYPE_CHECKING:
    from models.policies import Bandit, LinearWorld, PolicyGradients

USUAL_CONSTANTS = {"quadratic": 0.0, "sigmoid": 1.0, "step": 0.0}


def compare_policy_gradients(options: Mapping[str, Any]) -> int:
    """Print the gradient of the policy that ``options`` describe by every estimator; return the exit code."""
    start_science("decoder")
    fields, answer, biased = _bandit(options) if options["world"] == "bandit" else _linear(options)
    rows = [row for name, samples in answer.samples.items() for row in _rows(name, samples, answer, name in biased)]
    result = {**fields, "gradient": _shortest(answer.moments.gradient), "estimators": rows}
    print_result(result, _lines(result, rows), options["as_json"])
    return 0


def _linear(options: Mapping[str, Any]) -> tuple[dict[str, object], PolicyGradients, tuple[str, ...]]:
    import numpy as np

    from models.policies import Policy, linear_estimates, noise_bank

    world = _world(options)
    gain = _gain(options["k"], world)
    policy = Policy(gain, _positive("--sigma", options["sigma"]), options["horizon"])
    noise = noise_bank(options["seed"], options["samples"], policy.horizon)
    with np.errstate(over="ignore", invalid="ignore"):
        answer = linear_estimates(world, policy, noise)
    if not all(map(math.isfinite, (answer.moments.value, *answer.moments.variances["score"]))):
        raise UserError("--k", "with this gain the cost is too large for a number", "take one nearer to the best gain")
    fields = {"k": _shortest(gain), "best_k": _shortest(world.best_gain()), "cost": answer.moments.value}
    return {"world": options["world"], "cost_to_go": _shortest(world.cost_to_go()), **fields}, answer, ()


def _world(options: Mapping[str, Any]) -> LinearWorld:
    from models.policies import double_integrator, scalar_world

    if options["world"] == "double-integrator":
        return double_integrator()
    for name in ("b", "q", "r"):
        _positive(f"--{name}", options[name])
    return scalar_world(*(_finite(f"--{name}", options[name]) for name in ("a", "b", "q", "r")))


def _shortest(numbers: Floats64) -> object:
    """Return a single number as itself, others as nested lists."""
    return numbers.item() if numbers.size == 1 else numbers.tolist()


def _gain(text: str | None, world: LinearWorld) -> Floats64:
    """Return the gain that was asked for, else the best one; UserError if it is no gain of this world."""
    import numpy as np

    try:
        best = world.best_gain()
    except np.linalg.LinAlgError as error:
        raise UserError(
            "--a, --b, --q, --r", "this world has no best gain in float64", "take numbers nearer to 1"
        ) from error
    if text is None:
        return best
    numbers = [_number("--k", part) for part in text.split(",")]
    if len(numbers) != len(best):
        reason = f"it has {len(numbers)} numbers, one for each part of the state makes {len(best)}"
        raise UserError("--k", reason, "separate numbers by commas")
    return np.array(numbers)


def _bandit(options: Mapping[str, Any]) -> tuple[dict[str, object], PolicyGradients, tuple[str, ...]]:
    from models.policies import bandit_estimates, noise_bank

    bandit = _bandit_of(options)
    answer = bandit_estimates(bandit, noise_bank(options["seed"], options["samples"], 1)[:, 0])
    return {"world": "bandit", "reward": answer.moments.value}, answer, bandit.biased


def _bandit_of(options: Mapping[str, Any]) -> Bandit:
    from models.policies import Bandit

    kind, text = options["reward"], options["k"]
    k = USUAL_CONSTANTS[kind] if text is None else _number("--k", text)
    return Bandit(kind, k, _finite("--mu", options["mu"]), _positive("--sigma", options["sigma"]))


def _number(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise UserError(option, f"{text!r} is not a number") from error
    return _finite(option, value)


def _finite(option: str, value: float) -> float:
    if not math.isfinite(value):
        raise UserError(option, f"must be finite, it is {value}")
    return value


def _positive(option: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise UserError(option, f"must be greater than 0, it is {value:g}")
    return value


def _rows(name: str, samples: Floats64, answer: PolicyGradients, biased: bool) -> Iterator[dict[str, object]]:
    """Yield the statistics of one estimator in every parameter, from ``samples`` [m, n]."""
    exact = answer.moments.variances.get(name)
    for place, gradients in enumerate(samples):
        variance = float(gradients.var(ddof=1)) if len(gradients) > 1 else math.nan
        yield {
            "estimator": name, "parameter": place, "mean": float(gradients.mean()),
            "standard_error": math.sqrt(variance / len(gradients)), "variance": variance,
            "exact_variance": None if exact is None else float(exact[place]), "biased": biased,
        }  # fmt: skip


def _lines(result: Mapping[str, object], rows: list[dict[str, object]]) -> Iterator[str]:
    for name in ("k", "best_k", "cost", "reward", "gradient"):
        if name in result:
            yield f"{name.replace('_', ' '):<10}{_shown(result[name])}"
    yield f"  {'estimator':<26}{'mean':>12}{'± SE':>10}{'variance':>13}{'exact':>13}"
    several = any(row["parameter"] for row in rows)
    for row in rows:
        place = f" [{row['parameter']}]" if several else ""
        name = f"{row['estimator']}{place}{' (biased)' if row['biased'] else ''}"
        exact = "–" if row["exact_variance"] is None else f"{row['exact_variance']:.6g}"
        yield f"  {name:<26}{row['mean']:>12.5g}{row['standard_error']:>10.2g}{row['variance']:>13.5g}{exact:>13}"


def _shown(value: object) -> str:
    return ", ".join(f"{number:.6g}" for number in (value if isinstance(value, list) else [value]))
