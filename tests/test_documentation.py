"""Quotations in the documentation: commands and options exist, relative links lead to files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from explorer.cli.main import cli
from tests.support.places import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(latentscape [^`]+)`")
CALL = re.compile(r"(?:^|[\s/])latentscape (?P<words>[^|;&\n]*)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
SHELL = ("sh", "bash", "console", "")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _commands(path: Path) -> Iterator[tuple[bool, list[str]]]:
    """Yield the words after ``latentscape`` of every command, and whether it is a complete one in a code block."""
    text = path.read_text(encoding="utf-8")
    blocks = (body for _, language, body in FENCE.findall(text) if language in SHELL)
    for block in blocks:
        for call in CALL.finditer(block.replace("\\\n", " ")):
            yield True, _words(call["words"])
    for quoted in INLINE.findall(FENCE.sub("", text)):
        yield False, _words(quoted.replace("\n", " ").removeprefix("latentscape "))


def _words(text: str) -> list[str]:
    # Any number will do for a shell variable.
    return shlex.split(re.sub(r"\$\w+", "1", re.split(r"\s[>#]", text)[0]))


def test_there_is_something_to_check() -> None:
    assert len(PAGES) > 10
    assert sum(1 for path in PAGES for _ in _commands(path)) > 30


def _complaint(command: click.Command, words: list[str], complete: bool) -> str:
    """Return click's complaint about a command; within a sentence, values and required options may be left out."""
    try:
        if complete:
            command.make_context("latentscape", words)
        else:
            command.make_parser(click.Context(command)).parse_args(words)
    except click.UsageError as error:
        return error.format_message() if complete or isinstance(error, click.NoSuchOption) else ""
    return ""


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_quoted_command_has_these_options(path: Path) -> None:
    for complete, (name, *words) in _commands(path):
        command = cli.commands.get(name)
        if command is None:
            # A file to open in the window, or a placeholder for a file or a command.
            assert "." in name or name.isupper() or name.startswith("--"), name
        else:
            assert _complaint(command, words, complete) == "", f"latentscape {name} {shlex.join(words)}"


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_relative_link_leads_to_a_file(path: Path) -> None:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    assert [link for link in LINK.findall(text) if not (path.parent / link).exists()] == []
