"""Shared training: clusters are described in full, and replicas take the steps of one with all their batches."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.errors import UserError
from models.training.cluster import Cluster, read_cluster
from models.training.storage.checkpoint import latest_checkpoint
from models.vae.model_file import open_model
from tests.models.conftest import blobs
from tests.support.command_line import run
from tests.support.places import ROOT

OPTIONS = ["--epochs", "3", "--hidden", "12,8", "--latent-dim", "3", "--average", "0.9", "--seed", "5"]
STREAMED = ("--memory-limit", "0")
TWO = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}


def config(cluster: object, kind: object = "worker", index: object = 0) -> str:
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


# ----------------------------------------------------------------------------------------------------- TF_CONFIG


def test_the_first_worker_is_the_chief_unless_there_is_one() -> None:
    assert read_cluster(config(TWO)) == Cluster(2, True)
    assert read_cluster(config(TWO, index=1)) == Cluster(2, False)
    named = {**TWO, "chief": ["first:1"]}
    assert read_cluster(config(named)) == Cluster(3, False)
    assert read_cluster(config(named, "chief")) == Cluster(3, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is not set; every machine needs it"),
        ("{", "it is not JSON"),
        ("[]", "it has no cluster"),
        ('{"cluster": {"worker": ["a:1"]}}', "it has no task"),
        (config({}), "its jobs are worker and chief, not none"),
        (config({"worker": ["a:1"], "ps": ["b:1"]}), "its jobs are worker and chief, not ps"),
        (config({"worker": []}), "worker in its cluster must be a list of addresses"),
        (config({"worker": "a:1"}), "worker in its cluster must be a list of addresses"),
        (config({"worker": ["a"]}), "an address is host:port, not 'a'"),
        (config({"worker": ["a:1", "a:1"]}), "an address stands twice"),
        (config(TWO, "chief"), "the type of its task is one of worker, not 'chief'"),
        (config(TWO, index=2), "the index of its task is 0 to 1, not 2"),
        (config(TWO, index="0"), "the index of its task is 0 to 1, not '0'"),
    ],
)
def test_a_cluster_that_is_not_described_in_full_is_refused(text: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        read_cluster(text)
    assert caught.value.subject == "TF_CONFIG"
    assert expected in caught.value.reason
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------------ training


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cluster") / "blobs.npy"
    np.save(path, blobs(320))
    return path


def ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return found


@contextmanager
def started(
    data: Path, out: Path, options: list[str], tf_config: str = "", before: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Run ``latentscape train`` in a separate process, which does not outlive the block."""
    code = f"import sys; {before or 'pass'}; from explorer.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "train", str(data), "--out", str(out), *OPTIONS, *options, "--json"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"} | ({"TF_CONFIG": tf_config} if tf_config else {})
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1]) if output else {}


def curve(path: Path) -> list[float]:
    losses: list[float] = json.loads(path.read_text())["loss"]
    return losses


def alone(data: Path, folder: Path, *more: str) -> tuple[list[float], dict[str, np.ndarray]]:
    out = folder / "alone.safetensors"
    options = ["--batch-size", "32", "--history", str(folder / "alone.json"), *more]
    done = run(folder, "train", data, "--out", out, *OPTIONS, *options)
    assert done.returncode == 0, done.stderr
    return curve(folder / "alone.json"), open_model(out).parameters


def close(one: dict[str, np.ndarray], two: dict[str, np.ndarray]) -> bool:
    return all(np.allclose(one[name], two[name], rtol=1e-3, atol=1e-4) for name in one)


@pytest.mark.slow
def test_two_workers_make_the_steps_of_one_with_the_doubled_batch(data: Path, tmp_path: Path) -> None:
    addresses = {"worker": [f"127.0.0.1:{port}" for port in ports(2)]}
    chief, other = tmp_path / "chief.safetensors", tmp_path / "other.safetensors"
    shared = ["--batch-size", "16", "--strategy", "multiworker"]
    record = ["--history", str(tmp_path / "chief.json")]
    with (
        started(data, chief, [*shared, *record], config(addresses)) as first,
        started(data, other, shared, config(addresses, index=1)) as second,
    ):
        assert told(first)["reason"] == "complete"
        assert told(second) == {}
    assert not other.exists()
    assert not other.with_suffix(".run").exists()
    losses, weights = alone(data, tmp_path)
    assert curve(tmp_path / "chief.json") == pytest.approx(losses, rel=1e-4)
    assert close(open_model(chief).parameters, weights)


TWO_DEVICES = (
    "import tensorflow as tf; d = tf.config.list_physical_devices('CPU')[0]; "
    "tf.config.set_logical_device_configuration(d, [tf.config.LogicalDeviceConfiguration()] * 2)"
)


def test_two_devices_make_the_steps_of_one_with_the_doubled_batch(data: Path, tmp_path: Path) -> None:
    out, record = tmp_path / "two.safetensors", tmp_path / "two.json"
    options = ["--batch-size", "16", "--strategy", "mirrored", "--history", str(record), *STREAMED]
    with started(data, out, options, before=TWO_DEVICES) as process:
        told(process)
    losses, weights = alone(data, tmp_path, *STREAMED)
    assert curve(record) == pytest.approx(losses, rel=1e-4)
    assert close(open_model(out).parameters, weights)


@pytest.mark.slow
def test_a_worker_that_dies_ends_the_run_and_leaves_the_checkpoint(data: Path, tmp_path: Path) -> None:
    addresses = {"worker": [f"127.0.0.1:{port}" for port in ports(2)]}
    out = tmp_path / "chief.safetensors"
    shared = ["--batch-size", "16", "--strategy", "multiworker", "--epochs", "100000"]
    with (
        started(data, out, shared, config(addresses)) as first,
        started(data, tmp_path / "other.safetensors", shared, config(addresses, index=1)) as second,
    ):
        wait_for(out.with_suffix(".run"), first)
        second.kill()
        _, errors = first.communicate(timeout=100)
    assert first.returncode == 2
    assert "a worker of the cluster is gone or cannot be reached" in errors
    assert "--resume" in errors
    checkpoint = latest_checkpoint(out.with_suffix(".run"))
    assert checkpoint is not None
    goes_on(data, out, len(checkpoint.history) + 2)


def goes_on(data: Path, out: Path, epochs: int) -> None:
    """Check that both workers resume, and agree on where."""
    addresses = {"worker": [f"127.0.0.1:{port}" for port in ports(2)]}
    resumed = ["--strategy", "multiworker", "--epochs", str(epochs), "--resume"]
    with (
        started(data, out, resumed, config(addresses)) as first,
        started(data, out, resumed, config(addresses, index=1)) as second,
    ):
        assert told(first)["reason"] == "complete"
        assert told(second) == {}
    info = open_model(out).info
    assert info.epoch == epochs
    assert "--batch-size 32" in info.recipe


def wait_for(run_folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until there is a checkpoint."""
    while not list(run_folder.glob("checkpoint-*")):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)


@pytest.mark.parametrize(
    ("options", "tf_config", "expected"),
    [
        (["--strategy", "multiworker"], "", "TF_CONFIG: it is not set"),
        (["--strategy", "multiworker"], "{", "TF_CONFIG: it is not JSON"),
        pytest.param(
            ["--strategy", "mirrored", "--batch-size", "200"],
            "",
            "2 replicas take 400 images a step, there are 288",
            marks=pytest.mark.slow,
        ),
        (["--strategy", "mirrored", "--free-bits", "0.1"], "", "free bits are counted on a whole batch"),
    ],
)
def test_what_cannot_be_shared_is_said_in_one_line(
    options: list[str], tf_config: str, expected: str, data: Path, tmp_path: Path
) -> None:
    before = "" if "multiworker" in options else TWO_DEVICES
    with started(data, tmp_path / "m.safetensors", options, tf_config, before) as process:
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 2
    # TensorFlow, imported for the devices before the command, prints more.
    said = [line for line in errors.splitlines() if not before or line.startswith("latentscape:")]
    assert len(said) == 1
    assert expected in said[0]
