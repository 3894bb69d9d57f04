"""Small trainings: their requests, what they say, and the weights they end with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from models.protocol.messages import Reply
from models.protocol.training import Finished, Train
from models.training.run import TrainingRun
from models.vae.model_file import open_model
from tests.models.conftest import SETTINGS


def request(data: Path, run_folder: Path, resume: bool = False, **changes: object) -> Train:
    return Train(7, str(data), str(run_folder), "tiny", replace(SETTINGS, **changes), resume)


def events(run: TrainingRun) -> Iterator[Reply]:
    return (event for event in run.events() if event is not None)


def trained(data: Path, run_folder: Path, **changes: object) -> list[Reply]:
    return list(events(TrainingRun(request(data, run_folder, **changes))))


def weights(finished: Reply) -> dict[str, bytes]:
    assert isinstance(finished, Finished)
    assert finished.path is not None
    return {name: values.tobytes() for name, values in open_model(finished.path).parameters.items()}
