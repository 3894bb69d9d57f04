"""What the three plots of the Distribution pane show; only what has changed is drawn anew."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from explorer.state import AppState
from explorer.state.results import Triad
from explorer.theme import Theme
from explorer.views.triad_plots import Handle, TriadPlot, nice_ceiling, steps
from models.geometry import dimension_name, reparameterize

BINS = 40
NOISE_RANGE = 4.0
RAYS = 25
ZOOM_SIGMAS = 5.0


class TriadCurves:
    """Owns the curves of pdf, cdf and noise plot, and fills them from state."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        self.state, self.theme = state, theme
        self.pdf = TriadPlot(theme, "Density; drag z, μ and σ", "z", "pdf")
        self.cdf = TriadPlot(theme, "Distribution function; drag z and u", "z", "cdf")
        self.noise = TriadPlot(theme, "The path from noise to z; drag ε and z", "ε", "z = μ + σ·ε")
        self._bars, self._aggregate_pdf = self.pdf.curve(0), self.pdf.curve(2)
        self._prior_pdf, self._posterior_pdf = self.pdf.curve(1), self.pdf.curve(3)
        self._ecdf, self._aggregate_cdf = self.cdf.curve(0), self.cdf.curve(2)
        self._prior_cdf, self._posterior_cdf = self.cdf.curve(1), self.cdf.curve(3)
        self._rays, self._path = self.noise.curve(0), self.noise.curve(2)
        self._key: tuple[object, ...] | None = None
        self._bank_key: tuple[int, int] | None = None
        self._bank = np.zeros(0)
        self._range = (-NOISE_RANGE, NOISE_RANGE)
        for plot in self.plots:
            for curve in plot.curves:
                # A drag of z moves the grips alone: the curves below are blitted.
                curve.setCacheMode(pg.QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.cdf.setYRange(0.0, 1.0, padding=0.03)
        self.noise.setXRange(-NOISE_RANGE, NOISE_RANGE, padding=0.0)

    @property
    def plots(self) -> tuple[TriadPlot, TriadPlot, TriadPlot]:
        """The three plots from left to right."""
        return self.pdf, self.cdf, self.noise

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        colors = self.theme.colors
        for plot in self.plots:
            plot.restyle()
        for curve in (self._prior_pdf, self._prior_cdf):
            curve.setPen(pg.mkPen(colors.prior, width=1.2, style=Qt.PenStyle.DashLine))
        for curve in (self._aggregate_pdf, self._aggregate_cdf):
            curve.setPen(pg.mkPen(colors.second, width=1.4))
        for curve in (self._posterior_pdf, self._posterior_cdf, self._path):
            curve.setPen(pg.mkPen(colors.accent, width=1.6))
        self._posterior_pdf.setBrush(_faded(colors.accent, 40))
        self._posterior_pdf.setFillLevel(0.0)
        self._bars.setPen(pg.mkPen(_faded(colors.third, 150)))
        self._bars.setBrush(_faded(colors.third, 50))
        self._bars.setFillLevel(0.0)
        self._ecdf.setPen(pg.mkPen(_faded(colors.third, 230)))
        self._rays.setPen(pg.mkPen(_faded(colors.third, 80)))
        self._key = None
        self.show()

    def show(self) -> None:
        """Show the newest curves and grips."""
        triad, aggregate = self.state.results.triad, self.state.results.aggregate
        if triad is None:
            return
        if not any(plot.held for plot in self.plots):
            # The axes rest while one drags: a range that grew with σ would move the value under the mouse.
            self._range = self._range_of(triad)
        key = (triad.dim, triad.mu, triad.sigma, self.state.view.seed, self._range, id(aggregate))
        if key != self._key:
            self._key = key
            self._show_curves(triad)
            self._show_bank(triad)
        self._show_handles(triad)

    def _range_of(self, triad: Triad) -> tuple[float, float]:
        if not self.state.view.zoomed:
            return float(triad.curves.x[0]), float(triad.curves.x[-1])
        reach = ZOOM_SIGMAS * triad.sigma
        return min(triad.mu - reach, triad.z - triad.sigma), max(triad.mu + reach, triad.z + triad.sigma)

    def _show_curves(self, triad: Triad) -> None:
        curves, aggregate = triad.curves, self.state.results.aggregate
        low, high = self._range
        self._prior_pdf.setData(curves.x, curves.prior_pdf)
        self._prior_cdf.setData(curves.x, curves.prior_cdf)
        self._posterior_pdf.setData(curves.x, curves.posterior_pdf)
        self._posterior_cdf.setData(curves.x, curves.posterior_cdf)
        peaks = [curves.prior_pdf.max(), curves.posterior_pdf.max()]
        if aggregate is None:
            self._aggregate_pdf.setData([], [])
            self._aggregate_cdf.setData([], [])
        else:
            self._aggregate_pdf.setData(aggregate.x, aggregate.pdf)
            self._aggregate_cdf.setData(aggregate.x, aggregate.cdf)
            peaks.append(aggregate.pdf.max())
        self.pdf.setYRange(0.0, nice_ceiling(1.08 * max(float(peak) for peak in peaks)), padding=0.03)
        for plot in (self.pdf, self.cdf):
            plot.setXRange(low, high, padding=0.01)
            plot.name_x(dimension_name(triad.dim))
        self.noise.setYRange(low, high, padding=0.02)

    def _show_bank(self, triad: Triad) -> None:
        view, mu, sigma = self.state.view, np.array(triad.mu), np.array(triad.sigma)
        if self._bank_key != (view.seed, triad.dim):
            self._bank_key = (view.seed, triad.dim)
            self._bank = np.sort(view.bank(triad.dim))
        eps = self._bank
        z = reparameterize(mu, sigma, eps)
        counts, edges = np.histogram(z, BINS)
        self._bars.setData(*steps(edges, counts / (len(z) * np.diff(edges))))
        self._ecdf.setData(np.repeat(z, 2), np.repeat(np.arange(len(z) + 1) / len(z), 2)[1:-1])
        ends = np.array([-NOISE_RANGE, NOISE_RANGE])
        self._path.setData(ends, reparameterize(mu, sigma, ends))
        self._show_rays(eps, z)

    def _show_rays(self, eps: np.ndarray, z: np.ndarray) -> None:
        """Draw a few of the bank's noises up to the path and across to z: what the trick does to each."""
        chosen = np.linspace(0, len(eps) - 1, RAYS).round().astype(int)
        bottom = self.noise.viewRect().top()
        e, at = eps[chosen], z[chosen]
        floor, wall = np.full(RAYS, bottom), np.full(RAYS, -NOISE_RANGE)
        x, y = np.stack([e, e, wall], axis=1), np.stack([floor, at, at], axis=1)
        joined = np.tile(np.array([1, 1, 0], np.int32), RAYS)
        self._rays.setData(x.ravel(), y.ravel(), connect=joined)

    def _show_handles(self, triad: Triad) -> None:
        curves, colors = triad.curves, self.theme.colors
        z, mu, sigma, accent, text = triad.z, triad.mu, triad.sigma, colors.accent, colors.text
        bell = float(np.interp(mu, curves.x, curves.posterior_pdf))
        shoulder = float(np.interp(mu + sigma, curves.x, curves.posterior_pdf))
        self.pdf.layer.set_handles([
            Handle("z", ".", z, curves.z_pdf, text), Handle("mu", ".", mu, bell, accent, "μ"),
            Handle("sigma", ".", mu + sigma, shoulder, accent, "σ"),
            Handle("sigma", ".", mu - sigma, shoulder, accent, "", -1.0), Handle("z", "v", z, 0.0, text, "z"),
        ])  # fmt: skip
        self.cdf.layer.set_handles([
            Handle("z", ".", z, curves.z_cdf, text), Handle("z", "v", z, 0.0, text, "z"),
            Handle("u", "h", 0.0, curves.z_cdf, accent, "u"),
        ])  # fmt: skip
        shown = float(np.clip(triad.eps, -NOISE_RANGE, NOISE_RANGE))
        self.noise.layer.set_handles([
            Handle("eps", ".", shown, z, text), Handle("eps", "v", shown, 0.0, text, "ε"),
            Handle("z", "h", 0.0, z, text, "z"), Handle("mu", ".", 0.0, mu, accent, "μ"),
        ])  # fmt: skip


def _faded(color: str, alpha: int) -> QColor:
    faded = QColor(color)
    faded.setAlpha(alpha)
    return faded
