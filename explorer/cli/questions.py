"""The commands that ask a latent space about a point or an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from explorer.cli.data_options import data_options, taken
from models.core.neighbours import Metric


@click.command(short_help="Find the images nearest to one.")
@click.argument("model")
@click.option("--data", required=True, help="The data set to search.")
@click.option("--image", required=True, type=click.IntRange(0), help="Index of the image, taken at z = μ.")
@click.option(
    "--metric",
    type=click.Choice(get_args(Metric)),
    default="mu",
    show_default=True,
    help="Distance in μ, in units of each image's σ, between posteriors (wasserstein, kl), or of decode(μ) in pixels.",
)
@click.option("--count", default=12, show_default=True, type=click.IntRange(1), help="Number of neighbours.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def neighbours(model: str, data: str, image: int, metric: Metric, count: int, as_json: bool, **options: Any) -> int:  # noqa: ANN401
    """Find the images of a data set that lie nearest to one of them in the latent space of MODEL."""
    from explorer.cli.neighbours import Question, print_neighbours
    from explorer.cli.science import Data

    return print_neighbours(model, Data(data, taken(options)), Question(image, metric, count), as_json)


@click.command(short_help="Judge whether latents lie where the data do.")
@click.argument("model")
@click.option("--data", required=True, help="The data set whose posteriors say where the data lie.")
@click.option("--image", type=click.IntRange(0), help="Index of an image, judged at z = μ.")
@click.option("--latents", type=click.Path(path_type=Path), help="File of latents to judge (z or mu; .npz or .npy).")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def trust(model: str, data: str, image: int | None, latents: Path | None, as_json: bool, **options: Any) -> int:  # noqa: ANN401
    """Judge whether points lie where the data do, in a hole between them, or outside, with the evidence."""
    from explorer.cli.science import Data
    from explorer.cli.trust import print_trust

    subject = image if latents is None else latents
    if subject is None or (image is not None and latents is not None):
        raise click.UsageError("give either --image or --latents")
    return print_trust(model, Data(data, taken(options)), subject, as_json)


QUESTIONS: tuple[click.Command, ...] = (neighbours, trust)
