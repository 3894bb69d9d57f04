"""Dragging the handles of the Distribution pane: z, u, ε, μ and σ obey the triad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from scipy import stats

from explorer.state.latent import Hold, Point
from explorer.views.distribution.plot import DistributionPlot
from tests.support.desk import LEFT, Desk
from tests.support.oracle import NumpyVAE

STEPS = 6
HOLDS: tuple[Hold, Hold] = ("eps", "z")


@dataclass
class Bench:
    """A dimension in view, and where the mouse was released."""

    desk: Desk
    dim: int

    def drag(self, plot: DistributionPlot, grip: str, by: QPointF, shape: str = "") -> QPointF:
        """Drag a handle by some pixels, waiting for each answer; return the final plot coordinates of the mouse."""
        start = self.desk.grip(plot, grip, shape)[1]
        self.desk.press(plot.viewport(), start)
        for step in range(1, STEPS + 1):
            self.desk.move(plot.viewport(), start + by * (step / STEPS), held=LEFT)
            self.desk.settle()
        under = QPointF(plot.getViewBox().mapSceneToView(start + by))
        self.desk.release(plot.viewport(), start + by)
        self.desk.settle()
        return under

    def values(self, point: Point) -> dict[str, float]:
        """Return z, ε, μ and σ of the dimension."""
        return {name: float(getattr(point, name)[self.dim]) for name in ("z", "eps", "mu", "sigma")}


@pytest.fixture
def bench(desk: Desk) -> Bench:
    """Select an image and move z a little off its mean."""
    desk.window.map.select(42)
    dim = desk.window.dimensions.list.rows.dims[1]
    desk.state.display.set_dimension(dim)
    desk.latent.set_component("sigma", dim, 0.6)
    desk.latent.set_component("eps", dim, 0.8)
    desk.state.undo.forget()
    desk.settle()
    return Bench(desk, dim)


def _assert_others_untouched(bench: Bench, before: Point) -> None:
    after = bench.desk.point
    for name in ("z", "mu", "sigma"):
        old, new = (np.delete(getattr(point, name), bench.dim) for point in (before, after))
        assert new.tobytes() == old.tobytes()


def _assert_triad(bench: Bench) -> None:
    v, curves = bench.values(bench.desk.point), bench.desk.curves
    assert v["z"] == pytest.approx(v["mu"] + v["sigma"] * v["eps"], abs=1e-12)
    assert curves.place.u == pytest.approx(stats.norm.cdf(v["eps"]), rel=1e-9)


def test_dragging_z_takes_epsilon_along(bench: Bench) -> None:
    before = bench.desk.point
    at = bench.drag(bench.desk.window.distribution.curves.pdf, "z", QPointF(40, 0), "v")
    v = bench.values(bench.desk.point)
    assert v["z"] == pytest.approx(at.x(), abs=1e-9)
    assert (v["mu"], v["sigma"]) == (bench.values(before)["mu"], bench.values(before)["sigma"])
    _assert_triad(bench)
    _assert_others_untouched(bench, before)


def test_dragging_epsilon_takes_z_along(bench: Bench, oracle: NumpyVAE) -> None:
    before = bench.desk.point
    at = bench.drag(bench.desk.window.distribution.curves.noise, "eps", QPointF(-50, 0), "v")
    v = bench.values(bench.desk.point)
    assert v["eps"] == pytest.approx(at.x(), abs=1e-9)
    _assert_triad(bench)
    _assert_others_untouched(bench, before)
    expected = oracle.decode(bench.desk.point.z[None])[0]
    np.testing.assert_allclose(bench.desk.state.answers.picture, expected, atol=1e-4)


def test_z_can_be_dragged_on_the_path_too(bench: Bench) -> None:
    at = bench.drag(bench.desk.window.distribution.curves.noise, "z", QPointF(0, -25), "h")
    assert bench.values(bench.desk.point)["z"] == pytest.approx(at.y(), abs=1e-9)
    _assert_triad(bench)


def test_dragging_u_moves_z_to_the_quantile(bench: Bench) -> None:
    before = bench.desk.point
    at = bench.drag(bench.desk.window.distribution.curves.cdf, "u", QPointF(0, 35), "h")
    v = bench.values(bench.desk.point)
    assert 0.05 < at.y() < 0.95
    assert v["z"] == pytest.approx(stats.norm.ppf(at.y(), v["mu"], v["sigma"]), rel=1e-9)
    _assert_triad(bench)
    _assert_others_untouched(bench, before)


@pytest.mark.parametrize("hold", HOLDS)
def test_dragging_mu_holds_what_is_chosen(bench: Bench, hold: Hold) -> None:
    bench.desk.latent.set_hold(hold)
    before = bench.desk.point
    at = bench.drag(bench.desk.window.distribution.curves.pdf, "loc", QPointF(45, 0))
    v, held = bench.values(bench.desk.point), bench.values(before)
    assert v["mu"] == pytest.approx(at.x(), abs=1e-9)
    assert v["sigma"] == held["sigma"]
    assert v[hold] == pytest.approx(held[hold], abs=1e-12)
    assert v["z" if hold == "eps" else "eps"] != pytest.approx(held["z" if hold == "eps" else "eps"], abs=0.01)
    _assert_triad(bench)
    _assert_others_untouched(bench, before)


@pytest.mark.parametrize("hold", HOLDS)
def test_dragging_sigma_holds_what_is_chosen(bench: Bench, hold: Hold) -> None:
    bench.desk.latent.set_hold(hold)
    before = bench.desk.point
    at = bench.drag(bench.desk.window.distribution.curves.pdf, "scale", QPointF(30, 0))
    v, held = bench.values(bench.desk.point), bench.values(before)
    assert v["sigma"] == pytest.approx(at.x() - v["mu"], abs=1e-9)
    assert v["mu"] == held["mu"]
    assert v[hold] == pytest.approx(held[hold], abs=1e-12)
    _assert_triad(bench)
    _assert_others_untouched(bench, before)


def test_a_bank_that_mu_carries_off_the_plot_has_no_bars_there(bench: Bench) -> None:
    curves = bench.desk.window.distribution.curves
    start = bench.desk.grip(curves.pdf, "loc")[1]
    bench.desk.press(curves.pdf.viewport(), start)
    bench.desk.move(curves.pdf.viewport(), start + QPointF(5000, 0), held=LEFT)
    bench.desk.settle()
    assert bench.desk.curves.bank_z[0] > curves._range[1]
    assert len(curves._bars.getData()[0]) == 0
    bench.desk.release(curves.pdf.viewport(), start + QPointF(5000, 0))
    bench.desk.settle()
    assert len(curves._bars.getData()[0]) > 0


def test_sigma_never_becomes_zero_or_negative(bench: Bench) -> None:
    bench.drag(bench.desk.window.distribution.curves.pdf, "scale", QPointF(-400, 0))
    assert bench.values(bench.desk.point)["sigma"] == 1e-4
    assert np.isfinite(bench.desk.point.eps).all()


@pytest.mark.parametrize(
    ("plot", "grip", "by"),
    [("pdf", "z", (40, 0)), ("noise", "eps", (40, 0)), ("pdf", "loc", (40, 0)), ("pdf", "scale", (30, 0)),
     ("cdf", "u", (0, 30))],
)  # fmt: skip
def test_one_drag_is_one_undo_step_back_to_the_last_bit(
    bench: Bench, plot: str, grip: str, by: tuple[int, int]
) -> None:
    before, stack = bench.desk.point, bench.desk.state.undo
    bench.drag(getattr(bench.desk.window.distribution.curves, plot), grip, QPointF(*by))
    after = bench.desk.point
    assert after.z.tobytes() != before.z.tobytes()
    assert stack.count() == 1
    assert stack.undo_text().startswith("Drag ")
    stack.undo()
    assert (bench.desk.point.z.tobytes(), bench.desk.point.mu.tobytes()) == (before.z.tobytes(), before.mu.tobytes())
    stack.redo()
    assert bench.desk.point.z.tobytes() == after.z.tobytes()


def test_a_release_before_the_quantile_came_is_one_step_all_the_same(bench: Bench) -> None:
    curves, stack = bench.desk.window.distribution.curves, bench.desk.state.undo
    viewport, start = curves.cdf.viewport(), bench.desk.grip(curves.cdf, "u", "h")[1]
    bench.desk.press(viewport, start)
    bench.desk.move(viewport, start + QPointF(0, 30), held=LEFT)
    bench.desk.release(viewport, start + QPointF(0, 30))
    assert stack.count() == 0
    bench.desk.settle()
    assert stack.count() == 1


def test_a_press_on_nothing_drags_nothing(bench: Bench) -> None:
    plot, before = bench.desk.window.distribution.curves.cdf, bench.desk.point
    corner = QPointF(plot.width() - 12, 12)
    bench.desk.drag(plot.viewport(), [corner, corner + QPointF(-5, 5)])
    assert bench.desk.point is before
