"""Curves, numbers and the noise bank of the Distribution pane against SciPy and the arrays themselves."""

from __future__ import annotations

import csv
from io import StringIO
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot
from scipy import stats

from tests.support.desk import Desk
from tests.support.menus import choose, context_menu


@pytest.fixture
def dim(desk: Desk) -> int:
    """Return a dimension whose z is away from its mean."""
    desk.window.map.select(42)
    chosen = desk.window.dimensions.list.rows.dims[1]
    desk.state.display.set_dimension(chosen)
    desk.latent.set_component("eps", chosen, 0.8)
    desk.settle()
    return chosen


def _posterior(desk: Desk, dim: int) -> stats.rv_continuous:
    return stats.norm(desk.point.mu[dim], desk.point.sigma[dim])


def test_prior_and_posterior_are_those_of_scipy(desk: Desk, dim: int) -> None:
    curves, posterior = desk.curves, _posterior(desk, dim)
    for values, expected in (
        (curves.reference_pdf, stats.norm.pdf(curves.x)), (curves.reference_cdf, stats.norm.cdf(curves.x)),
        (curves.family_pdf, posterior.pdf(curves.x)), (curves.family_cdf, posterior.cdf(curves.x)),
    ):  # fmt: skip
        np.testing.assert_allclose(values, expected, rtol=1e-10, atol=1e-300)


def test_the_curves_drawn_are_those_computed(desk: Desk, dim: int) -> None:
    curves, drawn = desk.curves, desk.window.distribution.curves
    for item, values in (
        (drawn._prior_pdf, curves.reference_pdf), (drawn._prior_cdf, curves.reference_cdf),
        (drawn._posterior_pdf, curves.family_pdf), (drawn._posterior_cdf, curves.family_cdf),
    ):  # fmt: skip
        x, y = item.getData()
        np.testing.assert_array_equal(x, curves.x)
        np.testing.assert_array_equal(y, values)


def test_the_aggregate_posterior_is_the_exact_mixture(desk: Desk, dim: int) -> None:
    embedding, aggregate = desk.embedding, desk.state.answers.aggregate
    assert aggregate is not None
    assert aggregate.dim == dim
    mu, sigma = (np.asarray(v[:, dim], np.float64)[:, None] for v in (embedding.mu, embedding.sigma))
    some = aggregate.x[::25]
    np.testing.assert_allclose(aggregate.pdf[::25], stats.norm.pdf(some, mu, sigma).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(aggregate.cdf[::25], stats.norm.cdf(some, mu, sigma).mean(axis=0), rtol=1e-9)
    drawn = desk.window.distribution.curves._aggregate_cdf.getData()
    np.testing.assert_array_equal(drawn[1], aggregate.cdf)


def test_u_is_the_posteriors_distribution_function_at_z(desk: Desk, dim: int) -> None:
    curves = desk.curves
    assert curves.place.u == pytest.approx(stats.norm.cdf(0.8), rel=1e-12)
    assert curves.place.pdf == pytest.approx(_posterior(desk, dim).pdf(desk.point.z[dim]), rel=1e-12)
    fields = desk.window.distribution.readouts.fields
    assert fields["u"].value() == pytest.approx(stats.norm.cdf(0.8), abs=1e-6)
    assert fields["eps"].value() == pytest.approx(0.8, abs=1e-4)


def test_kl_is_its_closed_form(desk: Desk, dim: int) -> None:
    mu, sigma = desk.point.mu, desk.point.sigma
    kl = 0.5 * (mu**2 + sigma**2 - 1.0) - np.log(sigma)
    curves, drawn, readouts = desk.curves, desk.state.answers.draws, desk.window.distribution.readouts
    assert drawn is not None
    assert curves.numbers.kl == pytest.approx(kl[dim], rel=1e-10)
    assert readouts.numbers.labels["kl"].text() == f"{kl[dim]:.4g} nats"
    np.testing.assert_allclose(drawn.kl, kl, atol=1e-5)
    assert readouts.numbers.labels["total"].text() == f"{kl.sum():.4g} nats"


def test_typicality_is_by_both_tails_of_chi_squared(desk: Desk, dim: int) -> None:
    for z in (desk.point.z, np.full(desk.latent.latent_dim, 2.0)):
        desk.latent.set_z(z)
        desk.settle()
        known, exact = desk.curves.numbers.typicality, stats.chi2(desk.latent.latent_dim)
        assert known is not None
        assert known.nearer == pytest.approx(exact.cdf(float(z @ z)), rel=1e-9)
        assert known.farther == pytest.approx(exact.sf(float(z @ z)), rel=1e-9)
        assert known.share == pytest.approx(2 * min(exact.cdf(float(z @ z)), exact.sf(float(z @ z))), rel=1e-9)


def test_histogram_and_ecdf_are_those_of_the_bank(desk: Desk, dim: int) -> None:
    drawn = desk.window.distribution.curves
    bank = np.sort(desk.point.mu[dim] + desk.point.sigma[dim] * desk.state.display.bank(dim))
    x, y = drawn._bars.getData()
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=1e-9)
    assert (x[0], x[-1]) == (pytest.approx(bank[0]), pytest.approx(bank[-1]))
    counts = y[1:-1:2] * np.diff(x[::2]) * len(bank)
    np.testing.assert_allclose(counts, np.histogram(bank, len(counts))[0], atol=1e-6)
    at, height = drawn._ecdf.getData()
    np.testing.assert_allclose(np.unique(at), bank)
    assert height[-1] == 1.0
    for value in bank[::37]:
        assert height[at <= value].max() == pytest.approx((bank <= value).mean())


def test_mu_carries_every_sample_of_the_frozen_bank(desk: Desk, dim: int) -> None:
    drawn, sigma = desk.window.distribution.curves, desk.point.sigma[dim]
    before, _ = drawn._ecdf.getData()
    desk.latent.set_component("mu", dim, desk.point.mu[dim] + 0.7)
    desk.settle()
    slid, _ = drawn._ecdf.getData()
    np.testing.assert_allclose(slid, before + 0.7, atol=1e-12)
    desk.latent.set_component("sigma", dim, 2.0 * sigma)
    desk.settle()
    spread, _ = drawn._ecdf.getData()
    np.testing.assert_allclose(spread - desk.point.mu[dim], 2.0 * (slid - desk.point.mu[dim]), atol=1e-12)


def test_resample_draws_another_bank_and_the_same_seed_the_same(desk: Desk, dim: int) -> None:
    drawn, pane = desk.window.distribution.curves, desk.window.distribution
    first = drawn._ecdf.getData()[0].copy()
    pane._resample.click()
    desk.settle()
    assert pane._seed.value() == 8
    assert np.abs(drawn._ecdf.getData()[0] - first).max() > 1e-3
    pane._seed.setValue(7)
    desk.settle()
    np.testing.assert_array_equal(drawn._ecdf.getData()[0], first)


def test_the_bank_is_standard_normal(desk: Desk, dim: int) -> None:
    banks = []
    for seed in range(20):
        desk.state.display.set_seed(seed)
        banks.append(desk.state.display.bank(dim))
    assert stats.kstest(np.concatenate(banks), "norm").pvalue > 1e-4
    desk.settle()


@pytest.mark.parametrize(("key", "grip"), [("z", "z"), ("eps", "eps"), ("loc", "mu"), ("scale", "sigma")])
def test_a_typed_number_is_one_undo_step(desk: Desk, dim: int, key: str, grip: str, qtbot: QtBot) -> None:
    field, before = desk.window.distribution.readouts.fields[key], desk.latent.snapshot()
    desk.state.undo.forget()
    field.selectAll()
    qtbot.keyClicks(field, "0.7512")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert desk.point.value(grip, dim) == pytest.approx(0.7512, abs=1e-12)  # type: ignore[arg-type]
    assert desk.state.undo.count() == 1
    desk.state.undo.undo()
    assert desk.point.z.tobytes() == before.points[0].z.tobytes()


def test_a_typed_u_moves_z_to_the_quantile(desk: Desk, dim: int, qtbot: QtBot) -> None:
    field = desk.window.distribution.readouts.fields["u"]
    desk.state.undo.forget()
    field.selectAll()
    qtbot.keyClicks(field, "0.025")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    desk.settle()
    assert desk.point.z[dim] == pytest.approx(_posterior(desk, dim).ppf(0.025), abs=1e-6)
    assert desk.state.undo.count() == 1


def test_choosing_a_dimension_shows_its_own_curves(desk: Desk, dim: int) -> None:
    pane = desk.window.distribution
    pane.subject.dimension.setCurrentIndex(9)
    pane.subject.dimension.activated.emit(9)
    desk.settle()
    curves, aggregate = desk.curves, desk.state.answers.aggregate
    assert aggregate is not None
    assert aggregate.dim == 9
    np.testing.assert_allclose(curves.family_pdf, _posterior(desk, 9).pdf(curves.x), rtol=1e-10, atol=1e-300)


def test_a_plot_is_copied_as_a_picture_three_times_as_large(desk: Desk, dim: int) -> None:
    plot = desk.window.distribution.curves.pdf
    choose(context_menu(plot.viewport(), QPoint(3, 3)), "Copy plot as picture")
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (3 * plot.viewport().width(), 3 * plot.viewport().height())
    rows = range(0, image.height(), 5)
    shown = {image.pixelColor(x, y).name() for x in range(image.width()) for y in rows}
    assert desk.app.theme.colors.accent in shown


def test_the_numbers_of_a_plot_are_copied_as_they_are(desk: Desk, dim: int) -> None:
    plot = desk.window.distribution.curves.pdf
    choose(context_menu(plot.viewport(), QPoint(3, 3)), "Copy its numbers (CSV)")
    head, *rows = csv.reader(StringIO(QGuiApplication.clipboard().text()))
    assert head == ["series", desk.state.distribution.shown.name, "pdf"]
    x, y = np.array([row[1:] for row in rows if row[0] == "q"], float).T
    np.testing.assert_array_equal(x, desk.curves.x)
    np.testing.assert_array_equal(y, desk.curves.family_pdf)


@pytest.mark.parametrize(("name", "ending"), [("plain", ".png"), ("a.svg", ".svg"), ("a.csv", ".csv")])
def test_every_plot_is_saved_in_every_way(
    desk: Desk, dim: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ending: str
) -> None:
    window, target = desk.window, (tmp_path / name).with_suffix(ending)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / name), ""))
    for plot in (window.map.plot, *window.distribution.curves.plots):
        target.unlink(missing_ok=True)
        choose(context_menu(plot.viewport(), QPoint(3, 3)), "Save plot as PNG, SVG or CSV …")
        content = target.read_bytes()
        if ending == ".svg":
            assert QSvgRenderer(content).isValid()
            assert content.count(b"<text") > 4
        assert content.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".csv": b"series,"}[ending])
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [target.name]


def test_the_map_as_a_table_holds_every_image_and_point(desk: Desk) -> None:
    choose(context_menu(desk.window.map.plot.viewport(), QPoint(3, 3)), "Copy its numbers (CSV)")
    rows = list(csv.reader(StringIO(QGuiApplication.clipboard().text())))[1:]
    assert len(rows) == len(desk.data.images) + len(desk.latent.points)


def test_the_menu_of_a_grip_copies_its_value_and_puts_it_back(desk: Desk, dim: int) -> None:
    plot = desk.window.distribution.curves.noise
    at = desk.grip(plot, "eps", "v")[1].toPoint()
    choose(context_menu(plot.viewport(), at), "Copy ε = 0.8")
    assert float(QGuiApplication.clipboard().text()) == pytest.approx(0.8)
    choose(context_menu(plot.viewport(), at), "Put ε back")
    assert desk.point.z[dim] == desk.point.mu[dim]


def test_a_right_click_moves_no_grip(desk: Desk, dim: int) -> None:
    before = desk.point
    for plot in desk.window.distribution.curves.plots:
        for handle in plot.layer.handles:
            place = plot.pixel_of(handle).toPoint()
            QTest.mouseClick(plot.viewport(), Qt.MouseButton.RightButton, pos=place)
            QTest.mouseDClick(plot.viewport(), Qt.MouseButton.RightButton, pos=place)
    desk.settle()
    assert desk.point is before


def test_any_number_is_copied(desk: Desk, dim: int) -> None:
    pane = desk.window.distribution
    label: QLabel = pane.readouts.numbers.labels["entropy"]
    place = label.mapTo(pane, label.rect().center())
    # As Qt does, the event goes from the label to what lies behind it.
    choose(context_menu(pane, place), f"Copy “{label.text()}”")
    assert QGuiApplication.clipboard().text() == label.text()


def test_the_menu_of_the_slider_copies_and_returns_it(desk: Desk, dim: int) -> None:
    slider = desk.window.distribution.slider
    u = desk.curves.place.u
    choose(context_menu(slider, slider.rect().center()), f"Copy {u}")
    assert float(QGuiApplication.clipboard().text()) == u
    choose(context_menu(slider, slider.rect().center()), "Put it back")
    assert desk.point.z[dim] == desk.point.mu[dim]


def test_the_equation_stands_large_with_the_numbers_of_the_moment(desk: Desk, dim: int) -> None:
    pane = desk.window.distribution
    for eps in (0.8, -1e-12, 6.0):
        desk.latent.set_component("eps", dim, eps)
        desk.settle()
        z, mu, sigma = (float(getattr(desk.point, name)[dim]) for name in ("z", "mu", "sigma"))
        noise = f"{abs(eps):.3f}"
        assert pane.equation.text == f"{z:.3f} = {mu:.3f} + {sigma:.3f} · {noise}".replace("-0.000", "0.000")
    assert "reparam" in pane.readouts.hold.group.button(0).toolTip()
    slopes = pane.readouts.inputs.slopes
    assert (slopes["loc"].text(), slopes["scale"].text()) == ("∂z 1", "∂z 6")
    assert pane.readouts.numbers.labels["slope"].text() == f"{desk.point.sigma[dim]:.4g}"


def test_the_curves_are_drawn_around_the_posterior_at_first(desk: Desk, dim: int) -> None:
    assert desk.window.distribution.subject.zoom.isChecked()
    low, high = desk.window.distribution.curves.pdf.viewRange()[0]
    assert high - low < 11.0 * desk.point.sigma[dim]


def test_a_curve_that_is_not_there_has_no_name(desk: Desk, tmp_path: Path) -> None:
    legend = desk.window.distribution.legend
    assert "aggregate" in legend.text
    np.save(tmp_path / "wide.npy", np.zeros((20, 12, 12), np.uint8))
    desk.state.model.request_data(str(tmp_path / "wide.npy"))
    desk.settle()
    assert "aggregate" not in legend.text
    assert "posterior" in legend.text
    desk.reopen()
    assert "aggregate" in legend.text


def test_every_curve_is_explained_by_its_name(desk: Desk) -> None:
    chips = desk.window.distribution.legend.chips.values()
    shown = [chip.text() for chip in chips if chip.isVisible()]
    assert len(shown) == 4
    assert all(len(chip.toolTip()) > 30 for chip in chips)


@pytest.mark.parametrize("eps", [0.0, 0.1, 0.8, -1.5, 6.0, 30.0])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_names_of_grips_are_apart_and_inside(desk: Desk, dim: int, eps: float, logarithmic: bool) -> None:
    desk.state.display.set_logarithmic(logarithmic)
    desk.latent.set_component("eps", dim, eps)
    desk.settle()
    for plot in desk.window.distribution.curves.plots:
        plot.grab()
        frame, placed = plot.layer.frame(), plot.layer.placed
        boxes = [QRectF(at.x(), at.y() - 9.0, label.width, 9.0) for label, at in placed]
        assert {label.text for label, _ in placed} > {"z"}
        assert all(QRectF(0.0, -4.0, frame.size[0], frame.size[1] + 4.0).contains(box) for box in boxes)
        assert not any(one.intersects(other) for one, other in combinations(boxes, 2))
        dots = [plot.layer.place_of(frame, handle) for handle in plot.layer.handles if handle.shape == "."]
        discs = [QRectF(dot.x() - 4.0, dot.y() - 4.0, 8.0, 8.0) for dot in dots]
        assert not any(box.intersects(disc) for box in boxes for disc in discs)
    desk.state.display.set_logarithmic(False)


def test_a_value_beyond_an_axis_is_an_arrow_that_says_it(desk: Desk, dim: int) -> None:
    desk.latent.set_component("eps", dim, 30.0)
    desk.settle()
    plot = desk.window.distribution.curves.noise
    plot.grab()
    handle = next(handle for handle in plot.layer.handles if handle.grip == "eps" and handle.shape == ".")
    assert handle.x > plot.viewRange()[0][1]
    assert plot.getViewBox().sceneBoundingRect().contains(plot.pixel_of(handle))
    assert "ε = 30" in [label.text for label, _ in plot.layer.placed]
    desk.latent.set_component("eps", dim, 1.0)
    desk.settle()
    plot.grab()
    assert "ε" in [label.text for label, _ in plot.layer.placed]


def test_u_far_out_is_the_probability_beside_it(desk: Desk, dim: int) -> None:
    desk.latent.set_component("eps", dim, -11.0)
    desk.settle()
    readouts, exact = desk.window.distribution.readouts, float(stats.norm.cdf(-11.0))
    assert float(readouts.fields["u"].text()) == pytest.approx(exact, rel=1e-3)
    assert readouts.numbers.labels["tails"].text().startswith(f"{exact:.4g}, ")
