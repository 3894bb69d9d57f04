"""The Factors tab: its numbers against NumPy, choosing cells with mouse and keys, and what it says without numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from explorer.app.files import open_path
from explorer.state.factors import NOTHING_KNOWN
from explorer.views.common.color_bar import mixed
from explorer.views.factors.heat_map import MOST_COLUMNS, contrast
from explorer.views.factors.plot import is_ordered, ticks_of
from models.core.factors import Disentanglement, Factor
from tests.support.desk import Desk

PATIENCE_MS = 30_000
KEYS = Qt.Key


@pytest.fixture
def factors(desk: Desk) -> Iterator[Desk]:
    """Bring the Factors tab to the front, with the classes of the digits measured."""
    desk.window.show_pane("Factors")
    desk.qtbot.waitUntil(lambda: desk.state.factors.result is not None, timeout=PATIENCE_MS)
    desk.state.factors.set_factor(0)
    yield desk
    desk.window.show_pane("Distribution")
    desk.settle()


def _result(desk: Desk) -> Disentanglement:
    result = desk.state.factors.result
    assert result is not None
    return result


def _invented(names: tuple[str, ...], dims: int) -> Disentanglement:
    """Return made-up numbers, to check how they are drawn."""
    rng = np.random.default_rng(0)
    values = np.arange(7)
    means = rng.normal(size=(7, dims))
    factors = tuple(Factor(name, values, (), 2.0, 0.01, means, 0.0 * means + 0.5) for name in names)
    return Disentanglement(5000, factors, rng.uniform(0.0, 2.0, (len(names), dims)))


def _show(desk: Desk, result: Disentanglement) -> None:
    answer = desk.state.factors.answer
    assert answer is not None
    desk.state.factors.take(replace(answer, result=result))


def test_numbers_are_those_of_the_embedding_and_its_labels(factors: Desk) -> None:
    result, labels = _result(factors), factors.data.labels
    assert labels is not None
    dim = int(factors.embedding.order[0])
    mu = factors.embedding.mu[:, dim].astype(float)
    edges = np.linspace(mu.min(), mu.max(), 21)
    joint = np.array([np.histogram(mu[labels == label], edges)[0] for label in range(10)]) / len(mu)
    chance = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    known = joint > 0
    information = float((joint[known] * np.log((joint / chance)[known])).sum())
    assert result.information[0, dim] == pytest.approx(information, rel=1e-3)
    assert result.factors[0].means[3, dim] == pytest.approx(mu[labels == 3].mean(), abs=1e-6)
    assert f"MIG {result.gap:.3f}" in factors.window.factors.summary.text()
    # With one factor there is nothing to be modular.
    assert "modularity" not in factors.window.factors.summary.text()
    assert "10,000 images" in factors.window.factors.summary.text()


def test_columns_are_sorted_by_kl_and_text_tells_the_gap(factors: Desk) -> None:
    pane = factors.window.factors
    assert pane.map.dims == factors.embedding.order.tolist()
    assert pane.map.lines()[0].startswith(f"class: gap {_result(factors).gaps[0]:.3f}; z")
    assert pane.map.accessibleDescription() == "\n".join(pane.map.lines())


def test_a_click_chooses_factor_and_dimension(factors: Desk) -> None:
    _show(factors, _invented(("shape", "scale", "x"), 50))
    assert f"modularity {_result(factors).modularity:.3f}" in factors.window.factors.summary.text()
    heat = factors.window.factors.map
    dim = heat.dims[4]
    factors.click(heat, heat.grid().rect(2, 4).center())
    assert (factors.state.factors.factor, factors.state.display.dimension) == (2, dim)
    means = _result(factors).factors[2].means[:, dim]
    x, y = factors.window.factors.plot.dots.getData()
    assert x.tolist() == list(range(7))
    np.testing.assert_array_equal(y, means)
    assert factors.window.factors.plot.getAxis("bottom").labelText == "x"
    assert heat.told(2, dim) == factors.window.factors.told.text()
    factors.click(heat, QPointF(2.0, 5.0))
    assert factors.state.display.dimension == dim
    # The distribution of that dimension is requested, as when another pane chooses it.
    factors.settle()
    answer = factors.state.answers.distribution
    assert answer is not None
    assert answer.dim == dim


def test_arrows_choose_cells_and_stay_inside(factors: Desk, qtbot: QtBot) -> None:
    _show(factors, _invented(("shape", "scale"), 50))
    heat, state = factors.window.factors.map, factors.state
    state.display.set_dimension(heat.dims[0])
    for key, row, column in (
        (KEYS.Key_Right, 0, 1),
        (KEYS.Key_Down, 1, 1),
        (KEYS.Key_Down, 1, 1),
        (KEYS.Key_Left, 1, 0),
        (KEYS.Key_Left, 1, 0),
        (KEYS.Key_Up, 0, 0),
        (KEYS.Key_Up, 0, 0),
    ):
        qtbot.keyClick(heat, key)
        assert (state.factors.factor, state.display.dimension) == (row, heat.dims[column])
    state.display.set_dimension(heat.dims[-1])
    qtbot.keyClick(heat, KEYS.Key_Right)
    assert state.display.dimension == heat.dims[-1]


def test_the_chosen_cell_is_drawn_and_colours_follow_the_share(factors: Desk) -> None:
    result = _invented(("shape",), 50)
    heat = factors.window.factors.map
    information = 0.0 * result.information
    information[0, heat.dims[7]] = 2.0
    _show(factors, replace(result, information=information))
    factors.state.display.set_dimension(heat.dims[0])
    picture = heat.grab().toImage()
    ratio = picture.devicePixelRatio()

    def ink(column: int) -> str:
        place = heat.grid().rect(0, column).center()
        return picture.pixelColor(int(place.x() * ratio), int(place.y() * ratio)).name()

    assert ink(7) == factors.window.theme.colors.accent
    assert ink(9) == factors.window.theme.colors.field


@pytest.mark.parametrize("names", [("shape",), ("shape", "scale", "x")])
def test_the_map_fills_its_half_and_its_colours_have_a_bar(factors: Desk, names: tuple[str, ...]) -> None:
    _show(factors, _invented(names, 50))
    pane = factors.window.factors
    heat, grid = pane.map, pane.map.grid()
    last = grid.rect(len(names) - 1, len(heat.dims) - 1)
    assert heat.height() - 45.0 < last.bottom() <= heat.height()
    assert heat.width() - 65.0 < last.right() <= heat.width()
    assert pane.map.parentWidget().height() - pane.map.height() < 30
    assert (pane.scale.low, pane.scale.high) == ("0", f"{heat.top:.2f}")
    ends = [pane.scale.color_at(share).name() for share in (0.0, 1.0)]
    assert ends == [factors.window.theme.colors.field, factors.window.theme.colors.accent]


def test_only_so_many_columns_as_can_be_told_apart(factors: Desk) -> None:
    embedding = factors.embedding
    wide = replace(embedding, order=np.arange(100))
    factors.state.model.embedding = wide
    _show(factors, _invented(("shape",), 100))
    assert factors.window.factors.map.dims == list(range(MOST_COLUMNS))
    factors.state.model.embedding = embedding


def test_unknown_gaps_are_drawn_as_such(factors: Desk) -> None:
    result = _invented(("shape", "scale"), 50)
    single = replace(result.factors[0], entropy=0.0, values=np.array([3]), means=result.factors[0].means[:1],
                     deviations=result.factors[0].deviations[:1])  # fmt: skip
    _show(factors, Disentanglement(50, (single, result.factors[1]), result.information * ((0.0,), (1.0,))))
    assert not factors.window.grab().isNull()
    assert "nan" not in factors.window.factors.summary.text()


def test_sprites_that_do_not_fit_the_model_say_so(factors: Desk) -> None:
    state = factors.state
    factors.window.factors.open_sprites.click()
    state.model.request_data("sprites:50")
    factors.qtbot.waitUntil(lambda: factors.data.info.name == "sprites:50", timeout=PATIENCE_MS)
    assert state.factors.result is None
    assert factors.window.factors.empty.text().startswith("mnist-vae-50 takes images of 28 × 28 × 1, sprites:50 has 64")
    assert factors.window.factors.empty.isVisible()
    assert factors.data.classes == (0, 1, 2)
    assert factors.data.class_name(2) == "heart"
    form = factors.window.training.form
    assert form.data_path() == "sprites:50"
    assert form.data.findText("sprites") >= 0


def test_data_without_labels_say_what_to_do(factors: Desk, tmp_path: Path) -> None:
    np.save(tmp_path / "bare.npy", np.zeros((20, 28, 28), np.uint8))
    open_path(factors.state, str(tmp_path / "bare.npy"))
    factors.qtbot.waitUntil(lambda: factors.data.info.name == "bare", timeout=PATIENCE_MS)
    assert factors.window.factors.empty.text() == NOTHING_KNOWN
    assert factors.window.factors.open_sprites.isVisible()
    assert "open sprites" in NOTHING_KNOWN.lower()


def test_names_of_images_as_labels_are_refused_in_words(factors: Desk, tmp_path: Path) -> None:
    images = np.zeros((300, 28, 28), np.uint8)
    np.savez(tmp_path / "named.npz", images=images, labels=np.arange(300))
    open_path(factors.state, str(tmp_path / "named.npz"))
    factors.qtbot.waitUntil(lambda: bool(factors.state.factors.failure), timeout=PATIENCE_MS)
    assert "class: it has 300 values" in factors.window.factors.empty.text()


def test_nothing_is_measured_while_nobody_looks(factors: Desk, tmp_path: Path) -> None:
    factors.window.show_pane("Distribution")
    factors.qtbot.waitUntil(lambda: not factors.state.factors.wanted, timeout=PATIENCE_MS)
    np.savez(tmp_path / "few.npz", images=np.zeros((30, 28, 28), np.uint8), labels=np.arange(30) % 3)
    open_path(factors.state, str(tmp_path / "few.npz"))
    factors.qtbot.waitUntil(lambda: factors.data.info.name == "few", timeout=PATIENCE_MS)
    factors.qtbot.waitUntil(lambda: factors.state.model.embedding is not None, timeout=PATIENCE_MS)
    factors.settle()
    assert factors.state.factors.answer is None
    factors.window.show_pane("Factors")
    factors.qtbot.waitUntil(lambda: factors.state.factors.result is not None, timeout=PATIENCE_MS)
    assert _result(factors).count == 30


def test_sprites_are_opened_by_name_from_the_menu(factors: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    factors.state.model.open_data_requested.connect(asked.append)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_options: (" sprites:50 ", True))
    factors.window.menus.file.open_sprites.trigger()
    assert asked == ["sprites:50"]
    factors.settle()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_options: ("sprites:abc", True))
    factors.window.menus.file.open_sprites.trigger()
    factors.qtbot.waitUntil(factors.window.banner.isVisible, timeout=PATIENCE_MS)
    factors.state.model.open_data_requested.disconnect(asked.append)
    assert factors.data.info.name == "sprites:50"


def test_ticks_are_values_or_names() -> None:
    means = np.zeros((40, 2))
    turns = Factor("orientation", np.arange(40), (), 3.7, 0.0, means, means)
    assert is_ordered(turns)
    assert ticks_of(turns) == [(float(at), str(at)) for at in range(0, 40, 5)]
    shapes = Factor("shape", np.arange(3), ("square", "ellipse", "heart"), 1.1, 0.0, means[:3], means[:3])
    assert not is_ordered(shapes)
    assert ticks_of(shapes) == [(0.0, "square"), (1.0, "ellipse"), (2.0, "heart")]
    assert ticks_of(Factor("class", np.array([3, 8]), (), 0.7, 0.0, means[:2], means[:2])) == [(0.0, "3"), (1.0, "8")]


def test_numbers_in_cells_can_be_read(factors: Desk) -> None:
    for scheme in ("dark", "light"):
        factors.window.theme.choose(scheme)
        colors, color = factors.window.theme.colors, type(factors.window.palette().text().color())
        for share in np.linspace(0.0, 1.0, 11):
            ground = mixed(color(colors.field), color(colors.accent), float(share))
            assert max(contrast(color(ink), ground) for ink in (colors.text, colors.on_accent)) > 3.5
    factors.window.theme.choose("dark")
