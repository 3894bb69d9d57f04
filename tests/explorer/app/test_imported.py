"""Models of other people in the real window: they are dragged and decoded, and what they cannot do is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF

from models.importing.choices import Choices
from models.vae.importing import import_model
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.fixtures import make_onnx
from tests.fixtures.torch_writer import archive
from tests.support.desk import PATIENCE_MS, Desk


def _imported(folder: Path, content: bytes, name: str) -> Path:
    """Return the model file that ``latentscape import`` makes of an ONNX file."""
    (folder / f"{name}.onnx").write_bytes(content)
    path = folder / f"{name}.safetensors"
    path.write_bytes(import_model([folder / f"{name}.onnx"], Choices(), name, "")[0])
    return path


def _open(desk: Desk, path: Path) -> VAE:
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.drop(path)
    desk.settle()
    opened = open_model(path)
    return VAE(opened.architecture, opened.parameters)


def test_a_whole_model_is_dragged_and_shows_its_data(desk: Desk, tmp_path: Path) -> None:
    vae = _open(desk, _imported(tmp_path, make_onnx.whole(), "whole"))
    desk.latent.set_component("z", 1, 0.7)
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, vae.decode(desk.point.z[None].astype("f"))[0], atol=1e-4)
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 1), np.uint8)
    np.savez(tmp_path / "data.npz", images=images)
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "data.npz")
    desk.settle()
    embedding = desk.state.model.embedding
    assert embedding is not None
    np.testing.assert_allclose(embedding.mu, vae.encode(images)[0], atol=1e-4)


def test_a_decoder_alone_is_explored_with_the_prior(desk: Desk, tmp_path: Path) -> None:
    content, _ = make_onnx.decoder()
    with desk.qtbot.waitSignal(desk.state.notices.noticed, timeout=PATIENCE_MS) as noticed:
        vae = _open(desk, _imported(tmp_path, content, "half"))
    assert noticed.args == ["info", "half is a decoder alone: it encodes no images. Explore it with the prior."]
    assert desk.state.model.embedding is None
    desk.latent.set_component("z", 0, -1.5)
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, vae.decode(desk.point.z[None].astype("f"))[0], atol=1e-4)
    assert "a decoder alone" in desk.state.model.misfit
    assert desk.state.factors.message


def test_a_grid_of_thousands_of_dimensions_is_dragged_on_the_map_of_its_data(desk: Desk, tmp_path: Path) -> None:
    rng, weights = np.random.default_rng(0), dict[str, np.ndarray]()
    for name, made in (("fc_mu", 4), ("fc_var", 4), ("decoder.0", 3)):
        weights[f"{name}.weight"] = rng.normal(0, 0.5, (4, 3, 2, 2)).astype(np.float32)
        weights[f"{name}.bias"] = np.zeros(made, np.float32)
    (tmp_path / "grid.pt").write_bytes(archive(weights))
    content, info = import_model([tmp_path / "grid.pt"], Choices(image_shape=(64, 64, 3), hidden="relu"), "grid", "")
    assert info.understood["latent"] == "4096 dimensions (a grid of 4 × 32 × 32)"
    (tmp_path / "grid.safetensors").write_bytes(content)
    vae = _open(desk, tmp_path / "grid.safetensors")
    np.savez(tmp_path / "data.npz", images=rng.integers(0, 256, (40, 64, 64, 3), np.uint8))
    with desk.qtbot.waitSignal(desk.state.model.embedding_changed, timeout=PATIENCE_MS):
        desk.state.model.request_data(str(tmp_path / "data.npz"))
    desk.settle()
    before = desk.point.z.copy()
    start = desk.marker("A")
    desk.drag(desk.window.map.plot.viewport(), [start, *(start + QPointF(step, step) for step in (5, 20, 40))])
    desk.settle()
    assert np.abs(desk.point.z - before).max() > 0.0
    np.testing.assert_allclose(desk.state.answers.picture, vae.decode(desk.point.z[None].astype("f"))[0], atol=1e-4)
