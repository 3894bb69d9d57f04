"""``latentscape gradients``: the numbers of the Lab, without the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.cli.console import print_result
from explorer.cli.science import check_images, compiled, open_named_model, opened_data, start_science
from models.core.errors import UserError
from models.core.families import FAMILY_PARAMETERS, Family, lab_family, latent_member
from models.protocol.lab import (
    USUAL_K,
    Continuous,
    Discrete,
    ElboPoint,
    Estimates,
    Gradients,
    GradientsReady,
    Problem,
)

if TYPE_CHECKING:
    from models.vae.model import VAE


def compare_estimators(options: Mapping[str, Any], identity: int = 0) -> int:
    """Sample the gradients that ``options`` ask for and print their statistics; return the exit code."""
    problem, vae = _problem(options)
    from models.estimators import draw_gradients

    answer = draw_gradients(Gradients(identity, problem, options["samples"], options["seed"]), vae)
    rows = [_fields(estimates) for estimates in answer.estimates]
    result = {"f": options["objective"], "value": answer.value, "gradient": answer.truth, "estimators": rows}
    print_result(result, _lines(answer, rows), options["as_json"])
    return 0


def _problem(options: Mapping[str, Any]) -> tuple[Problem, VAE | None]:
    """Import TensorFlow; return the problem, and the model if the problem needs one."""
    if options["objective"] == "elbo":
        return _elbo(options)
    if options["objective"] == "discrete":
        problem: Problem = Discrete(options["theta"], options["target"], options["temperature"])
    else:
        family = parse_family(options["family"], options["parameters"])
        k = USUAL_K[options["objective"]] if options["k"] is None else options["k"]
        problem = Continuous(options["objective"], family, k)
    start_science("decoder")
    return problem, None


def _elbo(options: Mapping[str, Any]) -> tuple[Problem, VAE]:
    from models.data.opening import load_images

    info, index, dim = opened_data(options["data"], silent=options["as_json"]), options["image"], options["dim"]
    opened = open_named_model(options["model"])
    check_images(info, opened)
    if not 0 <= index < info.count:
        raise UserError("--image", f"must be from 0 to {info.count - 1}, not {index}")
    if not 0 <= dim < opened.info.latent_dim:
        raise UserError("--dim", f"must be from 0 to {opened.info.latent_dim - 1}, not {dim}")
    vae, image = compiled(opened), np.ascontiguousarray(load_images(info)[index : index + 1])
    mu, sigma = vae.encode(image)
    family = latent_member(opened.info.settings.posterior, float(mu[0, dim]), float(sigma[0, dim]))
    return Continuous("elbo", family, 0.0, ElboPoint(image, mu[0], dim)), vae


def parse_family(name: str, text: str) -> Family:
    """Return the family ``name`` with parameters such as ``loc=1,scale=2``; UserError if they are invalid."""
    if name not in FAMILY_PARAMETERS:
        raise UserError("--family", f"{name!r} is not one of {', '.join(FAMILY_PARAMETERS)}")
    parameters = dict(lab_family(name).parameters)
    for part in filter(None, text.split(",")):
        key, _, value = part.partition("=")
        if key.strip() not in parameters:
            raise UserError("--parameters", f"{name} takes {', '.join(parameters)}, not {key.strip()!r}")
        try:
            parameters[key.strip()] = float(value)
        except ValueError as error:
            raise UserError("--parameters", f"{value!r} is not a number") from error
    return Family(name, parameters)


def _fields(estimates: Estimates) -> dict[str, object]:
    gradients = estimates.gradients
    variance = float(gradients.var(ddof=1)) if len(gradients) > 1 else float("nan")
    return {
        "estimator": estimates.estimator, "parameter": estimates.parameter, "mean": float(gradients.mean()),
        "standard_error": (variance / len(gradients)) ** 0.5, "variance": variance,
        "exact_variance": estimates.variance, "biased": estimates.biased, "microseconds": estimates.microseconds,
    }  # fmt: skip


def _lines(answer: GradientsReady, rows: list[dict[str, object]]) -> Iterator[str]:
    yield f"E[f] {answer.value:.6g}"
    for parameter, gradient in answer.truth.items():
        yield f"gradient in {parameter}: {gradient:.6g}"
        yield f"  {'estimator':<26}{'mean':>11}{'± SE':>10}{'variance':>12}{'exact':>12}{'µs':>9}"
        for row in (row for row in rows if row["parameter"] == parameter):
            name = f"{row['estimator']}{' (biased)' if row['biased'] else ''}"
            exact = "–" if row["exact_variance"] is None else f"{row['exact_variance']:.5g}"
            yield (
                f"  {name:<26}{row['mean']:>11.5g}{row['standard_error']:>10.2g}{row['variance']:>12.5g}"
                f"{exact:>12}{row['microseconds']:>9.3g}"
            )
