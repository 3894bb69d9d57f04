"""The commands of the labs, which compare ways to a gradient or a posterior."""

from __future__ import annotations

from typing import Any

import click

from explorer.cli.data_options import data_options, taken


@click.command(short_help="Compare gradient estimators.")
@click.option(
    "--f",
    "objective",
    type=click.Choice(["quadratic", "cosine", "bump", "elbo", "discrete"]),
    default="quadratic",
    show_default=True,
    help="(z − k)², cos kz, exp(−kz²), a model's ELBO, or a discrete choice.",
)
@click.option("--k", type=float, help="The constant k in f; by default 5 for cosine, 10 for bump, else 0.")
@click.option("--family", default="Normal", show_default=True, help="Distribution family of z.")
@click.option(
    "--parameters", default="", help="Parameters of the family, e.g. loc=1,scale=2; the others as in the Lab."
)
@click.option("--theta", default=0.5, show_default=True, help="discrete: P(b = 1).")
@click.option("--target", default=0.45, show_default=True, help="discrete: the target t in (b − t)².")
@click.option("--temperature", default=0.5, show_default=True, help="discrete: temperature τ of the Concrete.")
@click.option("--model", default="mnist-vae-50", show_default=True, help="elbo: a model file or bundled model.")
@click.option("--data", default="mnist_10k", show_default=True, help="elbo: the data set that holds the image.")
@click.option("--image", default=0, show_default=True, help="elbo: index of the image, taken at z = μ.")
@click.option("--dim", default=0, show_default=True, help="elbo: index of the latent dimension.")
@click.option("--samples", default=10_000, show_default=True, help="Single-sample gradients per estimator.")
@click.option("--seed", default=7, show_default=True, help="Seed of the noise.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def gradients(**options: Any) -> int:  # noqa: ANN401
    """Compare estimators of the gradient of E[f(z)]: mean, variance and cost of a single sample."""
    from explorer.cli.gradients import compare_estimators
    from explorer.cli.science import Data

    options["data"] = Data(options["data"], taken(options))
    return compare_estimators(options)


@click.command(short_help="Compare gradients of a policy.")
@click.option(
    "--world",
    type=click.Choice(["lqr", "double-integrator", "bandit"]),
    default="lqr",
    show_default=True,
    help="A number to bring from 1 to 0, a mass to push to 0, or one action and its reward.",
)
@click.option("--k", help="Gain of the policy u = −kx + σε, by default the best; bandit: the constant of the reward.")
@click.option("--sigma", default=0.3, show_default=True, help="Scale of the policy's noise; bandit: of the action.")
@click.option("--a", default=1.0, show_default=True, help="lqr: the factor a in x′ = ax + bu.")
@click.option("--b", default=1.0, show_default=True, help="lqr: the factor b.")
@click.option("--q", default=1.0, show_default=True, help="lqr: the weight q in the cost Σqx² + ru².")
@click.option("--r", default=1.0, show_default=True, help="lqr: the weight r.")
@click.option("--horizon", default=10, show_default=True, type=click.IntRange(1, 100), help="Steps of a trajectory.")
@click.option(
    "--reward",
    type=click.Choice(["quadratic", "sigmoid", "step"]),
    default="quadratic",
    show_default=True,
    help="bandit: −(a − k)², 1/(1 + exp(−ka)), or 1 where a > k.",
)
@click.option("--mu", default=0.0, show_default=True, help="bandit: mean of the action.")
@click.option(
    "--samples", default=10_000, show_default=True, type=click.IntRange(2, 100_000), help="Trajectories to draw."
)
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0), help="Seed of the noise.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def policy(**options: Any) -> int:  # noqa: ANN401
    """Compare estimators of the gradient of a policy's cost: path, score function, baselines, and what is exact."""
    from explorer.cli.policy import compare_policy_gradients

    return compare_policy_gradients(options)


@click.command(short_help="Compare posteriors of a regression.")
@click.argument("data")
@click.option(
    "--method",
    type=click.Choice(["exact", "mean-field", "full-rank", "dropout", "ensemble", "laplace"]),
    default="exact",
    show_default=True,
    help="How the posterior is found.",
)
@click.option(
    "--basis",
    type=click.Choice(["line", "cubic", "bumps"]),
    default="line",
    show_default=True,
    help="The functions of x that are weighed: 1 and x, powers up to x³, or 1 and 8 bumps.",
)
@click.option("--noise", default=0.5, show_default=True, help="Standard deviation of y around f(x).")
@click.option("--prior", default=1.0, show_default=True, help="Standard deviation of every weight before the data.")
@click.option(
    "--by",
    type=click.Choice(["closed-form", "gradient"]),
    default="closed-form",
    show_default=True,
    help="mean-field, full-rank: by formula, or by Bayes by Backprop.",
)
@click.option("--steps", default=2000, show_default=True, type=click.IntRange(1), help="gradient: steps of Adam.")
@click.option("--draws", default=8, show_default=True, type=click.IntRange(1, 1024), help="gradient: draws a step.")
@click.option(
    "--rate",
    default=0.2,
    show_default=True,
    type=click.FloatRange(0, 1, max_open=True),
    help="dropout: probability that a function is left out.",
)
@click.option("--members", default=10, show_default=True, type=click.IntRange(2, 1000), help="ensemble: how many fits.")
@click.option("--test", help="Other points (CSV) for the coverage and the log predictive density.")
@click.option("--at", help="Places x at which f is wanted, e.g. 1,0.5,6.")
@click.option(
    "--samples",
    default=2000,
    show_default=True,
    type=click.IntRange(2, 100_000),
    help="Gradients to draw of each kind.",
)
@click.option("--seed", default=7, show_default=True, type=click.IntRange(0), help="Seed of the noise.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def bayes(**options: Any) -> int:  # noqa: ANN401
    """Fit y(x) in DATA, a CSV file of two columns or `line`, and print the posterior of the weights and its quality."""
    from explorer.cli.bayes import fit_posterior

    return fit_posterior(options)


LABS = (gradients, policy, bayes)
