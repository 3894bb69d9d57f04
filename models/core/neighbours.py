"""The distances by which images can be called neighbours of a latent point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from models.core.families import LatentFamily

Metric = Literal["mu", "sigma", "wasserstein", "kl", "pixels"]
METRICS: tuple[Metric, ...] = get_args(Metric)


@dataclass(frozen=True)
class Distance:
    """A distance in words: its ``label``, its ``unit``, and what it is in one ``sentence``."""

    label: str
    unit: str
    sentence: str


DISTANCES: dict[Metric, Distance] = {
    "mu": Distance("|z − μ|", "units of z", "Euclidean distance of z from the posterior mean of an image"),
    "sigma": Distance(
        "in units of σ", "σ", "Length of (z − μ)/σ: how many of an image's own posterior deviations z is away from it"
    ),
    "wasserstein": Distance(
        "2-Wasserstein",
        "units of z",
        "Least root mean square distance over which the point's posterior is moved to that of an image",
    ),
    "kl": Distance("symmetric KL", "nats", "KL(q ‖ qₙ) + KL(qₙ ‖ q) of the point's posterior and that of an image"),
    "pixels": Distance(
        "pixels", "of white", "Root mean square difference of the decoded picture from an image, where white is 1"
    ),
}


def refusal(metric: Metric, posterior: LatentFamily) -> str:
    """Return why neighbours by a metric cannot be found in a model with this posterior; empty if they can."""
    if metric == "kl" and posterior != "Normal":
        return (
            f"the symmetric KL is known for normal posteriors, but those of this model are {posterior}: choose another"
        )
    return ""
