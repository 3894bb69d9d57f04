"""Graph models of TensorFlow.js give what the model gives that they were converted from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from models.core.errors import UserError
from models.importing.opening import read_model
from tests.fixtures.make_keras import PAIRS
from tests.fixtures.make_tfjs import graph_model
from tests.models.importing.opening import old_keras, opened, same


@pytest.mark.parametrize(
    ("name", "half", "fused"),
    [("dense", False, True), ("convolutional", True, True), ("transposed", False, False)],
)
def test_graph_models(name: str, half: bool, fused: bool, tmp_path: Path) -> None:
    _, decoder = PAIRS[name](keras)
    if half:
        decoder.set_weights([value.astype(np.float16) for value in decoder.get_weights()])
    vae = opened([graph_model(decoder, tmp_path, half, fused)])
    z = np.random.default_rng(0).standard_normal((3, vae.architecture.latent_dim)).astype(np.float32)
    same(vae.decode(z), decoder(z))


def test_fused_convolutions_and_resizing(tmp_path: Path) -> None:
    layers = old_keras().layers
    z = old_keras().Input((2,))
    x = layers.UpSampling2D()(layers.Reshape((4, 4, 2))(layers.Dense(32, activation="relu")(z)))
    x = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(layers.UpSampling2D(interpolation="bilinear")(x))
    decoder = old_keras().Model(z, x)
    path = graph_model(decoder, tmp_path)
    written = path.read_text()
    assert "_FusedConv2D" in written
    assert "ResizeBilinear" in written
    points = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    same(opened([path]).decode(points), decoder(points))


Node = dict[str, Any]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda node: node.update(op="PyFunc"), "its operation PyFunc is not known here"),
        (lambda node: node.update(input=[node["name"]]), "are never made"),
        (lambda node: node.update(input=["nowhere"]), "are never made"),
        (lambda node: node.update(op="Const"), "is missing"),
        (lambda node: node.update(op="Placeholder", attr={}), "the size of its input"),
        (lambda node: node.update(attr={"a": {"i": "x"}}), "it makes no sense"),
    ],
)
def test_graphs_that_are_not_understood_are_refused(
    change: Callable[[Node], None], reason: str, tmp_path: Path
) -> None:
    path = graph_model(PAIRS["dense"](keras)[1], tmp_path)
    content = json.loads(path.read_text())
    change(next(node for node in content["modelTopology"]["node"] if "MatMul" in node["op"]))
    path.write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_model(path)
    assert reason in str(caught.value)
