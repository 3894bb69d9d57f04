"""The options of ``latentscape import``: what is said of a model instead of being guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from models.core.foreign import TRUST
from models.importing.choices import ALLOWED

Command = Callable[..., Any]
HELP = {
    "layout": "Where an image has its channels.",
    "range": "Pixels in 0 to 1, −1 to 1, or 0 to 255.",
    "activation": "What is still to be applied to the decoder's output.",
    "mu": "Name or number, from 0, of the encoder's output that is μ.",
    "log_var": "Name or number, from 0, of the output that is the spread.",
    "spread": "What the spread is.",
    "packed": "How mean and spread stand in one output that holds both.",
    "label": "Class, from 0, of a conditional model.",
    "hidden": "Activation between layers of which there are weights only.",
    "blocks": "Whether layers that may be residual blocks are, or follow one after the other.",
    TRUST: "Load a SavedModel, which is a program and runs while it is loaded.",
    "size": "HEIGHTxWIDTH or HEIGHTxWIDTHxCHANNELS of images whose pixels are in a row.",
}


def import_options(command: Command) -> Command:
    """Add the options to a command, each None, or False of the flag, where it is not given."""
    for name in reversed(HELP):
        kind: dict[str, Any] = {"is_flag": True} if name == TRUST else {"type": _kind(name)}
        command = click.option(f"--{name.replace('_', '-')}", name, help=HELP[name], **kind)(command)
    return command


def _kind(name: str) -> click.ParamType[Any]:
    if name == "label":
        return click.IntRange(0)
    return click.Choice(ALLOWED[name]) if name in ALLOWED else click.STRING
