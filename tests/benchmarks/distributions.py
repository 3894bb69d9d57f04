"""Sample, log density and gradient of a million values, ours and TensorFlow Probability's, in one run.

``--write`` writes docs/measured/speed.md; ``--json`` prints {family: {"ours_ms", "tfp_ms"}} and the geometric
mean of tfp/ours; without TensorFlow Probability only ours. Both are functions of the parameters [1000], compiled as
their library runs fastest on the machine: as a graph, and with XLA, of which the better is taken.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import tensorflow as tf

from models.distributions import (
    FAMILIES,
    Concrete,
    Dirichlet,
    MultivariateNormalDiag,
    MultivariateNormalTriL,
)
from models.distributions.vector import VectorDistribution

TEMPERATURE = 0.7

PARAMETERS = {
    "Normal": (0.25, 1.5), "Laplace": (0.25, 1.5), "Logistic": (0.25, 1.5), "Cauchy": (0.25, 1.5),
    "Gumbel": (0.25, 1.5), "StudentT": (5.0, 0.25, 1.5), "Uniform": (-1.0, 2.5), "Exponential": (1.5,),
    "Gamma": (2.5, 1.5), "InverseGamma": (6.0, 1.5), "Chi2": (3.0,), "Weibull": (1.5, 2.0), "LogNormal": (0.25, 0.5),
    "HalfNormal": (1.5,), "Beta": (2.5, 1.5), "Kumaraswamy": (2.5, 1.5), "LogitNormal": (0.25, 1.5),
    "TruncatedNormal": (0.25, 1.25, -1.0, 2.0), "VonMises": (0.25, 1.5), "ContinuousBernoulli": (1.5,),
    "NormalMixture": (0.625, -1.0, 0.75, 1.5, 0.5),
}  # fmt: skip
BATCH, DRAWS, REPEATS = 1000, 1000, 4
# A hundred vectors of ten entries, as parameters of their families, and the names in TensorFlow Probability.
ROWS, SIZE = 100, 10
VECTORS: dict[str, tuple[Callable[..., VectorDistribution], str]] = {
    "MultivariateNormalDiag": (MultivariateNormalDiag, "MultivariateNormalDiag"),
    "MultivariateNormalTriL": (MultivariateNormalTriL, "MultivariateNormalTriL"),
    "Dirichlet": (Dirichlet, "Dirichlet"),
    "Concrete": (partial(Concrete, TEMPERATURE), "RelaxedOneHotCategorical"),
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "measured" / "speed.md"
HEAD = """# Speed of the distributions

The table shows the time to draw a million values from each family, evaluate their log density, and differentiate its
sum with respect to every parameter. Everything is compiled. Each figure is the best of several runs, with the two
libraries taking turns. Both run as a graph and with XLA, and the faster one counts. Where the path is explicit, our
code also runs with the noise drawn beforehand.

Inside XLA, the gamma, inverse gamma, beta and Student t families draw from a series for the quantile. As a graph, the
von Mises family also takes the derivative of its path from a series. Both need one polynomial for each of the 1000
parameters, which pays off from 16 draws each. With fewer draws, in float64, and for gamma variables outside XLA, most
of the time goes into TensorFlow's own derivative of a gamma variable or into a quadrature.

The vector families draw 1000 times from each of 100 vectors of ten entries. The density of a draw is computed from its
noise; TensorFlow Probability caches that, too.

`python tests/benchmarks/distributions.py --write` generates this page.
"""
Step = Callable[..., list[tf.Tensor]]


def step_of(sample: Callable[..., tf.Tensor], log_prob: Callable[..., tf.Tensor]) -> Step:
    """Return the function that is timed: draws, their log density and the gradients of its sum."""

    def step(seed: tf.Tensor, *parameters: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            z = sample(seed, *parameters)
            value = tf.reduce_sum(log_prob(z, *parameters))
        return [value, *tape.gradient(value, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)]

    return step


def of_one(make: Callable[..., object], sample: Callable[..., tf.Tensor], log_prob: Callable[..., tf.Tensor]) -> Step:
    """Return the same of one distribution, which may remember its draws; ``log_prob`` gets them and their source."""

    def step(source: tf.Tensor, *parameters: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            q = make(*parameters)
            z = sample(q, source)
            value = tf.reduce_sum(log_prob(q, z, source))
        return [z, value, *tape.gradient(value, parameters, unconnected_gradients=tf.UnconnectedGradients.ZERO)]

    return step


def both(step: Callable[..., object]) -> list[Callable[..., object]]:
    """Return a step as a graph and with XLA."""
    return [tf.function(step, autograph=False, jit_compile=jit) for jit in (False, True)]


def split(make: Callable[..., Any], after: Step, jit: bool) -> Callable[..., object]:
    """Return a step whose noise is drawn before the rest, with XLA or without; ``after`` takes it for its seed."""
    inner = tf.function(after, autograph=False, jit_compile=True)

    @tf.function(autograph=False, jit_compile=jit)
    def noise(seed: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
        return make(*values).noise(DRAWS, seed)

    return tf.function(lambda seed, *values: inner(noise(seed, *values), *values), autograph=False)


def ours(name: str) -> list[Callable[..., object]]:
    """Return our step as a graph and with XLA, and where the path is explicit with the noise drawn before the rest."""
    kind = FAMILIES[name]
    make = partial(kind, validate=False)

    def log_prob(z: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
        return make(*values).log_prob(z)

    steps = both(step_of(lambda seed, *values: make(*values).sample(DRAWS, seed), log_prob))
    if kind.reparameterization_type == "implicit":
        return steps
    return [*steps, split(make, step_of(lambda eps, *values: make(*values).from_noise(eps), log_prob), jit=True)]


def theirs(name: str) -> list[Callable[..., object]]:
    """Return TensorFlow Probability's step as a graph and with XLA."""
    import tensorflow_probability as tfp

    kind = _mixed if name == "NormalMixture" else getattr(tfp.distributions, name)
    return both(step_of(
        lambda seed, *values: kind(*values).sample(DRAWS, tf.stack([seed, 0])),
        lambda z, *values: kind(*values).log_prob(z),
    ))  # fmt: skip


def _mixed(weight: tf.Tensor, loc1: tf.Tensor, scale1: tf.Tensor, loc2: tf.Tensor, scale2: tf.Tensor) -> object:
    """Return TensorFlow Probability's mixture of two normals, also with implicit reparameterization."""
    from tensorflow_probability import distributions as tfd

    weights = tfd.Categorical(probs=tf.stack([weight, 1.0 - weight], -1))
    parts = tfd.Normal(tf.stack([loc1, loc2], -1), tf.stack([scale1, scale2], -1))
    return tfd.MixtureSameFamily(weights, parts, reparameterize=True)


def vectors(name: str) -> list[list[Callable[..., object]]]:
    """Return our steps and TensorFlow Probability's for a family of vectors."""
    kind, other = VECTORS[name]
    make = partial(kind, validate=False)
    mine = both(of_one(make, lambda q, seed: q.sample(DRAWS, seed), lambda q, z, _: q.log_prob(z)))
    if name != "Dirichlet":
        after = of_one(make, lambda q, eps: q.from_noise(eps), lambda q, _, eps: q.log_prob_at_noise(eps))
        mine += [split(make, after, jit) for jit in (False, True)]
    if not beside():
        return [mine]
    import tensorflow_probability as tfp

    theirs_kind = getattr(tfp.distributions, other)
    if name == "Concrete":
        theirs_kind = partial(_relaxed, theirs_kind)
    remembered = of_one(
        theirs_kind, lambda q, seed: q.sample(DRAWS, tf.stack([seed, 0])), lambda q, z, _: q.log_prob(z)
    )
    return [mine, both(remembered)]


def _relaxed(kind: Callable[..., object], logits: tf.Tensor) -> object:
    return kind(TEMPERATURE, logits=logits)


def vector_parameters(name: str) -> list[tf.Tensor]:
    """Return the parameters of a family of vectors."""
    loc, scale = tf.random.stateless_normal([ROWS, SIZE], (1, 2)), tf.fill([ROWS, SIZE], 1.5)
    below = tf.linalg.band_part(tf.fill([ROWS, SIZE, SIZE], 0.1), -1, 0)
    parameters = {
        "MultivariateNormalDiag": [loc, scale], "MultivariateNormalTriL": [loc, tf.linalg.set_diag(below, scale)],
        "Dirichlet": [tf.abs(loc) + 0.5], "Concrete": [loc],
    }  # fmt: skip
    return parameters[name]


def beside() -> bool:
    """Return whether TensorFlow Probability is installed, to be timed as well."""
    return find_spec("tensorflow_probability") is not None and find_spec("tf_keras") is not None


def milliseconds(*sides: list[Callable[..., object]], values: list[tf.Tensor]) -> list[float]:
    """Return the best time of each side's fastest step; the sides take turns."""
    best = [math.inf] * len(sides)
    for repeat in range(REPEATS + 1):
        for index, steps in enumerate(sides):
            for step in steps:
                start = time.perf_counter()
                step(tf.constant(repeat), *values)
                best[index] = min(best[index], time.perf_counter() - start)
    return [1e3 * seconds for seconds in best]


def measure() -> dict[str, object]:
    """Return times by family and the geometric mean of the ratios."""
    rows: dict[str, dict[str, float]] = {}
    for name, numbers in PARAMETERS.items():
        values = [tf.fill([BATCH], number) for number in numbers]
        sides = [ours(name), theirs(name)] if beside() else [ours(name)]
        rows[name] = dict(zip(("ours_ms", "tfp_ms"), milliseconds(*sides, values=values), strict=False))
    for name in VECTORS:
        found = milliseconds(*vectors(name), values=vector_parameters(name))
        rows[name] = dict(zip(("ours_ms", "tfp_ms"), found, strict=False))
    ratios = [math.log(row["tfp_ms"] / row["ours_ms"]) for row in rows.values() if "tfp_ms" in row]
    return {**rows, "geometric_mean_ratio": math.exp(sum(ratios) / len(ratios)) if ratios else None}


def table(found: dict[str, object]) -> str:
    """Return the document; this needs TensorFlow Probability."""
    import tensorflow_probability as tfp

    mean = found.pop("geometric_mean_ratio")
    lines = [f"| {name} | {row['ours_ms']:.1f} | {row['tfp_ms']:.1f} | {row['tfp_ms'] / row['ours_ms']:.2f} |"
             for name, row in found.items()]  # fmt: skip
    versions = f"TensorFlow {tf.__version__}, TensorFlow Probability {tfp.__version__}, {os.cpu_count()} cores, float32"
    return "\n".join([HEAD, versions + ".", "", "| family | ours, ms | TFP, ms | ratio |", "|---|---|---|---|", *lines,
                      f"| geometric mean | | | {mean:.2f} |", ""])  # fmt: skip


if __name__ == "__main__":
    result = measure()
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(table(result), encoding="utf-8")
    else:
        print(json.dumps(result) if "--json" in sys.argv[1:] else json.dumps(result, indent=2))
