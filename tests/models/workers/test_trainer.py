"""The real trainer, over a real pipe: it is steered, survives failures, and ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from models.core.settings import TrainSettings
from models.protocol.lifecycle import Failed
from models.protocol.training import CheckpointWritten, Control, EpochDone, Finished, Progress, Train
from tests.support.endings import still_running
from tests.support.places import ROOT
from tests.support.spawned import Worker, spawned


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    yield from spawned("trainer", tmp_path_factory)


def test_training_is_steered_between_chunks(trainer: Worker, tiny_data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(hidden=(12,), latent_dim=3, batch_size=16, epochs=100_000)
    trainer.send(Train(1, str(tiny_data), str(tmp_path / "run"), "tiny", settings))
    trainer.until(EpochDone)
    trainer.send(Control(2, "pause"))
    while not trainer.until(Progress).paused:
        pass
    assert trainer.silent(0.3)
    refused = trainer.ask(Train(3, str(tiny_data), str(tmp_path / "run"), "tiny", settings), Failed)
    assert refused.message == "a training is already running"
    trainer.send(Control(4, "resume"))
    trainer.until(CheckpointWritten)
    trainer.send(Control(5, "stop"))
    finished = trainer.until(Finished)
    assert finished.reason == "stopped"
    assert Path(finished.path).is_file()
    assert trainer.ask(Control(6, "stop"), Failed).message == "no training is running"


def test_a_pause_before_the_first_step_is_answered_after_it(trainer: Worker, tiny_data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(hidden=(12,), latent_dim=3, batch_size=16, epochs=100_000)
    trainer.send(Train(1, str(tiny_data), str(tmp_path / "run"), "tiny", settings))
    trainer.send(Control(2, "pause"))
    assert trainer.until(Progress).paused
    assert trainer.silent(0.3)
    trainer.send(Control(3, "resume"))
    assert not trainer.until(Progress).paused
    trainer.send(Control(4, "discard"))
    assert trainer.until(Finished).reason == "discarded"


def test_a_training_that_fails_leaves_a_trainer_that_works(trainer: Worker, tiny_data: Path, tmp_path: Path) -> None:
    for settings, message in (
        (TrainSettings(epochs=0), "epochs must be between 1 and 100,000, not 0"),
        (TrainSettings(hidden=(99_999,)), "hidden layers must be up to 8 numbers between 1 and 8,192, not 99999"),
    ):
        trainer.send(Train(1, str(tiny_data), str(tmp_path / "run"), "tiny", settings))
        assert trainer.receive().message == message
    trainer.send(Train(2, str(tmp_path / "nowhere"), str(tmp_path / "run"), "tiny", TrainSettings()))
    assert trainer.receive().message == "nowhere: no such file or directory"
    settings = TrainSettings(hidden=(12,), latent_dim=3, batch_size=16, epochs=1)
    trainer.send(Train(3, str(tiny_data), str(tmp_path / "run"), "tiny", settings))
    assert trainer.until(Finished).reason == "complete"


def test_the_trainer_leaves_the_window_its_time(trainer: Worker) -> None:
    assert psutil.Process(trainer.process.pid).nice() == min(19, psutil.Process().nice() + 10)


PARENT = """
import multiprocessing, sys, time
from models.protocol.training import EpochDone, Train; from models.core.settings import TrainSettings
from models.workers.process import main

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=main, args=("trainer", theirs, sys.argv[3]), daemon=True)
    process.start()
    theirs.close()
    settings = TrainSettings(hidden=(512, 512), epochs=100_000)
    ours.send(Train(1, sys.argv[1], sys.argv[2], "x", settings))
    while not isinstance(ours.recv(), EpochDone):
        pass
    print(process.pid, flush=True)
    while True:
        ours.recv()
"""
# The main thread is in a call that never returns: only the watchdog thread can end the process.
STUCK_PARENT = """
import multiprocessing, sys, threading
from models.workers.process import exit_with_parent

def stuck(pipe):
    exit_with_parent()
    pipe.send("watching")
    threading.Event().wait()

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=stuck, args=(theirs,), daemon=True)
    process.start()
    ours.recv()
    print(process.pid, flush=True)
    process.join()
"""


@pytest.mark.parametrize("source", [STUCK_PARENT, pytest.param(PARENT, marks=pytest.mark.slow)])
def test_a_worker_does_not_outlive_its_parent(source: str, tiny_data: Path, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(source)
    arguments = [sys.executable, str(script), str(tiny_data), str(tmp_path / "run"), str(tmp_path / "log")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    alive = still_running([worker], 10.0)
    for process in alive:
        process.kill()
    assert not alive
