"""What one window hands on to the next besides points and layout: settings, known data, unsaved models, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from explorer.state import AppState
from explorer.state.catalogue import KnownData
from explorer.state.unsaved import UnsavedModel
from models.core.history import UnfinishedRun
from models.core.setting_text import settings_from_json, settings_to_json
from models.core.settings import TrainSettings


def captured(state: AppState) -> dict[str, Any]:
    """Return what is to be remembered as JSON values."""
    catalogue, chosen = state.catalogue, state.plan.chosen
    every = settings_to_json(replace(TrainSettings(), **chosen))  # type: ignore[arg-type]
    return {
        "settings": {name: value for name, value in every.items() if name in chosen},
        "known_data": [asdict(data) for data in catalogue.recent],
        "data_of_models": catalogue.pairs,
        "unsaved": [_unsaved_to_json(model) for model in state.unsaved.models],
    }


def recall(state: AppState, stored: Mapping[str, Any]) -> list[str]:
    """Put back what was remembered, each part by itself; return what makes no sense, by name."""
    parts: dict[str, Callable[[], None]] = {
        "the settings of the training form": lambda: _recall_settings(state, stored.get("settings", {})),
        "the data opened lately": lambda: _recall_data(state, stored),
        "the unsaved models": lambda: _recall_unsaved(state, stored.get("unsaved", [])),
    }
    lost = []
    for name, part in parts.items():
        try:
            part()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            lost.append(name)
    return lost


def _recall_settings(state: AppState, values: Mapping[str, object]) -> None:
    settings = settings_from_json(values)
    state.plan.restore({name: getattr(settings, name) for name in values})


def _recall_data(state: AppState, stored: Mapping[str, Any]) -> None:
    known = tuple(_known_from_json(entry) for entry in stored.get("known_data", []))
    pairs = {str(digest): str(path) for digest, path in stored.get("data_of_models", {}).items()}
    state.catalogue.restore(known, pairs)


def _known_from_json(entry: Mapping[str, Any]) -> KnownData:
    height, width, channels = (int(size) for size in entry["image_shape"])
    return KnownData(str(entry["path"]), str(entry["name"]), str(entry["digest"]), (height, width, channels))


def _recall_unsaved(state: AppState, entries: list[Mapping[str, Any]]) -> None:
    """Take back the models whose files are still there, in the folder of runs."""
    models = [_unsaved_from_json(entry) for entry in entries]
    found = (model for model in models if state.unsaved.is_draft(model.path) and _is_file(model.path))
    state.unsaved.set_models((*found, *state.unsaved.models))


def _unsaved_to_json(model: UnsavedModel) -> dict[str, Any]:
    run = asdict(model.run) | {"settings": settings_to_json(model.run.settings)}
    return {"path": model.path, "epoch": model.epoch, "run": run}


def _unsaved_from_json(entry: Mapping[str, Any]) -> UnsavedModel:
    run = {field.name: entry["run"][field.name] for field in fields(UnfinishedRun) if field.name in entry["run"]}
    run["settings"] = settings_from_json(run["settings"])
    kinds = {"folder": str, "name": str, "data_path": str, "epoch": int, "when": float, "learning_rate": float}
    if not all(isinstance(run[name], kind) for name, kind in kinds.items()):
        raise TypeError("a run is described by words and numbers")
    return UnsavedModel(str(entry["path"]), int(entry["epoch"]), UnfinishedRun(**run))


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:
        return False
