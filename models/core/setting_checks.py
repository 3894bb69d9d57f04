"""Check settings and dials against the table, and against each other."""

from __future__ import annotations

from dataclasses import replace

from models.core.setting_table import SETTINGS, Setting
from models.core.settings import IMPORTANCE_WEIGHTED, Dials, TrainSettings


def check_settings(settings: TrainSettings) -> TrainSettings:
    """Return ``settings`` if a run can be made of them; ValueError with one sentence if not."""
    for row in SETTINGS.values():
        # Layers that are not there may have any sizes: files of earlier versions hold them unchecked.
        if row.kind != "sizes" or row.applies(settings):
            check_value(row, getattr(settings, row.name))
        if not row.applies(settings):
            _check_without_effect(row, settings)
    if settings.objective in IMPORTANCE_WEIGHTED and settings.samples == 1:
        raise ValueError(f"{settings.objective} needs at least 2 samples of z: with one it is the ELBO")
    return settings


def check_dials(dials: Dials, settings: TrainSettings) -> Dials:
    """Return ``dials`` if a run with ``settings`` can be given them; ValueError with one sentence if not."""
    check_settings(replace(settings, learning_rate=dials.learning_rate, beta=dials.beta))
    return dials


def check_value(row: Setting, value: object) -> None:
    """Raise a ValueError that names the setting if it cannot have this value."""
    if row.kind == "choice" and value not in row.choices:
        *others, last = row.choices
        raise ValueError(f"{row.label} must be {', '.join(others)} or {last}, not {value!r}")
    if row.kind in ("whole", "real") and not _within(row, value):
        raise ValueError(f"{row.label} must be {row.limits}, not {value}")
    if isinstance(value, tuple) and not (
        row.shortest <= len(value) <= row.longest and all(_within(row, size) for size in value)
    ):
        raise ValueError(f"{row.label} must be {row.limits}, not {row.text(value)}")


def _check_without_effect(row: Setting, settings: TrainSettings) -> None:
    reason = row.condition.reason if row.condition is not None else ""
    if reason and getattr(settings, row.name) != row.default:
        raise ValueError(f"{row.label} must be {row.text(row.default)} {reason}")


def _within(row: Setting, value: object) -> bool:
    # Both limits are finite, so that neither NaN nor a number too large for a float is within them.
    return isinstance(value, int | float) and row.low <= value <= row.high
