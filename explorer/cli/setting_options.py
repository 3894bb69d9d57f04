"""The settings of a training as options of ``latentscape train``, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from models.core.setting_table import SETTINGS, Setting
from models.core.setting_text import option_text

Command = Callable[..., Any]


def setting_options(command: Command) -> Command:
    """Add an option for each setting to a command, in the order of the table."""
    for row in reversed(list(SETTINGS.values())):
        command = _option(row)(command)
    return command


def _option(row: Setting) -> Callable[[Command], Command]:
    if row.kind == "switch":
        return click.option(row.option, row.name, is_flag=True, help=row.hint)
    # Numbers are checked with all other settings, so that window and command line complain in the same words.
    kinds: dict[str, Any] = {"whole": int, "real": float, "sizes": str, "choice": click.Choice(list(row.choices))}
    default = option_text(row.default) if row.kind == "sizes" else row.default
    return click.option(
        row.option, row.name, type=kinds[row.kind], default=default, show_default=True, help=row.hint
    )  # fmt: skip
