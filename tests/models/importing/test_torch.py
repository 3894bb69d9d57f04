"""PyTorch's weights: the architecture that names and shapes tell gives what NumPy makes of them; code is refused."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.importing.choices import Choices
from models.importing.opening import read_model
from tests.fixtures import make_onnx
from tests.fixtures import reference as by_hand
from tests.fixtures.torch_writer import archive, data, legacy, name
from tests.models.importing.opening import compare_convolutional, opened, refused, same

Weights = dict[str, np.ndarray]


def dense_weights() -> Weights:
    """Return the weights of PyTorch's own example of a VAE, smaller."""
    rng = np.random.default_rng(3)
    sizes = {"fc1": (12, 36), "fc21": (2, 12), "fc22": (2, 12), "fc3": (12, 2), "fc4": (36, 12)}
    made: Weights = {}
    for layer, shape in sizes.items():
        made[f"{layer}.weight"] = rng.normal(0, 0.4, shape).astype(np.float32)
        made[f"{layer}.bias"] = rng.normal(0, 0.4, shape[0]).astype(np.float32)
    return made


def compare_dense(path: Path) -> None:
    w, vae = dense_weights(), opened([path])
    z = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)

    def layer(x: np.ndarray, word: str) -> np.ndarray:
        return by_hand.dense(x, w[f"{word}.weight"], w[f"{word}.bias"])

    same(vae.decode(z), by_hand.sigmoid(layer(by_hand.relu(layer(z, "fc3")), "fc4")))
    images = np.random.default_rng(1).integers(0, 256, (3, 6, 6, 1), np.uint8)
    hidden = by_hand.relu(layer(images.reshape(3, -1) / 255, "fc1"))
    mu, sigma = vae.encode(images)
    same(mu, layer(hidden, "fc21"))
    same(sigma, np.exp(layer(hidden, "fc22") / 2))


CHECKPOINTS: dict[str, Callable[[Weights], Any]] = {
    "weights": lambda w: w,
    "checkpoint": lambda w: {"epoch": 3, "optimizer": {"state": {}, "lr": 0.1}, "model_state_dict": w},
    "parallel": lambda w: {"state_dict": {f"module.{key}": values for key, values in w.items()}},
    "turned": lambda w: {key: np.asfortranarray(values) if values.ndim == 1 else values for key, values in w.items()},
    "double": lambda w: {key: values.astype(np.float64) for key, values in w.items()},
}


@pytest.mark.parametrize("write", [archive, legacy])
@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_a_dense_model(kind: str, write: Callable[[Any], bytes], tmp_path: Path) -> None:
    (tmp_path / "vae.pt").write_bytes(write(CHECKPOINTS[kind](dense_weights())))
    compare_dense(tmp_path / "vae.pt")


def test_a_convolutional_model_of_a_usual_size(tmp_path: Path) -> None:
    (tmp_path / "vae.pth").write_bytes(archive(make_onnx.weights()))
    compare_convolutional(opened([tmp_path / "vae.pth"], Choices(image_shape=(12, 12, 1))))


def test_what_was_inferred_is_said(tmp_path: Path) -> None:
    (tmp_path / "vae.pth").write_bytes(archive(make_onnx.weights()))
    remarks = " ".join(read_model(tmp_path / "vae.pth").remarks)
    assert "relu between the layers, and a sigmoid after the last" in remarks
    assert "decoder's strides 2, 1 for pictures of 12 × 12" in remarks


class Touching:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    for number, content in enumerate(
        (pickle.dumps(Touching(tmp_path / "made"), 2), pickle.dumps(Touching(tmp_path / "made")))
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as target:
            target.writestr("a/data.pkl", content)
        for file in (content, packed.getvalue()):
            said = refused(tmp_path / f"{number}.pt", file)
            assert "posix.mkdir, whose code is never run; save the weights alone" in said
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive({"fc1.weight": name("builtins.getattr")}), "builtins.getattr, whose code is never run"),
        (archive(name("__main__.VAE") + b")\x81"), "__main__.VAE, whose code is never run; save the weights alone"),
        (archive({}, extra={"archive/code/a.py": b"x"}), "this is TorchScript, a program"),
        (archive({}, extra={"../out": b"x"}), "../out, a name that leads out of it"),
        (archive({"epoch": 3}), "there are no weights in it"),
        (archive({"layer.weight": np.zeros(2, np.float32)}), "not those of a network"),
        (archive({"w.weight": data(("no", "tensor"))}), "there are no weights in it"),
        (archive(dense_weights())[:-200], "truncated or damaged"),
        (legacy(dense_weights())[:-20], "is truncated or damaged"),
        (pickle.dumps([1, 2, 3]), "this is a pickle, which is not opened"),
        (b"\x80\x02" + b"(" * 1000, "truncated or damaged"),
        (archive({}, extra={"bomb": bytes(1 << 24)}), "there are no weights in it"),
    ],
)
def test_files_that_are_no_weights_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refused(tmp_path / "model.pt", content)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a/data.pkl", bytes(1 << 26))
    assert "packed too tightly to be weights" in refused(tmp_path / "bomb.pt", packed.getvalue())


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    stored = data(("storage", name("torch.FloatStorage"), "0", "cpu", 4)) + b"Q"
    for shape, stride in (((1 << 20, 1 << 20), (0, 0)), ((5,), (1,)), ((2, 2), (1, 3))):
        tensor = name("torch._utils._rebuild_tensor_v2") + data((stored, 0, shape, stride, False, {})) + b"R"
        content = archive({"a.weight": tensor}, extra={"archive/data/0": bytes(16)})
        assert any(word in refused(tmp_path / "a.pt", content) for word in ("truncated", "more than"))


def deep_weights() -> Weights:
    """Return the weights of a VAE built like those of PyTorch-VAE, with a last block that is not called a decoder."""
    rng = np.random.default_rng(5)
    made: Weights = {}

    def put(layer: str, *shape: int) -> None:
        made[f"{layer}.weight"] = rng.normal(0, 0.3, shape).astype(np.float32)
        transposed = layer in ("decoder.0.0", "final_layer.0")
        outputs = shape[1] if transposed else shape[0]
        made[f"{layer}.bias"] = rng.normal(0, 0.3, outputs).astype(np.float32)

    def normed(layer: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            made[f"{layer}.{part}"] = rng.uniform(0.5, 1.5, channels).astype(np.float32)
        made[f"{layer}.num_batches_tracked"] = np.array(3)

    put("encoder.0.0", 3, 1, 3, 3), normed("encoder.0.1", 3), put("encoder.1.0", 4, 3, 3, 3), normed("encoder.1.1", 4)
    put("fc_mu", 2, 16), put("fc_var", 2, 16), put("decoder_input", 16, 2)
    put("decoder.0.0", 4, 3, 3, 3), normed("decoder.0.1", 3)
    put("final_layer.0", 3, 3, 3, 3), normed("final_layer.1", 3), put("final_layer.3", 1, 3, 3, 3)
    return made


def test_a_deep_model_with_a_last_block_of_its_own(tmp_path: Path) -> None:
    w = deep_weights()
    (tmp_path / "vae.pt").write_bytes(archive({"epoch": 1, "state_dict": w}))
    vae = opened([tmp_path / "vae.pt"], Choices(hidden="leaky_relu"))

    def layer(kind: Callable[..., np.ndarray], x: np.ndarray, word: str, *how: int) -> np.ndarray:
        return kind(x, w[f"{word}.weight"], w[f"{word}.bias"], *how)

    def normed(x: np.ndarray, word: str) -> np.ndarray:
        parts = ("weight", "bias", "running_mean", "running_var")
        return by_hand.leaky(by_hand.batch_norm(x, *(w[f"{word}.{part}"] for part in parts)))

    z = np.random.default_rng(0).standard_normal((2, 2)).astype(np.float32)
    grid = layer(by_hand.dense, z, "decoder_input").reshape(2, 4, 2, 2)
    grid = normed(layer(by_hand.conv_transpose, grid, "decoder.0.0", 2, 1, 1), "decoder.0.1")
    grid = normed(layer(by_hand.conv_transpose, grid, "final_layer.0", 2, 1, 1), "final_layer.1")
    same(vae.decode(z), by_hand.sigmoid(layer(by_hand.conv, grid, "final_layer.3", 1, 1)).transpose(0, 2, 3, 1))
    images = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 1), np.uint8)
    x = images.transpose(0, 3, 1, 2) / 255
    for block in ("encoder.0", "encoder.1"):
        x = normed(layer(by_hand.conv, x, f"{block}.0", 2, 1), f"{block}.1")
    mu, sigma = vae.encode(images)
    same(mu, layer(by_hand.dense, x.reshape(2, -1), "fc_mu"))
    same(sigma, np.exp(layer(by_hand.dense, x.reshape(2, -1), "fc_var") / 2))


def test_channels_are_turned_once_and_not_around_each_convolution(tmp_path: Path) -> None:
    (tmp_path / "vae.pt").write_bytes(archive({"epoch": 1, "state_dict": deep_weights()}))
    architecture = opened([tmp_path / "vae.pt"], Choices(hidden="leaky_relu")).architecture
    for graph in (architecture.encoder, architecture.decoder):
        operations = [node.operation for node in graph.nodes]
        assert operations.count("transpose") == 1
        assert not any(node.options.get("layout") == "first" for node in graph.nodes)
