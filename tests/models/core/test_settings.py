"""The table of settings: every setting has its row, every row all it needs, and the checks agree with it."""

from __future__ import annotations

import math
import re
from dataclasses import fields, replace
from typing import get_args, get_type_hints

import pytest

from models.core.setting_checks import check_settings
from models.core.setting_table import SETTINGS, Page, Setting, number_text
from models.core.setting_text import command_of, option_text, settings_from_json, settings_to_json
from models.core.settings import TrainSettings
from tests.support.places import ROOT

GUIDE = ROOT / "docs" / "how-to" / "train.md"
ROW = re.compile(r"^\| (`--.+?) \| (.+?) \|", re.MULTILINE)
NUMBERS = [row for row in SETTINGS.values() if row.kind in ("whole", "real")]
TYPES = get_type_hints(TrainSettings)
# With these, every other setting has an effect.
ALL_COUNT = TrainSettings(network="conv", beta_schedule="warmup", early_stopping_patience=3)
FAR = TrainSettings(batch_size=20_000, beta=500.0, seed=1 << 40, learning_rate=1e-8, free_bits=250.0)


def test_every_setting_has_a_row() -> None:
    assert set(SETTINGS) == {field.name for field in fields(TrainSettings)}


@pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
def test_a_row_has_all_that_its_kind_needs(row: Setting) -> None:
    assert row.page in get_args(Page)
    assert row.label
    assert row.help[0].isupper()
    assert not row.help.endswith(".")
    kinds = {int: "whole", float: "real", bool: "switch", tuple[int, ...]: "sizes"}
    assert row.kind == kinds.get(TYPES[row.name], "choice")
    if row.kind == "choice":
        assert tuple(row.choices) == get_args(TYPES[row.name])
    elif row.kind == "sizes":
        assert 0 <= row.shortest < row.longest
    if row.kind in ("whole", "real", "sizes"):
        assert row.low < row.high
        assert number_text(row.high) in row.hint
    if row.kind == "real":
        assert 10.0**-row.decimals <= row.step < row.high


def test_labels_tell_settings_apart() -> None:
    assert len({row.label for row in SETTINGS.values()}) == len(SETTINGS)


@pytest.mark.parametrize("row", NUMBERS, ids=[row.name for row in NUMBERS])
def test_the_limits_of_a_number_are_allowed_and_nothing_beyond(row: Setting) -> None:
    kind = TYPES[row.name]
    for limit, beyond in ((row.low, -math.inf), (row.high, math.inf)):
        check_settings(replace(ALL_COUNT, **{row.name: kind(limit)}))
        outside = int(limit) + int(math.copysign(1, beyond)) if kind is int else math.nextafter(limit, beyond)
        with pytest.raises(ValueError, match=re.escape(f"{row.label} must be between {number_text(row.low)} and ")):
            check_settings(replace(ALL_COUNT, **{row.name: outside}))


def test_a_setting_that_has_no_effect_is_known_and_some_must_keep_their_default() -> None:
    dreg = replace(ALL_COUNT, objective="dreg", samples=2, beta_schedule="constant")
    check_settings(dreg)
    silent = [name for name, row in SETTINGS.items() if not row.applies(dreg)]
    assert silent == ["beta", "free_bits", "beta_schedule", "beta_epochs"]
    with pytest.raises(ValueError, match="β schedule must be constant with iwae or dreg, which have no KL term"):
        check_settings(replace(dreg, beta_schedule="cyclic"))
    plain = TrainSettings()
    silent = [name for name, row in SETTINGS.items() if not row.applies(plain)]
    assert silent == [
        "channels",
        "beta_epochs",
        "min_delta",
    ]
    check_settings(replace(plain, channels=()))


@pytest.mark.parametrize("settings", [TrainSettings(), ALL_COUNT, FAR, TrainSettings(hidden=())])
def test_settings_come_back_from_files(settings: TrainSettings) -> None:
    assert settings_from_json(settings_to_json(settings)) == settings


def test_the_recipe_has_what_is_not_as_usual() -> None:
    settings = replace(FAR, hidden=(), restore_best_weights=True)
    assert command_of("spots", "mine", settings, [(2.5, 1e-3, 1.0)]) == (
        "latentscape train spots --out mine.safetensors --hidden '' --beta 500.0 --batch-size 20000 "
        "--learning-rate 1e-08 --seed 1099511627776 --free-bits 250.0 --restore-best-weights"
        "  # learning rate 0.001, β 1 until epoch 2.50"
    )


def test_the_recipe_does_not_tell_whose_home_the_data_lie_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    command = command_of("/home/somebody/my data/a.npz", "m", TrainSettings())
    assert command == "latentscape train ~/'my data/a.npz' --out m.safetensors"


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (1e6, "1,000,000"), (0.1 + 0.2, "0.30000000000000004"), (1e-9, "1e-9"), (1.5e-12, "1.5e-12"),
    ((1 << 63) - 1, "9,223,372,036,854,775,807"), (math.nan, "nan"), (math.inf, "inf"), (1e300, "1e+300"),
])  # fmt: skip
def test_numbers_are_told_exactly(value: float, text: str) -> None:
    assert number_text(value) == text


def test_the_guide_names_the_defaults() -> None:
    told = {}
    for options, defaults in ROW.findall(GUIDE.read_text(encoding="utf-8")):
        names = re.findall(r"`(--[a-z-]+)", options)
        values = [text.split(":")[0].strip() for text in defaults.split(",")]
        told |= dict(zip(names, values if len(values) == len(names) else values * len(names), strict=True))
    known = {row.option: row for row in SETTINGS.values()}
    assert len(told) > 10
    for option, text in told.items():
        default = known[option].default
        assert text in (option_text(default), number_text(default) if isinstance(default, float) else ""), option
