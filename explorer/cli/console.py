"""Output of a command: a progress bar on standard error and the result on standard output."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.core.text import UNSHOWN, printable

T = TypeVar("T")


def progress_bar(*extra: TextColumn) -> Progress:
    """Return a progress bar on standard error, which stays hidden without a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *extra, TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def print_result(result: Mapping[str, object], lines: Iterable[str], as_json: bool) -> None:
    """Print ``result`` as one JSON object, or ``lines`` for a human reader."""
    if as_json:
        click.echo(_json(result))
        return
    for line in lines:
        click.echo(printable(line))


def complain(message: str) -> None:
    """Print a sentence on standard error, in one line; names in it may come from anywhere."""
    click.echo(f"latentscape: {printable(' '.join(message.split()))}", err=True)


def complain_over(bar: Progress, message: str) -> None:
    """Print a sentence as :func:`complain` does, above a progress bar."""
    bar.print(f"latentscape: {printable(' '.join(message.split()))}", markup=False, highlight=False)


def _json(result: Mapping[str, object]) -> str:
    """Return a result as JSON that a terminal can be shown, too."""
    narrow = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    text = json.dumps(_plain(result), ensure_ascii=narrow)
    return UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def table(rows: Iterable[tuple[str, object]]) -> list[str]:
    """Return ``rows`` as lines, with the values aligned in a column."""
    entries = [(name, str(value)) for name, value in rows]
    width = max((len(name) for name, _ in entries), default=0)
    return [f"{name:<{width}}  {value}" for name, value in entries]


def _plain(value: object) -> object:
    """Return ``value`` as plain JSON types, with NaN and infinities replaced by null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
