"""A training in a separate process, to be killed: ``trainee.py DATA RUN EPOCHS`` resumes what it finds."""

from __future__ import annotations

import sys
from pathlib import Path

from models.core.settings import TrainSettings
from models.protocol.training import CheckpointWritten, Finished, Train, TrainStarted
from models.training import recorder, run
from models.training.storage.checkpoint import latest_checkpoint

SETTINGS = TrainSettings(hidden=(12, 8), latent_dim=3, batch_size=16, seed=5)


def main(data: str, run_folder: str, epochs: int) -> None:
    """Train with a checkpoint every epoch, and report the start, the checkpoints and the end."""
    recorder.SECONDS_PER_CHECKPOINT = 0.0
    recorder.TRAINING_PER_WRITING = 0.0
    settings = TrainSettings(**{**vars(SETTINGS), "epochs": epochs})
    resume = latest_checkpoint(Path(run_folder)) is not None
    for event in run.TrainingRun(Train(1, data, run_folder, "tiny", settings, resume)).events():
        if isinstance(event, TrainStarted):
            print("started", event.first_epoch, flush=True)
        elif isinstance(event, CheckpointWritten):
            print("written", event.epoch, flush=True)
        elif isinstance(event, Finished):
            print("finished", event.epoch, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
