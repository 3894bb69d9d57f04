"""Requests to the trainer and what it reports."""

from __future__ import annotations

from dataclasses import dataclass

from models.protocol.descriptions import ControlAction, FinishReason, Terms, TrainSettings


@dataclass(frozen=True)
class Train:
    """Train on a data set; checkpoints go to ``run_folder``. With ``resume`` the newest one there is continued."""

    id: int
    data_path: str
    run_folder: str
    name: str
    settings: TrainSettings
    resume: bool = False


@dataclass(frozen=True)
class Control:
    """Steer the running training; ``stop`` keeps the model, ``discard`` does not."""

    id: int
    action: ControlAction


@dataclass(frozen=True)
class TrainStarted:
    """The data is loaded and the first step compiled; ``loss`` says what is minimized and where its KL comes from."""

    id: int
    data_name: str
    train_count: int
    test_count: int
    steps_per_epoch: int
    first_epoch: int
    loss: str


@dataclass(frozen=True)
class Progress:
    """About ten times a second: means over the last chunk of steps; times in seconds."""

    id: int
    epoch: float
    epochs: int
    step: int
    train: Terms
    images_per_second: float
    elapsed: float
    remaining: float
    paused: bool = False


@dataclass(frozen=True)
class EpochDone:
    """End of an epoch: training means, and the test images with one draw of ε each."""

    id: int
    epoch: int
    train: Terms
    test: Terms


@dataclass(frozen=True)
class CheckpointWritten:
    """A complete checkpoint stands on disk; ``path`` is its model file."""

    id: int
    path: str
    epoch: int


@dataclass(frozen=True)
class Finished:
    """The training has ended; ``path`` is the kept model file, None if discarded."""

    id: int
    reason: FinishReason
    path: str | None
    epoch: int
