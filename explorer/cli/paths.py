"""The command that walks through the latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from explorer.cli.data_options import data_options, taken
from models.core.walk_settings import LOOPS, MOST_FRAMES, MOST_NEIGHBOURS, PLAYS, SPACINGS, WALK_KINDS

file_path = click.Path(path_type=Path)
KEY = "image:N, sample:SEED, or numbers separated by commas"


@click.command(short_help="Walk from point to point and write what is seen.")
@click.argument("model")
@click.option("--from", "start", metavar="POINT", help=f"Where the walk begins: {KEY}.")
@click.option("--via", metavar="POINT", multiple=True, help="A point on the way; may be given several times.")
@click.option("--to", "end", metavar="POINT", help="Where the walk ends.")
@click.option("--keys", type=file_path, help="Points to walk through: z or mu in an .npz file, or an .npy file.")
@click.option(
    "--kind",
    type=click.Choice(WALK_KINDS),
    default="line",
    show_default=True,
    help="Straight, along the sphere, from image to image, where the picture changes least, or a loop.",
)
@click.option("--frames", default=60, show_default=True, type=click.IntRange(2, MOST_FRAMES), help="Number of frames.")
@click.option(
    "--spacing", type=click.Choice(SPACINGS), default="z", show_default=True, help="Equal steps in z or in the picture."
)
@click.option("--closed", is_flag=True, help=f"Return to the first point; {' and '.join(LOOPS)} always do.")
@click.option(
    "--off-data",
    default=0.0,
    show_default=True,
    help="geodesic: how much more a change of the picture costs away from the data.",
)
@click.option(
    "--neighbours",
    default=10,
    show_default=True,
    type=click.IntRange(1, MOST_NEIGHBOURS),
    help="data, geodesic: number of nearest images to which a step may lead.",
)
@click.option("--radius", default=1.0, show_default=True, help="noise: standard deviation in every dimension.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="noise: seed of the loop.")
@click.option("--data", metavar="DATA", help="The images; by default, those the model was trained on.")
@data_options
@click.option(
    "--out", type=file_path, help="What to write: .gif, .apng, .webp, .mp4, .png for a strip, or a folder for frames."
)
@click.option("--zoom", default=4, show_default=True, help="Output pixels per image pixel.")
@click.option("--rate", default=20.0, show_default=True, help="Frames per second.")
@click.option(
    "--play",
    type=click.Choice(PLAYS),
    default="loop",
    show_default=True,
    help="Again and again, back and forth, or once.",
)
@click.option("--table", type=file_path, help="Also write latents and evidence to this .csv or .npz file.")
@click.option("--write-recipe", type=file_path, help="Also write a .json file that repeats this walk.")
@click.option("--recipe", type=file_path, help="Repeat the walk in this file, instead of the options above.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def walk(model: str, **options: Any) -> int:  # noqa: ANN401
    """Walk through the latent space of MODEL from point to point, and report how close to the data it stays."""
    from explorer.cli.walk import walk_and_write

    options["data_options"] = taken(options)
    return walk_and_write(model, options)
