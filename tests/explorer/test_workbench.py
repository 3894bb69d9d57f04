"""The distribution workbench under the mouse: any family, every parameter, without a change of the latent point."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QGraphicsItem
from scipy import stats

from explorer.state.results import Triad
from explorer.views.distribution import DistributionPane
from models.protocol import FAMILY_PARAMETERS, STANDARD_NORMAL, Family
from tests.desk import LEFT, Desk

GAMMA = Family("Gamma", {"concentration": 2.5, "rate": 1.5})


@pytest.fixture
def bench(desk: Desk) -> Iterator[Desk]:
    """The window with the workbench in front, a gamma distribution on it."""
    desk.state.workbench.unpin()
    desk.state.triad.set_mode("workbench")
    _choose(desk, "Gamma")
    yield desk
    desk.state.view.set_logarithmic(False)
    desk.state.triad.set_mode("model")
    desk.settle()


def _choose(desk: Desk, family: str) -> None:
    desk.state.workbench.choose(family)
    desk.settle()


def _shown(desk: Desk) -> Triad:
    shown = desk.state.triad.shown
    assert shown is not None
    return shown


def _pane(desk: Desk) -> DistributionPane:
    return desk.window.distribution


def _drag(desk: Desk, plot: str, grip: str, by: QPointF, shape: str = "") -> QPointF:
    """Drag a grip in a few answered moves; return the place under the mouse in the end."""
    chart = getattr(_pane(desk).curves, plot)
    start = desk.grip(chart, grip, shape)[1]
    desk.press(chart.viewport(), start)
    for share in np.linspace(0.1, 1.0, 10):
        desk.move(chart.viewport(), start + by * float(share), held=LEFT)
        desk.settle()
    under = QPointF(chart.getViewBox().mapSceneToView(start + by))
    desk.move(chart.viewport(), start + by, held=LEFT)
    desk.settle()
    desk.release(chart.viewport(), start + by)
    desk.settle()
    return under


def _gamma(family: Family) -> stats.rv_continuous:
    return stats.gamma(family.parameters["concentration"], scale=1 / family.parameters["rate"])


def test_curves_and_numbers_are_those_of_scipy(bench: Desk) -> None:
    shown, exact = _shown(bench), _gamma(GAMMA)
    curves, place, numbers = shown.curves, shown.place, shown.curves.numbers
    assert shown.family == GAMMA
    np.testing.assert_allclose(curves.family_pdf, exact.pdf(curves.x), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(curves.family_cdf, exact.cdf(curves.x), rtol=1e-9, atol=1e-15)
    assert (place.u, place.survival) == (pytest.approx(exact.cdf(place.z)), pytest.approx(exact.sf(place.z)))
    assert place.eps == pytest.approx(stats.norm.ppf(place.u), rel=1e-9)
    assert (numbers.mean, numbers.deviation) == (pytest.approx(exact.mean()), pytest.approx(exact.std()))
    assert numbers.entropy == pytest.approx(float(exact.entropy()))
    assert numbers.quantiles == pytest.approx(exact.ppf([0.05, 0.25, 0.5, 0.75, 0.95]))
    near = stats.kstest(curves.bank_z, exact.cdf)
    assert (numbers.ks, numbers.ks_p) == (pytest.approx(near.statistic), pytest.approx(near.pvalue, rel=1e-5))


def test_every_family_is_drawn_without_a_nan(bench: Desk) -> None:
    for family in FAMILY_PARAMETERS:
        _choose(bench, family)
        curves = _shown(bench).curves
        assert _shown(bench).family.name == family
        for values in (curves.x, curves.family_cdf, curves.path_z, curves.bank_z, curves.bank_eps):
            assert np.isfinite(values).all()
        assert not np.isnan(curves.family_pdf).any()
        fields = _pane(bench).readouts.fields
        assert set(fields) == {"z", "eps", "u", *(p.name for p in FAMILY_PARAMETERS[family])}
        assert all(fields[p.name].value() == p.usual for p in FAMILY_PARAMETERS[family])


@pytest.mark.parametrize("hold", ["eps", "z"])
def test_a_parameter_follows_the_mouse_and_holds_what_is_chosen(bench: Desk, hold: str) -> None:
    bench.latent.set_hold("z" if hold == "z" else "eps")
    before, point = _shown(bench), bench.point
    under = _drag(bench, "pdf", "concentration", QPointF(35, 0))
    after = _shown(bench)
    assert after.family.parameters["rate"] == 1.5
    assert _gamma(after.family).ppf(0.25) == pytest.approx(under.x(), abs=0.02)
    assert getattr(after.place, hold) == pytest.approx(getattr(before.place, hold), rel=1e-9)
    assert bench.point is point


def test_u_and_noise_and_value_go_together(bench: Desk) -> None:
    under = _drag(bench, "cdf", "u", QPointF(0, 15), "h")
    place = _shown(bench).place
    assert place.u == pytest.approx(under.y(), abs=1e-9)
    assert place.z == pytest.approx(_gamma(GAMMA).ppf(under.y()), rel=1e-9)
    under = _drag(bench, "noise", "eps", QPointF(-30, 0), "v")
    place = _shown(bench).place
    assert place.eps == pytest.approx(under.x(), abs=1e-9)
    assert place.u == pytest.approx(stats.norm.cdf(under.x()), rel=1e-9)
    under = _drag(bench, "pdf", "z", QPointF(25, 0), "v")
    assert _shown(bench).place.z == pytest.approx(under.x(), abs=1e-9)


def test_slopes_are_those_of_the_path(bench: Desk) -> None:
    place, step = _shown(bench).place, 1e-5
    alpha, rate = GAMMA.parameters.values()
    moved = [stats.gamma(alpha + sign * step, scale=1 / rate).ppf(place.u) for sign in (1, -1)]
    assert place.by_parameter["concentration"] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6)
    assert place.by_parameter["rate"] == pytest.approx(-place.z / rate, rel=1e-9)
    assert place.by_noise == pytest.approx(stats.norm.pdf(place.eps) / _gamma(GAMMA).pdf(place.z), rel=1e-9)


def test_values_beyond_the_support_stop_at_its_edge(bench: Desk) -> None:
    for key, value in (("z", -5.0), ("z", 1e6), ("eps", 1e6), ("eps", -1e6), ("u", 0.0), ("u", 1.0)):
        bench.state.triad.set(key, value)
        bench.settle()
        place = _shown(bench).place
        assert np.isfinite([place.z, place.eps, place.u, place.survival, place.pdf, place.by_noise]).all()
        assert place.z >= 0.0


def test_what_cannot_be_shown_says_why_and_the_next_answer_takes_its_place(bench: Desk) -> None:
    _choose(bench, "TruncatedNormal")
    bench.state.triad.set("loc", 1e6)
    bench.settle()
    legend = _pane(bench)._legend
    expected = "TruncatedNormal: low and high lie more than 300 σ from μ on one side"
    assert expected in legend.text()
    assert legend.toolTip() == expected
    bench.state.triad.set("loc", 0.5)
    bench.settle()
    assert expected not in legend.text()
    assert "family q" in legend.text()


def test_a_fault_of_the_model_is_none_of_the_workbench(bench: Desk) -> None:
    triad = bench.state.triad
    triad.fail("model", "the model's curves are lost")
    assert triad.fault == ""
    triad.fail("workbench", "those of the workbench, too")
    assert triad.fault == "those of the workbench, too"
    triad.set_mode("model")
    assert triad.fault == ""


def test_both_tails_are_read_far_out(bench: Desk) -> None:
    _choose(bench, "Normal")
    bench.state.triad.set("z", -10.0)
    bench.settle()
    assert _pane(bench).readouts.numbers.labels["tails"].text() == f"{stats.norm.cdf(-10.0):.4g}, 1"


def test_the_pinned_family_is_the_reference(bench: Desk) -> None:
    subject = _pane(bench).subject
    assert not subject.unpin.isVisible()
    subject.pin.click()
    assert subject.unpin.isVisible()
    bench.settle()
    assert _shown(bench).reference == GAMMA
    assert _shown(bench).curves.numbers.kl == pytest.approx(0.0, abs=1e-12)
    bench.state.triad.set("rate", 3.0)
    bench.settle()
    numbers = _shown(bench).curves.numbers
    assert numbers.kl_closed
    assert numbers.kl == pytest.approx(2.5 * np.log(2.0) + 2.5 * (0.5 - 1.0), rel=1e-9)
    assert _pane(bench).readouts.numbers.labels["kl"].text() == f"{numbers.kl:.4f} nats"
    subject.unpin.click()
    bench.settle()
    assert _shown(bench).reference == STANDARD_NORMAL
    assert not subject.unpin.isVisible()


def test_a_divergence_is_the_integral_and_says_if_it_is_one(bench: Desk) -> None:
    def agrees(exact: stats.distributions.rv_frozen, reference: stats.distributions.rv_frozen, closed: bool) -> bool:
        numbers = _shown(bench).curves.numbers
        integral = exact.expect(lambda z: exact.logpdf(z) - reference.logpdf(z))
        told = _pane(bench).readouts.numbers.labels["kl"].text().endswith("(num.)")
        return numbers.kl == pytest.approx(integral, rel=1e-7) and (numbers.kl_closed, told) == (closed, not closed)

    assert agrees(_gamma(GAMMA), stats.norm(), closed=True)
    bench.state.workbench.pin()
    _choose(bench, "Weibull")
    shape, scale = _shown(bench).family.parameters.values()
    assert agrees(stats.weibull_min(shape, scale=scale), _gamma(GAMMA), closed=False)


def test_a_support_that_sticks_out_of_the_references_is_infinitely_far(bench: Desk) -> None:
    bench.state.workbench.pin()
    _choose(bench, "Normal")
    assert np.isinf(_shown(bench).curves.numbers.kl)
    assert _pane(bench).readouts.numbers.labels["kl"].text() == "∞"


def test_logarithms_are_drawn_and_dragged_as_such(bench: Desk) -> None:
    bench.state.view.set_logarithmic(True)
    curves, drawn = _shown(bench).curves, _pane(bench).curves
    np.testing.assert_allclose(
        drawn._posterior_cdf.getData()[1], np.log10(np.maximum(curves.family_cdf, 1e-12)), atol=1e-12
    )
    under = _drag(bench, "cdf", "u", QPointF(0, 15), "h")
    assert _shown(bench).place.u == pytest.approx(10.0 ** under.y(), rel=1e-9)


def test_the_probability_slider_moves_in_equal_probability(bench: Desk) -> None:
    slider = _pane(bench).slider
    slider.setFocus()
    slider.setValue(2500)
    bench.settle()
    assert _shown(bench).place.z == pytest.approx(_gamma(GAMMA).ppf(0.25), rel=1e-9)
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    bench.settle()
    assert _shown(bench).place.u == pytest.approx(0.30, abs=1e-9)


def test_the_axes_rest_while_a_parameter_is_dragged(bench: Desk) -> None:
    plot = _pane(bench).curves.pdf
    start = bench.grip(plot, "rate", "")[1]
    before = plot.viewRange()[0]
    bench.press(plot.viewport(), start)
    bench.move(plot.viewport(), start + QPointF(40, 0), held=LEFT)
    bench.settle()
    assert plot.viewRange()[0] == before
    bench.release(plot.viewport(), start + QPointF(40, 0))
    bench.settle()
    assert plot.viewRange()[0] != before


def test_the_model_is_there_again_as_it_was(bench: Desk) -> None:
    point = bench.point
    _choose(bench, "Beta")
    bench.state.triad.set_mode("model")
    bench.settle()
    assert _shown(bench).family.name == "Normal"
    assert bench.point is point


def _ticks(desk: Desk, value: float) -> str:
    axis = _pane(desk).curves.pdf.getAxis("left")
    return str(axis.tickStrings([value], axis.autoSIPrefixScale * axis.scale, value)[0])


def test_the_axis_says_the_density_itself_whatever_was_shown_before(bench: Desk) -> None:
    for family in ("VonMises", "Normal", "StudentT"):
        _choose(bench, family)
        _pane(bench).theme.changed.emit()
        assert _ticks(bench, 0.2) == "0.2"


def test_a_density_with_infinite_ends_has_an_axis_and_grips_in_sight(bench: Desk) -> None:
    _choose(bench, "Beta")
    for name in ("concentration1", "concentration0"):
        bench.state.triad.set(name, 0.1)
        bench.settle()
    plot = _pane(bench).curves.pdf
    assert np.isinf(_shown(bench).curves.family_pdf).any()
    for logarithmic in (False, True):
        bench.state.view.set_logarithmic(logarithmic)
        low, high = plot.viewRange()[1]
        assert (10.0**high if logarithmic else high) < 100.0
        for handle in plot.layer.handles:
            assert handle.shape != "." or low <= handle.y <= high
        for curve in plot.curves:
            heights = curve.getData()[1]
            assert heights is None or np.isfinite(heights).all()


def test_the_plots_keep_their_places_whatever_the_numbers(bench: Desk) -> None:
    places = set()
    for family, key, value in (("Normal", "scale", 1e-4), ("VonMises", "concentration", 800.0), ("Beta", "z", 0.5)):
        _choose(bench, family)
        bench.state.triad.set(key, value)
        bench.settle()
        bench.qtbot.wait(50)
        places.add((_pane(bench).slider.width(), _pane(bench).curves.pdf.width(), _pane(bench).curves.pdf.height()))
    assert len(places) == 1


def test_another_family_is_not_kept_waiting_by_the_last_one(bench: Desk) -> None:
    pane, bench_state = _pane(bench), bench.state.workbench
    bench_state.choose("InverseGamma")
    assert "preparing InverseGamma" in pane._legend.text()
    bench.state.triad.set("rate", 3.0)
    assert set(bench_state.family.parameters) == {"concentration", "scale"}
    _choose(bench, "Gamma")
    assert _shown(bench).family == GAMMA
    assert "preparing" not in pane._legend.text()


def test_what_is_no_number_moves_nothing(bench: Desk) -> None:
    chosen, before = bench.state.workbench, _shown(bench)
    family, value = chosen.family, chosen.value
    for key in ("z", "eps", "u", "rate"):
        bench.state.triad.set(key, float("nan"))
        assert (chosen.family, chosen.value) == (family, value)
    bench.settle()
    assert _shown(bench).place.z == before.place.z


@pytest.mark.parametrize(("family", "parameter"), [("TruncatedNormal", "loc"), ("LogitNormal", "loc")])
def test_a_parameter_pushed_against_a_bound_comes_to_rest_and_comes_back(
    bench: Desk, family: str, parameter: str
) -> None:
    bench.state.workbench.choose(family)
    bench.settle()
    chart = _pane(bench).curves.pdf
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
    pane = _pane(bench)
    for key, value in (("rate", 4.0), ("z", 3.0)):
        bench.state.triad.set(key, value)
        bench.settle()
    for plot, grip in ((pane.curves.pdf, "rate"), (pane.curves.cdf, "u")):
        place = bench.grip(plot, grip)[1]
        QTest.mouseDClick(plot.viewport(), LEFT, pos=place.toPoint())
        bench.settle()
    place = _shown(bench).place
    assert bench.state.workbench.family.parameters["rate"] == 1.5
    assert (place.eps, place.u) == (0.0, pytest.approx(0.5, abs=1e-12))


def test_a_double_click_returns_to_the_posterior_mean(desk: Desk) -> None:
    triad, dim = desk.state.triad, desk.state.view.dimension
    triad.set("eps", 2.0)
    desk.settle()
    plot = _pane(desk).curves.pdf
    QTest.mouseDClick(plot.viewport(), LEFT, pos=desk.grip(plot, "z")[1].toPoint())
    desk.settle()
    assert desk.point.z[dim] == desk.point.mu[dim]


def test_pictures_of_curves_are_kept_while_they_rest_and_not_made_while_they_change(bench: Desk) -> None:
    curves, cache = _pane(bench).curves, QGraphicsItem.CacheMode
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
    curves = _pane(desk).curves
    curves._posterior_pdf.sigPlotChanged.connect(drawn.append)
    start = desk.grip(curves.pdf, "z")[1]
    desk.press(curves.pdf.viewport(), start)
    for x in (4, 8, 12, 16):
        desk.move(curves.pdf.viewport(), start + QPointF(x, 0), held=LEFT)
        desk.settle()
    assert not drawn
    assert curves._posterior_pdf.cacheMode() is QGraphicsItem.CacheMode.DeviceCoordinateCache
    desk.release(curves.pdf.viewport(), start + QPointF(16, 0))
