"""Latents without a model in the real window: a map with its points, names and columns, and words for the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from explorer.cli.window import open_window
from explorer.views.latent_map.hover_card import HoverCard
from models.core.data_options import DataOptions
from models.core.errors import UserError
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.latent_map import principal

CODES = (np.random.default_rng(0).standard_normal((60, 5)) * (2, 1, 0.5, 0.4, 0.3)).astype(np.float32)


def _open(desk: Desk, path: Path, beside: DataOptions) -> None:
    desk.app.open([], str(path), beside)
    desk.qtbot.waitUntil(
        lambda: desk.state.model.embedded and len(desk.embedding.mu) == len(CODES), timeout=PATIENCE_MS
    )
    desk.settle()


def test_latents_alone_are_a_map_and_a_sentence_stands_for_the_picture(desk: Desk, tmp_path: Path) -> None:
    np.savez(tmp_path / "cells.npz", z=CODES)
    rows = "\n".join(f"cell-{row},k{row % 3}" for row in range(60))
    (tmp_path / "t.csv").write_text(f"name,label\n{rows}\n")
    _open(desk, tmp_path / "cells.npz", DataOptions(labels=str(tmp_path / "t.csv")))
    assert desk.data.classes == (0, 1, 2)
    assert desk.window.status.data.text() == "cells: 60 latents"
    plot = desk.window.map.plot
    axes = principal(CODES)
    spread = np.abs((CODES - CODES.mean(axis=0)) @ axes.T).max(axis=0)
    np.testing.assert_allclose(np.abs(plot.cloud.xy).max(axis=0), spread, rtol=1e-3)
    assert desk.window.decoded.large._empty == "cells has latents without a decoder: there is no picture of a point."
    index = int(np.argmax(plot.cloud.xy[:, 0]))
    desk.move(plot.viewport(), desk.on_map(plot.cloud.xy[index]))
    texts = [label.text() for label in plot.findChild(HoverCard).findChildren(type(desk.window.map._trouble))]
    assert any(f"cell-{index}" in text and f"class k{index % 3}" in text for text in texts)
    desk.click(plot.viewport(), desk.on_map(plot.cloud.xy[index]))
    np.testing.assert_allclose(desk.point.mu, CODES[index], rtol=1e-6)
    desk.latent.set_component("z", 1, 0.4)
    desk.settle()
    assert desk.state.answers.picture is None
    assert desk.state.answers.draws is None
    assert not desk.window.menus.file.save_model.isEnabled()
    assert "latents without a model" in desk.window.menus.file.save_model.toolTip()


def test_images_of_latents_are_shown_where_the_pointer_is(desk: Desk, tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", CODES)
    images = np.random.default_rng(1).integers(0, 256, (60, 9, 9), np.uint8)
    np.save(tmp_path / "x.npy", images)
    _open(desk, tmp_path / "z.npy", DataOptions(images=str(tmp_path / "x.npy")))
    np.testing.assert_array_equal(np.asarray(desk.data.images)[..., 0], images)
    index = int(np.argmax(desk.window.map.plot.cloud.xy[:, 0]))
    desk.click(desk.window.map.plot.viewport(), desk.on_map(desk.window.map.plot.cloud.xy[index]))
    assert desk.point.source.image is not None
    np.testing.assert_array_equal(desk.point.source.image[..., 0], images[index])


def test_images_and_tables_need_latents() -> None:
    with pytest.raises(UserError, match="--images: there are no latents for it"):
        open_window([], None, images="x.npz")
