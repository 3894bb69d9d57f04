"""ONNX files give what NumPy makes of their weights, and lead to no other file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.importing.choices import Choices
from tests.fixtures import make_onnx
from tests.fixtures.onnx_writer import model, node
from tests.models.importing.opening import compare_convolutional, opened, refused


def compare(*paths: Path) -> None:
    compare_convolutional(opened(paths))


@pytest.mark.parametrize("noise", [True, False])
@pytest.mark.parametrize("batch", ["n", 1, 7])
def test_a_whole_model(noise: bool, batch: int | str, tmp_path: Path) -> None:
    (tmp_path / "vae.onnx").write_bytes(make_onnx.whole(noise, batch))
    compare(tmp_path / "vae.onnx")


@pytest.mark.parametrize("beside", [None, "decoder.onnx.data"])
def test_encoder_and_decoder_apart_with_weights_inside_or_beside(beside: str | None, tmp_path: Path) -> None:
    content, weights = make_onnx.decoder(beside)
    (tmp_path / "encoder.onnx").write_bytes(make_onnx.encoder())
    (tmp_path / "decoder.onnx").write_bytes(content)
    if beside:
        (tmp_path / beside).write_bytes(weights)
    compare(tmp_path / "encoder.onnx", tmp_path / "decoder.onnx")


def test_a_folder_with_both(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "my_encoder.onnx").write_bytes(make_onnx.encoder())
    (folder / "my_decoder.onnx").write_bytes(make_onnx.decoder()[0])
    compare(folder)
    (folder / "third_decoder.onnx").write_bytes(make_onnx.decoder()[0])
    with pytest.raises(UserError, match=r"model: this is a folder with my_decoder.onnx, .*; name the file"):
        opened([folder])


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"location": "../secret", "length": "36"}, "../secret, which is not a plain file beside it"),
        ({"location": "/etc/passwd", "length": "36"}, "not a plain file beside it"),
        ({"location": "link", "length": "36"}, "not a plain file beside it"),
        ({"location": "", "length": "36"}, "not a plain file beside it"),
        ({"location": "short", "length": "36"}, "short beside it is too short"),
        ({"location": "short", "length": "36", "offset": "-4"}, "makes no sense"),
        ({"location": "short", "length": "36", "offset": "9" * 30}, "cannot be read"),
        ({"location": "gone", "length": "36"}, "gone, which cannot be read; keep both files in one folder"),
    ],
)
def test_weights_elsewhere_are_refused(place: Mapping[str, str], reason: str, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"1234")
    (tmp_path / "link").symlink_to(tmp_path / "short")
    weights = {"w": np.ones((3, 3), np.float32)}
    content = model([node("MatMul", ["z", "w"], ["x"])], weights, {"z": ["n", 3]}, ["x"], places={"w": place})
    assert reason in refused(tmp_path / "model.onnx", content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x08\x08", "no ONNX model, whatever its name says"),
        (b"\x08" * 3, "truncated or damaged"),
        (make_onnx.whole()[:-30], "truncated or damaged"),
        (model([node("Evil", ["z"], ["x"])], {}, {"z": ["n", 3]}, ["x"]), "operation Evil is not known here"),
        (model([node("Relu", ["y"], ["x"])], {}, {"z": ["n", 3]}, ["x"]), "y is used before it is made"),
        (model([node("Relu", ["z"], ["x"])], {}, {"z": ["n", "side"]}, ["x"]), "size of its input z"),
        (model([node("Relu", ["z"], ["x"])], {}, {"z": ["n", 1 << 40]}, ["x"]), "its input z has the size"),
        (model([node("Relu", ["z"], ["x"])], {}, {"z": ["n", 3]}, ["x"], opset=6), "its opset is 6"),
        (
            model([node("ConstantOfShape", ["s"], ["x"])], {"s": np.array([1 << 20, 1 << 20])}, {"z": ["n", 3]}, ["x"]),
            "would make an array of the size",
        ),
    ],
)
def test_files_that_are_not_understood_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refused(tmp_path / "model.onnx", content)


def test_bytes_that_are_made_whole(tmp_path: Path) -> None:
    """A decoder that gives bytes is looked at in 0 to 1, and a table of classes by their numbers is understood."""
    rng = np.random.default_rng(0)
    table, kernel = (rng.normal(0, 1, shape).astype(np.float32) for shape in ((4, 3), (5, 36)))
    nodes = [
        node("Cast", ["label"], ["index"], to=7),
        node("Gather", ["table", "index"], ["word"], axis=0),
        node("Flatten", ["word"], ["flat"]),
        node("Concat", ["z", "flat"], ["both"], axis=1),
        node("MatMul", ["both", "kernel"], ["logits"]),
        node("Sigmoid", ["logits"], ["share"]),
        node("Mul", ["share", "most"], ["grey"]),
        node("Round", ["grey"], ["whole"]),
        node("Cast", ["whole"], ["image"], to=2),
    ]
    weights = {"table": table, "kernel": kernel, "most": np.full(1, 255, np.float32)}
    (tmp_path / "vae.onnx").write_bytes(model(nodes, weights, {"z": ["n", 2], "label": ["n", 1]}, ["image"]))
    z = rng.standard_normal((3, 2)).astype(np.float32)
    both = np.concatenate([z, np.tile(table[2], (3, 1))], 1)
    grey = np.round(255 / (1 + np.exp(-(both @ kernel)))).reshape(3, 6, 6, 1)
    made = opened([tmp_path / "vae.onnx"], Choices(label=2)).decode(z)
    assert np.abs(made - grey / 255).max() <= 1 / 255 + 1e-6
