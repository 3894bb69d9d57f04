"""Settings as text: JSON values for files, and the command line that repeats a training."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields

from models.core.numbers import to_float
from models.core.setting_checks import check_settings
from models.core.setting_table import SETTINGS, Setting
from models.core.settings import TrainSettings

COMMENT = "  # "


def command_of(
    data: str,
    name: str,
    settings: TrainSettings,
    turns: Sequence[tuple[float, float, float]] = (),
    extended: Sequence[int] = (),
    data_words: Sequence[str] = (),
    start: str = "",
) -> str:
    """Return the command line that repeats a training on ``data``, the path or name by which they were opened.

    Options that have their default are left out; ``data_words`` are those of the data. A comment lists ``turns``,
    learning rates and βs changed by hand, each after the epoch until which it was in effect, and after which epochs
    the run was ``extended``. ``start`` is the model that it began with, if there is one.
    """
    words = ["--out", f"{name}.safetensors", *data_words, *(["--start", start] if start else [])]
    for field in fields(TrainSettings):
        words += _option_words(SETTINGS[field.name], getattr(settings, field.name))
    told = [f"learning rate {rate:g}, β {beta:g} until epoch {epoch:.2f}" for epoch, rate, beta in turns]
    told += [f"trained further after epoch {epoch}" for epoch in extended]
    command = f"latentscape train {_data_word(data)} {shlex.join(words)}"
    return command + (f"{COMMENT}{'; '.join(told)}" if told else "")


def split_comment(recipe: str) -> tuple[str, str]:
    """Return the command of a recipe, which can be pasted and run, and the comment behind it."""
    command, _, told = recipe.partition(COMMENT)
    return command, told


def start_of(recipe: str) -> str:
    """Return the model that the training of a recipe began with, nothing if it began with fresh weights."""
    words = shlex.split(split_comment(recipe)[0])
    return words[words.index("--start") + 1] if "--start" in words[:-1] else ""


def _data_word(data: str) -> str:
    """Return how data are named on a command line: below the home folder without its name, which tells who it was."""
    # Where there is no home, this changes nothing, and no path begins so.
    home = f"{os.path.expanduser('~')}{os.sep}"  # noqa: PTH111
    if data.startswith(home):
        return f"~/{shlex.quote(data.removeprefix(home))}"
    return shlex.quote(f"./{data}" if data.startswith(("-", "~")) else data)


def option_text(value: object) -> str:
    """Return a value as it is typed on the command line."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else f"{value}"


def settings_to_json(settings: TrainSettings) -> dict[str, object]:
    """Return the settings as plain JSON values."""
    values = ((field.name, getattr(settings, field.name)) for field in fields(TrainSettings))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def settings_from_json(values: Mapping[str, object]) -> TrainSettings:
    """Rebuild settings from :func:`settings_to_json`; ValueError on an unknown name or a wrong type."""
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise ValueError(f"unknown setting {min(unknown)!r}")
    converted = {name: _converted(SETTINGS[name], value) for name, value in values.items()}
    return check_settings(TrainSettings(**converted))  # type: ignore[arg-type]


def _option_words(row: Setting, value: object) -> list[str]:
    if value == row.default:
        return []
    return [row.option] if row.kind == "switch" else [row.option, option_text(value)]


def _converted(row: Setting, value: object) -> object:
    match row.kind:
        case "sizes" if isinstance(value, list) and all(type(item) is int for item in value):
            return tuple(value)
        case "real" if isinstance(value, int | float) and not isinstance(value, bool):
            return to_float(value)
        case "whole" | "choice" | "switch" if type(value) is type(row.default):
            return value
    raise ValueError(f"setting {row.name!r} has the wrong type")
