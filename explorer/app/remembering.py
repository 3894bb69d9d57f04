"""What one window hands on to the next besides points and layout: settings, known data, unsaved models, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from explorer.state import AppState
from explorer.state.catalogue import KnownData
from explorer.state.unsaved import UnsavedModel
from models.core.data_options import options_from_json
from models.core.files import is_there
from models.core.history import UnfinishedRun
from models.core.setting_text import settings_from_json, settings_to_json
from models.core.settings import TrainSettings

RUNS_REMEMBERED = 50


def captured(state: AppState) -> dict[str, Any]:
    """Return what is to be remembered as JSON values."""
    catalogue, chosen = state.catalogue, state.plan.chosen
    every = settings_to_json(replace(TrainSettings(), **chosen))  # type: ignore[arg-type]
    return {
        "settings": {name: value for name, value in every.items() if name in chosen},
        "known_data": [asdict(data) | {"options": data.options.to_json()} for data in catalogue.recent],
        "data_of_models": catalogue.pairs,
        "unsaved": [_unsaved_to_json(model) for model in state.unsaved.models],
        "further": {digest: _run_to_json(run) for digest, run in list(state.further.runs.items())[-RUNS_REMEMBERED:]},
    }


def recall(state: AppState, stored: Mapping[str, Any]) -> list[str]:
    """Put back what was remembered, each part by itself; return what makes no sense, by name."""
    parts: dict[str, Callable[[], None]] = {
        "the settings of the training form": lambda: _recall_settings(state, stored.get("settings", {})),
        "the data opened lately": lambda: _recall_data(state, stored),
        "the runs that can be trained further": lambda: _recall_runs(state, stored.get("further", {})),
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
    options = options_from_json(entry.get("options", {}))
    return KnownData(str(entry["path"]), str(entry["name"]), str(entry["digest"]), (height, width, channels), options)


def _recall_unsaved(state: AppState, entries: list[Mapping[str, Any]]) -> None:
    """Take back the models whose files are still there, in the folder of runs."""
    models = [_unsaved_from_json(entry) for entry in entries]
    found = (model for model in models if state.unsaved.is_draft(model.path) and is_there(model.path))
    state.unsaved.set_models((*found, *state.unsaved.models))


def _unsaved_to_json(model: UnsavedModel) -> dict[str, Any]:
    return {"path": model.path, "epoch": model.epoch, "run": _run_to_json(model.run)}


def _unsaved_from_json(entry: Mapping[str, Any]) -> UnsavedModel:
    return UnsavedModel(str(entry["path"]), int(entry["epoch"]), _run_from_json(entry["run"]))


def _recall_runs(state: AppState, entries: Mapping[str, Any]) -> None:
    """Take back the runs whose folders are still there."""
    runs = {str(digest): _run_from_json(entry) for digest, entry in entries.items()}
    state.further.restore({digest: run for digest, run in runs.items() if is_there(run.folder)})


def _run_to_json(run: UnfinishedRun) -> dict[str, Any]:
    told = {"settings": settings_to_json(run.settings), "data_options": run.data_options.to_json()}
    return asdict(run) | told


def _run_from_json(entry: Mapping[str, Any]) -> UnfinishedRun:
    run = {field.name: entry[field.name] for field in fields(UnfinishedRun) if field.name in entry}
    run["settings"] = settings_from_json(run["settings"])
    run["data_options"] = options_from_json(run.get("data_options", {}))
    kinds = {"folder": str, "name": str, "data_path": str, "epoch": int, "when": float, "learning_rate": float}
    if not all(isinstance(run[name], kind) for name, kind in kinds.items()):
        raise TypeError("a run is described by words and numbers")
    return UnfinishedRun(**run)
