"""The options of every command that takes DATA: how to read what the files leave open."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import click

from models.core.data_options import FITS, LAYOUTS, RANGES, DataOptions, parse_size

Command = Callable[..., Any]
HELP = {
    "key": "Name of the array, variable or feature that holds the images.",
    "layout": "Order of the axes: N images, H rows, W columns, C channels.",
    "range": "Values from 0 to 1, −1 to 1, 0 to 255, or from the lowest to the highest there is.",
    "size": "HEIGHTxWIDTH to bring the images to, such as 28x28.",
    "fit": "How images of another shape are brought to the size.",
    "labels": "Name of an array or column, FILE, FILE.csv:COLUMN, or none.",
    "invert": "Invert black and white.",
    "strict": "Refuse damaged pictures instead of leaving them out.",
}


def data_options(command: Command) -> Command:
    """Add the options to a command; :func:`taken` takes them out of what the command is called with."""
    for option in reversed((
        click.option("--key", default="", help=HELP["key"]),
        click.option("--layout", type=click.Choice(LAYOUTS), help=HELP["layout"]),
        click.option("--range", "range", type=click.Choice(RANGES), help=HELP["range"]),
        click.option("--size", help=HELP["size"]),
        click.option("--fit", type=click.Choice(FITS), default="crop", show_default=True, help=HELP["fit"]),
        click.option("--labels", default="", help=HELP["labels"]),
        click.option("--invert", is_flag=True, help=HELP["invert"]),
        click.option("--strict", is_flag=True, help=HELP["strict"]),
    )):  # fmt: skip
        command = option(command)
    return command


def taken(options: MutableMapping[str, Any]) -> DataOptions:
    """Take the options of the data out of those of a command; UserError if one makes no sense."""
    values: dict[str, Any] = {name: options.pop(name) for name in HELP}
    size = values.pop("size")
    known: dict[str, Any] = {name: "" if value is None else value for name, value in values.items()}
    return DataOptions(size=None if size is None else parse_size(size), **known)
