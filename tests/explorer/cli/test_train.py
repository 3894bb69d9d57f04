"""Training on the command line: what it writes, how it ends and how it is resumed."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from explorer.cli.main import cli
from explorer.cli.stopping import stopped_by_signals
from explorer.cli.train import parse_sizes
from models.core.errors import UserError
from models.core.setting_table import SETTINGS
from models.core.setting_text import command_of, split_comment
from models.core.settings import TrainSettings
from models.training.storage.checkpoint import checkpoint_folders
from models.training.storage.folder import RunFolder
from tests.faults.committer import STEPS, commit
from tests.support.command_line import PATIENCE, command, environment, interruptible, result, run

SMALL = ("--hidden", "8", "--batch-size", 20)


def test_every_setting_of_a_training_is_an_option_with_its_default() -> None:
    options = cli.commands["train"].make_context("train", ["data", "--out", "model.safetensors"]).params
    for field in fields(TrainSettings):
        default = field.default
        expected = ",".join(map(str, default)) if isinstance(default, tuple) else default
        assert options[field.name] == expected, field.name


def test_train_leaves_the_model_and_says_how_it_is(workshop: Path) -> None:
    values = json.loads((workshop / "train.json").read_text())
    assert (values["reason"], values["epoch"], values["name"]) == ("complete", 3, "spots")
    assert {"elbo", "reconstruction", "kl", "nll", "active_units"} == set(values["metrics"])
    assert values["images_per_second"] > 0
    assert (values["run_folder"], values["checkpoint"]) == (None, "spots.run")
    assert not (workshop / "spots.run" / "epochs").exists()  # only what is needed to train further
    described = result(workshop, "info", "spots.safetensors")
    assert described["sha256"] == values["sha256"]
    assert described["settings"] == values["settings"] | {"hidden": [16, 8], "beta": 2.0, "seed": 9}


def test_a_training_that_went_wrong_says_so(workshop: Path, tmp_path: Path) -> None:
    options = ("--epochs", 8, "--latent-dim", 2, "--hidden", 8, "--batch-size", 20, "--learning-rate", 0.01)
    arguments = ("train", workshop / "spots.npz", "--out", tmp_path / "c.safetensors", *options)
    assert "posterior collapse" in run(workshop, *arguments, "--beta", 1000).stdout.splitlines()[-1]
    assert result(workshop, *arguments, "--beta", 0.01, "--overwrite")["trouble"] == ""


def test_the_recipe_makes_the_same_file_again(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "spots.npz").write_bytes((workshop / "spots.npz").read_bytes())
    recipe = json.loads((workshop / "train.json").read_text())["recipe"]
    assert recipe in run(workshop, "info", "spots.safetensors").stdout
    done = run(tmp_path, *shlex.split(recipe)[1:])
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "spots.safetensors").read_bytes() == (workshop / "spots.safetensors").read_bytes()
    assert "ELBO" in done.stdout


@pytest.mark.parametrize("data", ["mnist_10k", "sprites:200:1", "my data/a b.npz", "-x.npz", "~x.npy", "it's.npy"])
@pytest.mark.parametrize(
    "settings",
    [
        TrainSettings(),
        TrainSettings(hidden=(), likelihood="gaussian", seed=1 << 40),
        TrainSettings(restore_best_weights=True, early_stopping_patience=3, learning_rate=1e-8),
    ],
)
def test_the_recipe_can_be_pasted(data: str, settings: TrainSettings) -> None:
    command, told = split_comment(command_of(data, "-it's mine", settings, [(2.5, 1e-3, 1.0)]))
    program, *words = shlex.split(command)
    parsed = cli.commands[words[0]].make_context("train", words[1:]).params
    assert (program, Path(parsed["data"]), parsed["out"]) == ("latentscape", Path(data), Path("-it's mine.safetensors"))
    lists = {row.name: parse_sizes(parsed[row.name], row.name) for row in SETTINGS.values() if row.kind == "sizes"}
    assert TrainSettings(**{name: parsed[name] for name in SETTINGS} | lists) == settings
    assert told == "learning rate 0.001, β 1 until epoch 2.50"


def test_an_interrupted_training_keeps_what_it_has_and_goes_on_as_if_nothing_had_been(workshop: Path) -> None:
    options = ("--out", "stopped.safetensors", "--epochs", 100_000, *SMALL, "--json")
    arguments = interruptible("train", "spots.npz", *options)
    with subprocess.Popen(
        arguments, cwd=workshop, env=environment(workshop), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        _wait_for(process, workshop / "stopped.run")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    values = json.loads(output)
    assert values["reason"] == "stopped"
    assert values["epoch"] >= 1
    assert result(workshop, "info", "stopped.safetensors")["epoch"] == values["epoch"]
    assert values["run_folder"] == "stopped.run"
    restart = run(workshop, "train", "spots.npz", "--out", "stopped.safetensors", *SMALL)
    assert restart.returncode == 2
    assert f"this run was stopped after epoch {values['epoch']}; use --resume to continue it" in restart.stderr
    epochs = values["epoch"] + 2
    again = ("spots.npz", "--out", "stopped.safetensors", "--resume", "--epochs", epochs, "--history", "stopped.json")
    assert result(workshop, "train", *again)["reason"] == "complete"
    assert json.loads((workshop / "stopped.json").read_text())["epoch"] == list(range(epochs))
    result(workshop, "train", "spots.npz", "--out", "whole.safetensors", "--epochs", epochs, *SMALL)
    one, other = (load_file(workshop / f"{name}.safetensors") for name in ("stopped", "whole"))
    assert {name: array.tobytes() for name, array in one.items()} == {
        name: array.tobytes() for name, array in other.items()
    }


def test_a_training_that_is_complete_is_trained_further(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop / "spots.run", tmp_path / "more.run")
    shutil.copy(workshop / "spots.safetensors", tmp_path / "more.safetensors")
    arguments = ("train", "spots.npz", "--out", tmp_path / "more.safetensors")
    done = run(workshop, *arguments, "--resume", "--epochs", 3)
    assert (done.returncode, done.stderr.partition("more.run: ")[2]) == (
        2, "this run is complete after 3 epochs; use --epochs with more than 3 to train further\n",
    )  # fmt: skip
    values = result(workshop, *arguments, "--resume", "--epochs", 5, "--history", tmp_path / "more.json")
    assert (values["reason"], values["epoch"]) == ("complete", 5)
    assert json.loads((tmp_path / "more.json").read_text())["epoch"] == list(range(5))
    described = result(workshop, "info", tmp_path / "more.safetensors")
    assert str(described["recipe"]).endswith("# trained further after epoch 3")
    # The run can be started over, since its model is where it was asked for; then it cannot.
    again = ("--epochs", 1, "--latent-dim", 2, *SMALL, "--overwrite")
    assert result(workshop, *arguments, *again)["epoch"] == 1
    (tmp_path / "more.safetensors").write_bytes(b"another")
    assert "use --resume to continue it" in run(workshop, *arguments, *again).stderr


def test_a_shutdown_stops_a_training_as_ctrl_c_does(workshop: Path, tmp_path: Path) -> None:
    run_folder, before = tmp_path / "ended.run", signal.getsignal(signal.SIGTERM)

    def shut_down() -> None:
        while not any(run_folder.glob("checkpoint-*")):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=shut_down)
    thread.start()
    options = ("--out", tmp_path / "ended.safetensors", "--epochs", 100_000, *SMALL)
    values = result(workshop, "train", "spots.npz", *options)
    thread.join()
    assert (values["reason"], values["run_folder"]) == ("stopped", str(run_folder))
    assert result(workshop, "info", tmp_path / "ended.safetensors")["epoch"] == values["epoch"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_signal_that_is_ignored_stays_ignored_and_a_second_one_is_no_longer_held() -> None:
    told: list[str] = []
    with _handled(signal.SIGINT, signal.default_int_handler):
        with _handled(signal.SIGHUP, signal.SIG_IGN), stopped_by_signals(lambda: told.append("stop")):
            os.kill(os.getpid(), signal.SIGHUP)
            assert told == []
            os.kill(os.getpid(), signal.SIGTERM)
            assert told == ["stop"]
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@contextlib.contextmanager
def _handled(number: int, handler: Callable[..., object] | signal.Handlers) -> Iterator[None]:
    before = signal.signal(number, handler)
    yield
    signal.signal(number, before)


def test_a_closed_terminal_does_not_cost_the_model(workshop: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    options = ("--out", tmp_path / "alone.safetensors", "--epochs", 100_000, *SMALL)
    own_terminal = f"import fcntl, os, sys, termios; fcntl.ioctl({theirs}, termios.TIOCSCTTY, 0); "
    start = f"{own_terminal}os.execv(sys.executable, {interruptible('train', 'spots.npz', *options)!r})"
    with subprocess.Popen(
        [sys.executable, "-c", start], cwd=workshop, env=environment(workshop), stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True, pass_fds=[theirs],
    ) as process:  # fmt: skip
        os.close(theirs)
        _wait_for(process, tmp_path / "alone.run")
        os.close(ours)
        assert process.wait(PATIENCE) == 0
    assert result(workshop, "info", tmp_path / "alone.safetensors")["epoch"] >= 1


def _wait_for(process: subprocess.Popen[Any], run_folder: Path) -> None:
    """Wait until the first checkpoint is written."""
    while not any(run_folder.glob("checkpoint-*")):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        assert process.poll() is None


@pytest.mark.slow  # a training killed again and again is among the faults
def test_a_killed_training_is_resumed(workshop: Path) -> None:
    options = ("spots.npz", "--out", "killed.safetensors", *SMALL, "--json")
    with subprocess.Popen(
        command("train", *options, "--epochs", 100_000),
        cwd=workshop,
        env=environment(workshop),
        stdout=subprocess.DEVNULL,
    ) as process:
        _wait_for(process, workshop / "killed.run")
        process.kill()
    assert not (workshop / "killed.safetensors").exists()
    refused = run(workshop, "train", *options, "--epochs", 1)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    reached = re.match(r"latentscape: killed\.run: .* interrupted after epoch (\d+); use --resume", refused.stderr)
    assert reached is not None
    other = run(workshop, "train", *options, "--latent-dim", 3, "--resume")
    assert other.stderr == "latentscape: killed.run: this run was started with latent dim 50, not 3\n"
    # Options that are not typed keep their values.
    few = ("spots.npz", "--out", "killed.safetensors", "--json", "--epochs", 1)
    done = run(workshop, "train", *few, "--resume", "--history", "killed.json")
    assert "--hidden 8" in json.loads(done.stdout)["recipe"]
    assert json.loads(done.stdout)["reason"] == "complete"
    assert json.loads((workshop / "killed.json").read_text())["epoch"] == list(range(int(reached[1])))


def test_curves_and_early_stopping_have_the_names_of_keras(workshop: Path) -> None:
    values = result(
        workshop, "train", "spots.npz", "--out", "early.safetensors", "--hidden", "8", "--epochs", 500, "--average", 0,
        "--learning-rate", 0.05, "--early-stopping-patience", 2, "--min-delta", 0.1, "--restore-best-weights",
        "--history", "curves.csv", "--logdir", "log",
    )  # fmt: skip
    assert values["reason"] == "early"
    with (workshop / "curves.csv").open(newline="") as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert values["epoch"] == len(losses) - 2
    assert min(losses) >= losses[-3] - 0.1
    assert "--early-stopping-patience 2 --min-delta 0.1 --restore-best-weights" in str(values["recipe"])
    assert [len(list((workshop / "log" / part).iterdir())) for part in ("train", "validation")] == [1, 1]


def test_curves_that_cannot_be_written_cost_neither_the_model_nor_themselves(workshop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "lost.safetensors"
    done = run(
        workshop, "train", "spots.npz", "--out", out, "--epochs", 2, *SMALL, "--history", tmp_path / "file/c.csv"
    )
    kept, run_folder = out.read_bytes(), tmp_path / "lost.run"
    assert done.returncode == 2
    assert done.stderr == (
        f"latentscape: {tmp_path}/file/c.csv: cannot be written: a file stands where a folder should be; the model is "
        f"kept in {out}; the curves are kept in {run_folder}, and --resume --history FILE writes them\n"
    )
    result(workshop, "train", "spots.npz", "--out", out, "--resume", "--history", tmp_path / "c.csv")
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 3
    assert out.read_bytes() == kept


def test_damaged_checkpoints_are_not_removed_for_a_new_run(workshop: Path, tmp_path: Path) -> None:
    left = RunFolder(tmp_path / "left.run", 1)
    left.begin()
    commit(left, STEPS)
    left.close()
    (checkpoint,) = checkpoint_folders(left.path)
    (checkpoint / "state.safetensors").write_bytes(b"damaged")
    (left.path / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in left.path.rglob("*") if path.is_file() and path.name != "run.lock"}
    arguments = ("train", "spots.npz", "--out", tmp_path / "left.safetensors", "--epochs", 1, *SMALL)
    refused = run(workshop, *arguments)
    assert refused.returncode == 2
    assert "none of its checkpoints is whole; move it away to start over" in refused.stderr
    assert all(path.read_bytes() == content for path, content in before.items())


def test_hidden_layers_are_a_list_of_numbers() -> None:
    assert parse_sizes("256,128", "hidden") == (256, 128)
    assert parse_sizes("", "hidden") == ()
    with pytest.raises(UserError, match="is not a list of numbers like 256,128"):
        parse_sizes("256;128", "hidden")
