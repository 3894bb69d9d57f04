"""Dragging on the distribution workbench: every handle, and what the curves do meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsItem
from scipy import stats

from tests.support.desk import LEFT, Desk
from tests.support.workbench import GAMMA, choose, drag, gamma, pane_of, shown_on


@pytest.mark.parametrize("hold", ["eps", "z"])
def test_a_parameter_follows_the_mouse_and_holds_what_is_chosen(bench: Desk, hold: str) -> None:
    bench.latent.set_hold("z" if hold == "z" else "eps")
    before, point = shown_on(bench), bench.point
    under = drag(bench, "pdf", "concentration", QPointF(35, 0))
    after = shown_on(bench)
    assert after.family.parameters["rate"] == 1.5
    assert gamma(after.family).ppf(0.25) == pytest.approx(under.x(), abs=0.02)
    assert getattr(after.place, hold) == pytest.approx(getattr(before.place, hold), rel=1e-9)
    assert bench.point is point


def test_u_and_noise_and_value_go_together(bench: Desk) -> None:
    under = drag(bench, "cdf", "u", QPointF(0, 15), "h")
    place = shown_on(bench).place
    assert place.u == pytest.approx(under.y(), abs=1e-9)
    assert place.z == pytest.approx(gamma(GAMMA).ppf(under.y()), rel=1e-9)
    under = drag(bench, "noise", "eps", QPointF(-30, 0), "v")
    place = shown_on(bench).place
    assert place.eps == pytest.approx(under.x(), abs=1e-9)
    assert place.u == pytest.approx(stats.norm.cdf(under.x()), rel=1e-9)
    under = drag(bench, "pdf", "z", QPointF(25, 0), "v")
    assert shown_on(bench).place.z == pytest.approx(under.x(), abs=1e-9)


def test_logarithms_are_drawn_and_dragged_as_such(bench: Desk) -> None:
    bench.state.display.set_logarithmic(True)
    curves, drawn = shown_on(bench).curves, pane_of(bench).curves
    np.testing.assert_allclose(
        drawn._posterior_cdf.getData()[1], np.log10(np.maximum(curves.family_cdf, 1e-12)), atol=1e-12
    )
    under = drag(bench, "cdf", "u", QPointF(0, 15), "h")
    assert shown_on(bench).place.u == pytest.approx(10.0 ** under.y(), rel=1e-9)


def test_the_probability_slider_moves_in_equal_probability(bench: Desk) -> None:
    slider = pane_of(bench).slider
    slider.setFocus()
    slider.setValue(2500)
    bench.settle()
    assert shown_on(bench).place.z == pytest.approx(gamma(GAMMA).ppf(0.25), rel=1e-9)
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    bench.settle()
    assert shown_on(bench).place.u == pytest.approx(0.30, abs=1e-9)


def test_the_axes_rest_while_a_parameter_is_dragged(bench: Desk) -> None:
    plot = pane_of(bench).curves.pdf
    start = bench.grip(plot, "rate", "")[1]
    before = plot.viewRange()[0]
    bench.press(plot.viewport(), start)
    bench.move(plot.viewport(), start + QPointF(40, 0), held=LEFT)
    bench.settle()
    assert plot.viewRange()[0] == before
    bench.release(plot.viewport(), start + QPointF(40, 0))
    bench.settle()
    assert plot.viewRange()[0] != before


@pytest.mark.parametrize(
    ("family", "parameter"), [pytest.param("TruncatedNormal", "loc", marks=pytest.mark.slow), ("LogitNormal", "loc")]
)
def test_a_parameter_pushed_against_a_bound_comes_to_rest_and_comes_back(
    bench: Desk, family: str, parameter: str
) -> None:
    bench.state.workbench.choose(family)
    bench.settle()
    chart = pane_of(bench).curves.pdf
    start = bench.state.workbench.family.parameters[parameter]
    _, place = bench.grip(chart, parameter)
    bench.press(chart.viewport(), place)
    outside = QPointF(4.0, place.y())
    for move in range(60):
        bench.move(chart.viewport(), outside + QPointF(0.0, move % 2), held=LEFT)
        bench.settle()
    pushed = bench.state.workbench.family.parameters[parameter]
    assert -60.0 < pushed < start
    for move in range(60):
        bench.move(chart.viewport(), place + QPointF(0.0, move % 2), held=LEFT)
        bench.settle()
    bench.release(chart.viewport(), place)
    assert bench.state.workbench.family.parameters[parameter] == pytest.approx(start, abs=0.1)


def test_a_double_click_puts_a_grip_back(bench: Desk) -> None:
    pane = pane_of(bench)
    for key, value in (("rate", 4.0), ("z", 3.0)):
        bench.state.distribution.set(key, value)
        bench.settle()
    for plot, grip in ((pane.curves.pdf, "rate"), (pane.curves.cdf, "u")):
        place = bench.grip(plot, grip)[1]
        QTest.mouseDClick(plot.viewport(), LEFT, pos=place.toPoint())
        bench.settle()
    place = shown_on(bench).place
    assert bench.state.workbench.family.parameters["rate"] == 1.5
    assert (place.eps, place.u) == (0.0, pytest.approx(0.5, abs=1e-12))


def test_a_double_click_returns_to_the_posterior_mean(desk: Desk) -> None:
    distribution, dim = desk.state.distribution, desk.state.display.dimension
    distribution.set("eps", 2.0)
    desk.settle()
    plot = pane_of(desk).curves.pdf
    QTest.mouseDClick(plot.viewport(), LEFT, pos=desk.grip(plot, "z")[1].toPoint())
    desk.settle()
    assert desk.point.z[dim] == desk.point.mu[dim]


def test_pictures_of_curves_are_kept_while_they_rest_and_not_made_while_they_change(bench: Desk) -> None:
    curves, cache = pane_of(bench).curves, QGraphicsItem.CacheMode
    for chart, grip, expected in ((curves.pdf, "rate", cache.NoCache), (curves.pdf, "z", cache.DeviceCoordinateCache)):
        start = bench.grip(chart, grip)[1]
        bench.press(chart.viewport(), start)
        for by in (QPointF(6, 0), QPointF(12, 0)):
            bench.move(chart.viewport(), start + by, held=LEFT)
            bench.settle()
        assert {curve.cacheMode() for curve in (curves._posterior_pdf, curves._bars, curves._path)} == {expected}
        bench.release(chart.viewport(), start + QPointF(12, 0))
        bench.settle()


def test_of_a_model_too_the_curves_rest_while_z_is_dragged(desk: Desk) -> None:
    drawn = []
    curves = pane_of(desk).curves
    curves._posterior_pdf.sigPlotChanged.connect(drawn.append)
    start = desk.grip(curves.pdf, "z")[1]
    desk.press(curves.pdf.viewport(), start)
    for x in (4, 8, 12, 16):
        desk.move(curves.pdf.viewport(), start + QPointF(x, 0), held=LEFT)
        desk.settle()
    assert not drawn
    assert curves._posterior_pdf.cacheMode() is QGraphicsItem.CacheMode.DeviceCoordinateCache
    desk.release(curves.pdf.viewport(), start + QPointF(16, 0))


@pytest.mark.parametrize(
    ("grip", "by", "landmark"),
    [
        ("loc2", 40, lambda p: p["loc2"]), ("loc1", -60, lambda p: p["loc1"]),
        ("scale1", -25, lambda p: p["loc1"] - p["scale1"]), ("scale2", 25, lambda p: p["loc2"] + p["scale2"]),
    ],
    ids=["loc2", "loc1", "scale1", "scale2"],
)  # fmt: skip
def test_the_modes_of_a_mixture_follow_the_mouse(
    bench: Desk, grip: str, by: float, landmark: Callable[[dict[str, float]], float]
) -> None:
    choose(bench, "NormalMixture")
    before = bench.state.workbench.family.parameters
    under = drag(bench, "pdf", grip, QPointF(by, 0))
    after = bench.state.workbench.family.parameters
    assert landmark(after) == pytest.approx(under.x(), abs=1e-6)
    assert {name: value for name, value in after.items() if name != grip} == {
        name: value for name, value in before.items() if name != grip
    }


def test_the_weight_of_a_mixture_carries_its_quantile_to_the_mouse(bench: Desk) -> None:
    choose(bench, "NormalMixture")
    under = drag(bench, "pdf", "weight", QPointF(25, 0))
    w, m1, s1, m2, s2 = bench.state.workbench.family.parameters.values()
    assert w < 0.5
    below = w * stats.norm.cdf(under.x(), m1, s1) + (1 - w) * stats.norm.cdf(under.x(), m2, s2)
    assert below == pytest.approx(0.35, abs=2e-3)


@pytest.mark.parametrize(
    ("plot", "grip"), [("pdf", "z"), ("cdf", "u"), ("noise", "eps"), ("pdf", "concentration")]
)  # fmt: skip
def test_every_drag_is_an_undo_step(bench: Desk, plot: str, grip: str) -> None:
    state, undo = bench.state.workbench, bench.state.undo
    undo.forget()
    before = state.snapshot()
    drag(bench, plot, grip, QPointF(0, 20) if grip == "u" else QPointF(20, 0))
    after = state.snapshot()
    assert after != before
    assert undo.count() == 1
    assert undo.undo_text().startswith("Drag ")
    assert undo.undo_text().endswith(" of Gamma")
    choose(bench, "Laplace")
    assert undo.undo_text() == "Choose Laplace"
    bench.window.show_pane("Log")
    bench.window.menus.edit.undo.trigger()
    assert state.snapshot() == after
    assert bench.window.distribution.isVisible()
    bench.window.menus.edit.undo.trigger()
    bench.settle()
    assert state.snapshot() == before
    assert shown_on(bench).family == before.family
    bench.window.menus.edit.redo.trigger()
    assert state.snapshot() == after
