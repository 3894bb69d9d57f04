"""Every message stands in a union, in the README and, if it is a request, in the hands of a worker."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from models import protocol
from models.protocol import messages
from models.protocol.lifecycle import Alive, Hello, Shutdown
from models.workers.decoder.worker import HANDLERS

ROOM = Path(protocol.__file__).parent
README = (ROOM / "README.md").read_text(encoding="utf-8")
FEATURES = [path.stem for path in sorted(ROOM.glob("*.py")) if path.stem not in ("__init__", "messages")]
UNIONS = {name: set(get_args(getattr(messages, name))) for name in dir(messages) if name.endswith(("Request", "Reply"))}
MESSAGES = set().union(*UNIONS.values())


def in_tables(text: str) -> set[str]:
    """The names in backticks of the first two columns of all tables."""
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
    return {name for row in rows for cell in row for name in re.findall(r"`([A-Z]\w+)`", cell)}


def has_an_id(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) and "id" in {field.name for field in dataclasses.fields(kind)}


def test_every_message_is_in_a_union_and_in_the_readme() -> None:
    modules = [importlib.import_module(f"models.protocol.{feature}") for feature in FEATURES]
    kinds = {kind for module in modules for _, kind in inspect.getmembers(module, inspect.isclass)}
    written = {kind for kind in kinds if kind.__module__.startswith("models.protocol.")}
    assert {kind for kind in written if has_an_id(kind)} | {Hello, Alive} == MESSAGES
    assert in_tables(README) == {kind.__name__ for kind in MESSAGES}


@pytest.mark.parametrize("feature", FEATURES)
def test_the_messages_of_a_feature_are_described_together(feature: str) -> None:
    (section,) = (part for part in README.split("\n## ") if f"(`{feature}.py`)" in part.splitlines()[0])
    here = {kind.__name__ for kind in MESSAGES if kind.__module__ == f"models.protocol.{feature}"}
    assert here <= in_tables(section)


def test_messages_hold_data_and_are_frozen() -> None:
    assert [kind.__name__ for kind in MESSAGES if not kind.__dataclass_params__.frozen] == []
    for feature in FEATURES:
        functions = inspect.getmembers(importlib.import_module(f"models.protocol.{feature}"), inspect.isfunction)
        own = {name for name, function in functions if function.__module__ == f"models.protocol.{feature}"}
        assert own == set(), feature


def test_the_decoder_has_a_handler_for_each_of_its_requests() -> None:
    assert set(HANDLERS) == UNIONS["DecoderRequest"] - {Shutdown}
