"""Files of arrays and models of TensorFlow.js give what they should; files of other kinds are named, with a way on."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

from models.core.errors import UserError
from models.importing.opening import read_model
from tests.fixtures.make_keras import PAIRS
from tests.models.importing.opening import opened, same
from tests.models.importing.test_torch import compare_dense, dense_weights
from tests.support.places import ROOT


def test_weights_in_safetensors_and_npz(tmp_path: Path) -> None:
    save_file(dense_weights(), tmp_path / "vae.safetensors")
    np.savez(tmp_path / "vae.npz", **dense_weights())
    for name in ("vae.safetensors", "vae.npz"):
        compare_dense(tmp_path / name)


def _tfjs(folder: Path, model: keras.Model, **changes: object) -> Path:
    """Write a layers model as the converter of TensorFlow.js does, with two shards."""
    arrays = {f"{weight.path}": weight.numpy() for weight in model.weights}
    data = b"".join(values.tobytes() for values in arrays.values())
    for number, piece in enumerate((data[: len(data) // 2], data[len(data) // 2 :])):
        (folder / f"group1-shard{number + 1}of2.bin").write_bytes(piece)
    entries = [{"name": key, "shape": list(values.shape), "dtype": "float32"} for key, values in arrays.items()]
    group = {"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"], "weights": entries} | changes
    topology = {"keras_version": "3.0", "model_config": json.loads(model.to_json())}
    content = {"format": "layers-model", "modelTopology": topology, "weightsManifest": [group]}
    (folder / "model.json").write_text(json.dumps(content))
    return folder / "model.json"


def test_a_layers_model_of_tensorflow_js(tmp_path: Path) -> None:
    _, decoder = PAIRS["convolutional"](keras)
    z = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    same(opened([_tfjs(tmp_path, decoder)]).decode(z), decoder(z))


@pytest.mark.parametrize("place", ["../model.bin", "/etc/passwd", "link.bin", ""])
def test_shards_elsewhere_are_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    path = _tfjs(tmp_path, PAIRS["dense"](keras)[1], paths=[place])
    with pytest.raises(UserError, match="not a plain file beside it"):
        read_model(path)


def _written(content: bytes, name: str = "model.bin") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _saved_model(folder: Path) -> Path:
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"x")
    return folder / "saved"


def _h5(change: Callable[[h5py.Group], object]) -> Callable[[Path], Path]:
    """Return what writes a model in HDF5 of which the weights of a layer are something else."""

    def make(folder: Path) -> Path:
        path = folder / "model.h5"
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(16, name="only")])
        model.save(path)
        with h5py.File(path, "r+") as file:
            group = file["model_weights/only"]
            while "kernel" not in group:
                group = next(iter(group.values()))
            del group["kernel"]
            change(group)
        return path

    return make


def _outside(group: h5py.Group) -> None:
    group.create_dataset("kernel", (2, 16), "f4", external=[("/etc/passwd", 0, 128)])


def _virtual(group: h5py.Group) -> None:
    layout = h5py.VirtualLayout((2, 16), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (2, 16))
    group.create_virtual_dataset("kernel", layout)


def _linked(group: h5py.Group) -> None:
    group["kernel"] = h5py.ExternalLink("/etc/passwd", "/x")


def _vast(group: h5py.Group) -> None:
    group.create_dataset("kernel", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))


HEADER = json.dumps({"a.weight": {"dtype": "F32", "shape": [1 << 40, 4], "data_offsets": [0, 8]}}).encode()
DEEP = b'{"modelTopology":' + b'{"a":' * 100_000


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_saved_model, "saved: this is a TensorFlow SavedModel, a program, which can do all that you can"),
        (_written(b"\x1c\0\0\0TFL3" + bytes(20)), "this is a TensorFlow Lite model; import the model"),
        (_written(b"GGUF" + bytes(20)), "this is a GGUF model"),
        (_written(b"weights", "model.ckpt"), "this is a checkpoint; load it into its model"),
        (_written(b""), "the file is empty"),
        (_written(b"something"), "this is no model that is known here; .keras, .h5, .onnx, .pt2"),
        (_written(b"PK\x05\x06" + bytes(18)), "this is no model that is known here"),
        (_written(b"PK\x03\x04" + bytes(40)), "the archive is truncated or damaged"),
        (_written(b"\x89HDF\r\n\x1a\n" + bytes(40)), "the HDF5 in it is truncated or damaged"),
        (_written(DEEP), "its configuration is nested too deep"),
        (_written(b'{"a": 1}'), "this is JSON, but no model of TensorFlow.js"),
        (_written(struct.pack("<Q", len(HEADER)) + HEADER + bytes(8)), "a.weight is truncated or damaged"),
        (_h5(_outside), "is kept in another file, which is not followed"),
        (_h5(_virtual), "is kept in another file, which is not followed"),
        (_h5(_linked), "is missing; only what is in the file itself is read"),
        (_h5(_vast), "it has more than 134,217,728 parameters"),
    ],
)
def test_other_files_are_named_and_refused(make: Callable[[Path], Path], reason: str, tmp_path: Path) -> None:
    path = make(tmp_path)
    with pytest.raises(UserError) as caught:
        read_model(path)
    assert caught.value.subject == path.name
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_readers_are_imported_when_a_file_needs_them() -> None:
    """The decoder's process has to answer at once, and most models are Latentscape's own."""
    asked = "import sys, models.importing.opening; print(*(name for name in sys.modules if name.startswith('models.')))"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "models.importing.opening" in told
    for word in ("keras_", "onnx_", "torch_file", "tfjs_", "weights_", "aten", "saved_model", "taesd"):
        assert f"models.importing.{word}" not in told
