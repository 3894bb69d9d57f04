"""``latentscape info MODEL --evaluate DATA``: evaluate a model on held-out images."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from explorer.cli.console import print_result, progress_bar, table
from explorer.cli.factors import factor_fields, factor_lines, factor_rows, measure
from explorer.cli.science import Data, check_images, compiled, open_named_model, opened_data
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.factors import Disentanglement
from models.core.steps import finished

if TYPE_CHECKING:
    from models.vae.evaluation import Bounds, Evaluation, Evidence
    from models.vae.model_file import OpenedModel

T = TypeVar("T")


def evaluate_model(model: str, data: Data, as_json: bool) -> int:
    """Print the ELBO and its terms, −log p(x) and the factors for the images of ``data``; return the exit code."""
    opened, info = open_named_model(model), opened_data(data, silent=as_json)
    check_images(info, opened)
    if info.count == info.train_count:
        raise UserError(info.name, "the data set has no test images")
    judged = _evaluated(opened, info)
    result = _fields(opened, info, judged) | factor_fields(judged.factors)
    evaluation = judged.evaluation
    active = np.flatnonzero(evaluation.active).tolist()
    lines = [
        *table([*_rows(result, judged.evidence.bounds), *factor_rows(judged.factors)]),
        *factor_lines(judged.factors, evaluation.kl_per_dim, active),
    ]
    print_result(result, lines, as_json)
    return 0


@dataclass(frozen=True)
class Judged:
    """The result of an evaluation.

    ``kl_by`` says how the KL was computed, ``evidence`` what many draws say, ``images`` is the number of test images.
    ``factors`` is measured on all images, and None if the data set has no factors.
    """

    evaluation: Evaluation
    kl_by: str
    evidence: Evidence
    images: int
    factors: Disentanglement | None


def _evaluated(opened: OpenedModel, info: DataInfo) -> Judged:
    vae = compiled(opened)
    parameters = vae.parameters()
    from models.data.opening import load_images
    from models.vae.evaluation import MAX_EVALUATED, Evaluator

    images = load_images(info)[info.train_count :][:MAX_EVALUATED]
    evaluator = Evaluator(opened.architecture, images)
    evaluation = _watched("ELBO", evaluator.bound(parameters))
    evidence = _watched("log p(x)", evaluator.evidence(parameters))
    return Judged(evaluation.refined(evidence), evaluator.kl_kind, evidence, len(images), measure(vae, info))


def _watched(name: str, steps: Generator[object, None, T]) -> T:
    with progress_bar() as bar:
        task = bar.add_task(name, total=None)
        return finished(steps, lambda _: bar.advance(task))


def _fields(opened: OpenedModel, info: DataInfo, judged: Judged) -> dict[str, object]:
    evaluation, bounds = judged.evaluation, judged.evidence.bounds
    terms, (log_p, error) = evaluation.terms, bounds[max(bounds)]
    return {
        "kind": "evaluation", "model": opened.info.name, "data": info.name, "test_images": judged.images,
        "elbo": terms.elbo,
        "elbo_error": evaluation.error, "elbo_draw_error": evaluation.draw_error,
        "reconstruction": terms.reconstruction, "kl": terms.kl, "kl_by": judged.kl_by,
        "iwae": {str(k): {"bound": bound, "error": spread} for k, (bound, spread) in bounds.items()},
        "objective": opened.info.settings.objective, "nll": -log_p, "nll_error": error,
        "active_units": int(evaluation.active.sum()), "latent_dim": opened.info.latent_dim,
        "kl_per_dim": evaluation.kl_per_dim.tolist(),
    }  # fmt: skip


def _rows(fields: dict[str, object], bounds: Bounds) -> list[tuple[str, object]]:
    weighted = [
        ("ELBO, KL by Monte Carlo" if k == 1 else f"IWAE-{k}", f"{bound:.2f} ± {error:.2f} nats")
        for k, (bound, error) in bounds.items()
    ]
    errors = f"± {fields['elbo_error']:.2f} nats, ± {fields['elbo_draw_error']:.3f} of it by the draws"
    return [
        ("model", fields["model"]),
        ("data", f"{fields['data']}, {fields['test_images']:,} test images"),
        ("ELBO", f"{fields['elbo']:.2f} {errors} (KL by {fields['kl_by']})"),
        ("reconstruction", f"{fields['reconstruction']:.2f} nats"),
        ("KL", f"{fields['kl']:.2f} nats"),
        *weighted,
        ("−log p(x), IWAE-500", f"{fields['nll']:.2f} ± {fields['nll_error']:.2f} nats"),
        ("active units", f"{fields['active_units']} of {fields['latent_dim']}"),
    ]
