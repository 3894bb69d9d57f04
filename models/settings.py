"""Training settings at the edges: checked for sense, and to and from JSON."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

from models.protocol import BETA_SCHEDULES, ESTIMATORS, SCHEDULES, Dials, TrainSettings

MAX_EPOCHS = 100_000
MAX_BATCH = 1 << 16
MAX_SEED = (1 << 63) - 1
MAX_SAMPLES = 256


def check_settings(settings: TrainSettings) -> TrainSettings:
    """Return ``settings`` if a run can be made of them; ValueError with one sentence if not.

    Layer sizes, likelihood and latent families are checked by :class:`models.architecture.Architecture`, which knows
    the image.
    """
    _within("epochs", settings.epochs, 1, MAX_EPOCHS)
    _within("batch size", settings.batch_size, 1, MAX_BATCH)
    _within("seed", settings.seed, 0, MAX_SEED)
    _within("beta", settings.beta, 0.0, 1e6)
    _within("learning rate", settings.learning_rate, 1e-9, 1.0)
    _within("average", settings.average, 0.0, 0.999999)
    _within("early-stopping patience", settings.early_stopping_patience, 0, MAX_EPOCHS)
    _within("min delta", settings.min_delta, 0.0, 1e6)
    if settings.schedule not in SCHEDULES:
        raise ValueError(f"the schedule is one of {', '.join(SCHEDULES)}, not {settings.schedule!r}")
    _within("warm-up epochs", settings.warmup_epochs, 0.0, MAX_EPOCHS)
    _within("epochs of β", settings.beta_epochs, 1e-3, MAX_EPOCHS)
    if settings.beta_schedule not in BETA_SCHEDULES:
        raise ValueError(f"the schedule of β is one of {', '.join(BETA_SCHEDULES)}, not {settings.beta_schedule!r}")
    _check_objective(settings)
    return settings


def check_dials(dials: Dials, settings: TrainSettings) -> Dials:
    """Return ``dials`` if a run with ``settings`` can be given them; ValueError with one sentence if not."""
    check_settings(replace(settings, learning_rate=dials.learning_rate, beta=dials.beta))
    return dials


def _check_objective(settings: TrainSettings) -> None:
    _within("samples", settings.samples, 1, MAX_SAMPLES)
    _within("free bits", settings.free_bits, 0.0, 1e6)
    if settings.objective not in ESTIMATORS:
        raise ValueError(f"the objective is one of {', '.join(ESTIMATORS)}, not {settings.objective!r}")
    weighted = settings.objective in ("iwae", "dreg")
    if weighted and (settings.beta != 1.0 or settings.free_bits > 0.0 or settings.beta_schedule != "constant"):
        raise ValueError(f"{settings.objective} has no KL term of its own: β must be 1, always, and free bits 0")
    if weighted and settings.samples == 1:
        raise ValueError(f"{settings.objective} needs at least 2 samples: with one it is the ELBO")


def command_of(
    dataset: str, name: str, settings: TrainSettings, turns: Sequence[tuple[float, float, float]] = ()
) -> str:
    """Return the command line that repeats a training; options that have their default are left out.

    A comment tells of ``turns``: the epoch until which a learning rate and a β counted that were changed by hand.
    """
    words = ["latentscape", "train", dataset, "--out", f"{name}.safetensors"]
    for field in fields(TrainSettings):
        value = getattr(settings, field.name)
        if value is True:
            words.append(f"--{field.name.replace('_', '-')}")
        elif value != field.default:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
            words += [f"--{field.name.replace('_', '-')}", text]
    told = [f"learning rate {rate:g}, β {beta:g} until epoch {epoch:.2f}" for epoch, rate, beta in turns]
    return shlex.join(words) + (f"  # {'; '.join(told)}" if told else "")


def settings_to_json(settings: TrainSettings) -> dict[str, object]:
    """Return the settings as plain JSON values."""
    return asdict(settings) | {"hidden": list(settings.hidden), "channels": list(settings.channels)}


def settings_from_json(values: Mapping[str, object]) -> TrainSettings:
    """Rebuild settings from :func:`settings_to_json`; ValueError on an unknown name or a wrong type."""
    known = {field.name: field.default for field in fields(TrainSettings)}
    unknown = set(values) - set(known)
    if unknown:
        raise ValueError(f"unknown setting {min(unknown)!r}")
    converted = {name: _converted(name, value, known[name]) for name, value in values.items()}
    return check_settings(TrainSettings(**converted))  # type: ignore[arg-type]


def _converted(name: str, value: object, example: object) -> object:
    if isinstance(example, tuple):
        if isinstance(value, list) and all(type(item) is int for item in value):
            return tuple(value)
    elif isinstance(example, float):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif type(value) is type(example):
        return value
    raise ValueError(f"setting {name!r} has the wrong type")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"{name} lies in {low:g} to {high:g}, not {value:g}")
