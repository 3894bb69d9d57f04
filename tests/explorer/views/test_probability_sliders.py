"""Sliders of the Dimensions pane that move the probability u, in equal steps of probability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from scipy import stats

from explorer.state.display import SliderScale
from tests.support.desk import Desk


@pytest.fixture
def sliders(desk: Desk) -> Iterator[Desk]:
    """Select an image; set the sliders back to z at the end."""
    desk.window.map.select(42)
    desk.settle()
    yield desk
    desk.state.display.set_slider_scale("z")
    desk.settle()


def _exact(desk: Desk, scale: SliderScale) -> np.ndarray:
    point = desk.point
    loc, deviation = (point.mu, point.sigma) if scale == "posterior" else (0.0, 1.0)
    return np.asarray(stats.norm.cdf(point.z, loc, deviation))


@pytest.mark.parametrize("scale", ["posterior", "prior"])
def test_rows_show_the_distribution_function_at_z(sliders: Desk, scale: SliderScale) -> None:
    pane, dim = sliders.window.dimensions, sliders.window.dimensions.list.rows.dims[1]
    pane.scale.setCurrentIndex(["z", "posterior", "prior"].index(scale))
    pane.scale.activated.emit(pane.scale.currentIndex())
    sliders.latent.set_component("eps", dim, 0.8)
    sliders.settle()
    shown = [pane.list.delegate.scale.value_of(index) for index in range(sliders.latent.latent_dim)]
    np.testing.assert_allclose(shown, _exact(sliders, scale), rtol=1e-9)


@pytest.mark.parametrize("scale", ["posterior", "prior"])
def test_dragging_moves_z_to_the_quantile(sliders: Desk, scale: SliderScale) -> None:
    rows = sliders.window.dimensions.list
    dim = rows.rows.dims[0]
    sliders.state.display.set_slider_scale(scale)
    sliders.settle()
    sliders.state.undo.forget()
    start = QPointF(rows.handle_position(dim, rows.delegate.scale.value_of(dim)))
    end = QPointF(rows.handle_position(dim, 0.75))
    sliders.drag(rows.viewport(), [start, (start + end) / 2.0, end])
    sliders.settle()
    assert _exact(sliders, scale)[dim] == pytest.approx(0.75, abs=0.01)
    assert sliders.state.undo.count() == 1


def test_arrow_keys_step_by_probability(sliders: Desk) -> None:
    rows = sliders.window.dimensions.list
    dim = rows.rows.dims[0]
    sliders.state.display.set_slider_scale("posterior")
    sliders.settle()
    rows.setCurrentIndex(rows.rows.index(0))
    QTest.keyClick(rows, Qt.Key.Key_Right)
    sliders.settle()
    assert _exact(sliders, "posterior")[dim] == pytest.approx(0.52, abs=1e-9)
