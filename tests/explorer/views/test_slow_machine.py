"""Where frames are slow: what the mouse changes is painted first, nothing is forgotten, nothing drawn in vain."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from explorer.state.pace import FRAME_MS, FRAMES
from tests.support.desk import LEFT, Desk
from tests.support.oracle import NumpyVAE


def test_on_a_slow_machine_the_picture_comes_first_and_all_else_after_it(desk: Desk, oracle: NumpyVAE) -> None:
    state, viewport, start = desk.state, desk.window.map.plot.viewport(), desk.marker("A")
    state.latency.recent.extend([2.0 * FRAME_MS] * FRAMES)
    shown = desk.curves.place.z
    desk.press(viewport, start)
    desk.move(viewport, start + QPointF(60, 40), held=LEFT)
    assert (state.pace.waiting, desk.curves.place.z) == (True, shown)
    assert desk.app.decoder.requests.under_way("picture") is not None
    assert desk.app.decoder.requests.under_way("curves") is None
    desk.settle()
    desk.release(viewport, start + QPointF(60, 40))
    desk.settle()
    assert desk.curves.place.z == pytest.approx(desk.point.z[state.display.dimension])
    picture = oracle.decode(desk.point.z[None])[0]
    np.testing.assert_allclose(state.answers.picture, picture, atol=1e-4)
    np.testing.assert_allclose(state.answers.thumbnails["A"], picture, atol=1e-4)
    assert all(plot.viewport().updatesEnabled() for plot in desk.window.distribution.curves.plots)


def test_of_three_plots_the_one_that_is_dragged_comes_first(desk: Desk) -> None:
    pdf, cdf, noise = desk.window.distribution.curves.plots
    start = desk.grip(cdf, "u", "h")[1]
    desk.press(cdf.viewport(), start)
    desk.state.latency.recent.extend([2.0 * FRAME_MS] * FRAMES)
    desk.state.distribution.changed.emit()
    assert [plot.viewport().updatesEnabled() for plot in (pdf, cdf, noise)] == [False, True, False]
    desk.release(cdf.viewport(), start)
    desk.settle()
    assert all(plot.viewport().updatesEnabled() for plot in (pdf, cdf, noise))


def test_moves_of_a_z_far_out_leave_the_axes_and_the_curves_alone(desk: Desk) -> None:
    desk.window.map.select(42)
    dim = desk.window.dimensions.list.rows.dims[1]
    desk.state.display.set_dimension(dim)
    desk.settle()
    drawn = desk.window.distribution.curves
    desk.latent.begin("Drag A")
    desk.latent.set_component("eps", dim, -40.0)
    desk.settle()
    (low, high), drawings = drawn.pdf.viewRange()[0], []
    assert low < desk.point.z[dim] - desk.point.sigma[dim] < low + 25.0 * desk.point.sigma[dim]
    assert high < desk.point.mu[dim] + 6.0 * desk.point.sigma[dim]
    drawn._posterior_pdf.sigPlotChanged.connect(drawings.append)
    for eps in (-39.0, -38.0, 4.0, -40.5):
        desk.latent.set_component("eps", dim, eps)
        desk.settle()
    assert tuple(drawn.pdf.viewRange()[0]) == (low, high)
    assert not drawings
    desk.latent.end()
    desk.latent.set_component("eps", dim, 1.0)
    desk.settle()
    assert np.ptp(drawn.pdf.viewRange()[0]) < 11.0 * desk.point.sigma[dim]
