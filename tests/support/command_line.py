"""The command line as a user types it: in this process, in one that is forked, or in one of its own."""

from __future__ import annotations

import io
import json
import os
import runpy
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import numpy as np

from explorer.cli import main as cli
from explorer.cli import science
from models.workers import process
from tests.support.folders import put_own_code
from tests.support.places import ROOT
from tests.support.workers import forking

PATIENCE = 100


def command(*arguments: object) -> list[str]:
    """Return the arguments that start the command."""
    return [sys.executable, "-m", "explorer.cli", *map(str, arguments)]


def interruptible(*arguments: object) -> list[str]:
    """Return what starts the command with no signal ignored, as a terminal does; a script's background ignores some."""
    usual = "; ".join(f"signal.signal(signal.{name}, signal.SIG_DFL)" for name in ("SIGINT", "SIGHUP", "SIGTERM"))
    return [sys.executable, "-c", f"import os, signal; {usual}; os.execv({sys.executable!r}, {command(*arguments)!r})"]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a command in ``folder``, with its own cache."""
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "LATENTSCAPE_CACHE": str(folder / "cli-cache")}


def set_for_others(folder: Path) -> dict[str, str]:
    """Return an environment in which a person has set up other programs in ways that this one cannot use."""
    (folder / "keras.json").write_text('{"image_data_format": "channels_first", "floatx": "float16", "backend": "jax"}')
    return {"KERAS_BACKEND": "torch", "KERAS_HOME": str(folder), "PYQTGRAPH_QT_LIB": "PyQt5", "QT_API": "pyqt5"}


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` to its end, in this process: all of it but the start of a process of its own.

    TensorFlow cannot be set up twice, and standard error is caught as it is.
    """
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment(folder)),
        patch.object(process, "start_tensorflow"),
        patch.object(science, "_divert_native_output"),
        chdir(folder),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        code = cli.main([str(argument) for argument in arguments])
    return subprocess.CompletedProcess(command(*arguments), code, output.getvalue(), errors.getvalue())


def run_process(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder``, where a person's own code lies, to its end, in a process of its own."""
    put_own_code(folder)
    options = {"cwd": folder, "env": environment(folder) | set_for_others(folder), "timeout": PATIENCE}
    return subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **options)


def run_forked(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in a process that is forked with TensorFlow imported, whose import takes seconds."""
    names = [folder / f"{name}-{os.urandom(4).hex()}.txt" for name in ("output", "errors")]
    # As in the window, a process starts in the environment that it is given.
    with patch.dict(os.environ, environment(folder)):
        child = forking().Process(target=_start, args=(folder, names, [str(argument) for argument in arguments]))
        child.start()
    child.join(PATIENCE)
    output, errors = (name.read_text(encoding="utf-8") for name in names)
    for name in names:
        name.unlink()
    assert child.exitcode is not None
    return subprocess.CompletedProcess(command(*arguments), child.exitcode, output, errors)


def _start(folder: Path, names: list[Path], arguments: list[str]) -> None:
    """Start the command in this process as Python's -m does, with standard output and error in files."""
    for number, name in enumerate(names, 1):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.chdir(folder)
    sys.argv = ["latentscape", *arguments]
    try:
        runpy.run_module("explorer.cli", run_name="__main__", alter_sys=False)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def result(folder: Path, *arguments: object) -> dict[str, object]:
    """Run with ``--json`` and return the object, which must be all that was said."""
    return said_by(run(folder, *arguments, "--json"))


def said_by(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """Return the object that a command has printed, which must be all that was said."""
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1
    values: dict[str, object] = json.loads(done.stdout)
    return values


def fill_workshop(folder: Path) -> None:
    """Write a data set of soft spots, a model trained on it and the output of the training to ``folder``."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(0, 8, (200, 2, 1))
    distance = (np.arange(8)[None, :, None] - centres[:, :1]) ** 2 + (np.arange(8)[None, None] - centres[:, 1:]) ** 2
    np.savez(folder / "spots.npz", images=(255 * np.exp(-0.3 * distance)).astype(np.uint8), labels=np.arange(200) % 2)
    done = run_forked(
        folder, "train", "spots.npz", "--out", "spots.safetensors", "--epochs", 3, "--latent-dim", 2,
        "--hidden", "16,8", "--likelihood", "continuous_bernoulli",
        "--batch-size", 20, "--learning-rate", 0.002, "--beta", 2, "--seed", 9, "--json",
    )  # fmt: skip
    (folder / "train.json").write_text(json.dumps(said_by(done)))
