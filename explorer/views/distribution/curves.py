"""The curves of the three plots of the Distribution pane; only what has changed is drawn again."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from explorer.state import AppState
from explorer.state.answers import DistributionAnswer
from explorer.theme.theme import Theme
from explorer.views.common.histogram import nice_ceiling, steps
from explorer.views.distribution.grips import cdf_handles, noise_arrows, noise_handles, pdf_handles
from explorer.views.distribution.plot import DistributionPlot
from models.core.arrays import Vector
from models.core.families import Family
from models.protocol.decoding import AggregateReady
from models.protocol.distribution import CurvesReady

BINS = 40
RAYS = 25
ZOOM_SIGMAS = 5.0
# Densities may be infinite at an edge: the axis is made for the middle 98 %, and for at most so many times the
# largest mean density of a cell of it.
MIDDLE = (0.01, 0.99)
CELLS, OVER_CELLS = 40, 3.0
LOWEST_LOG = -12.0
LOG_DECADES = 6.0
DIMMED = 0.3
# So often the curves were shown as they are already.
SETTLED = 2
Cache = pg.QtWidgets.QGraphicsItem.CacheMode


class DistributionCurves:
    """Owns the curves of pdf, cdf and noise plot, and fills them from state."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        self.state, self.theme = state, theme
        self.pdf = DistributionPlot(theme, "Density; drag z and the parameters", "density", "z", "pdf")
        self.cdf = DistributionPlot(theme, "Distribution function; drag z and u", "distribution function", "z", "cdf")
        self.noise = DistributionPlot(theme, "The path from noise to z; drag ε and z", "path", "ε", "z")
        self._bars, self._aggregate_pdf = self.pdf.curve("bank", 0), self.pdf.curve("aggregate", 2)
        self._prior_pdf, self._posterior_pdf = self.pdf.curve("p", 1), self.pdf.curve("q", 4)
        self._tail = self.pdf.curve("q up to z", 3)
        self._ecdf, self._aggregate_cdf = self.cdf.curve("bank", 0), self.cdf.curve("aggregate", 2)
        self._prior_cdf, self._posterior_cdf = self.cdf.curve("p", 1), self.cdf.curve("q", 3)
        self._rays, self._tangent = self.noise.curve("rays of the bank", 0), self.noise.curve("tangent", 1)
        self._path = self.noise.curve("path", 2)
        self._key: tuple[object, ...] | None = None
        self._range, self._heights = (-1.0, 1.0), (0.0, 1.0)
        self._rests = 0

    @property
    def plots(self) -> tuple[DistributionPlot, DistributionPlot, DistributionPlot]:
        """The three plots from left to right."""
        return self.pdf, self.cdf, self.noise

    def set_dimmed(self, dimmed: bool) -> None:
        """Show that the curves are those of what was chosen before."""
        for plot in self.plots:
            plot.getPlotItem().setOpacity(DIMMED if dimmed else 1.0)

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
        self._tail.setPen(None)
        self._tail.setBrush(_faded(colors.accent, 60))
        self._tangent.setPen(pg.mkPen(colors.text, width=1.0, style=Qt.PenStyle.DotLine))
        self._bars.setPen(pg.mkPen(_faded(colors.third, 150)))
        self._bars.setBrush(_faded(colors.third, 50))
        self._ecdf.setPen(pg.mkPen(_faded(colors.third, 230)))
        self._rays.setPen(pg.mkPen(_faded(colors.third, 80)))
        self._key = None
        self.show()

    def show(self) -> None:
        """Show the newest curves and grips."""
        answer = self.state.distribution.shown
        if answer is None:
            return
        if not self.state.distribution.dragging:
            # The axes rest while one drags: a range that grew with σ would move the value under the mouse.
            self._range = self._grown(answer.dim, self._range_of(answer))
        aggregate = None if answer.dim is None else self.state.answers.aggregate
        view = self.state.display
        key = (answer.dim, answer.family, answer.reference, view.seed, view.logarithmic, self._range, id(aggregate))
        self._rests = self._rests + 1 if key == self._key else 0
        self._cache(Cache.DeviceCoordinateCache if self._rests >= SETTLED else Cache.NoCache)
        if key != self._key:
            self._key = key
            self._name_axes(answer)
            self._show_curves(answer, aggregate)
            self._show_aggregate(aggregate)
            self._show_bank(answer)
        self._show_place(answer)

    def _cache(self, mode: pg.QtWidgets.QGraphicsItem.CacheMode) -> None:
        """Keep pictures of the curves while they rest: a drag of z moves the grips alone, and the rest is blitted.

        While a parameter is dragged they would be made in vain, for a tenth of the time. Thin lines are quicker drawn.
        """
        for curve in (curve for plot in self.plots for curve in plot.curves):
            # To set the same mode again would throw the picture away.
            if curve not in (self._tail, self._tangent, self._rays) and curve.cacheMode() != mode:
                curve.setCacheMode(mode)

    def _range_of(self, answer: DistributionAnswer) -> tuple[float, float]:
        if not (self.state.display.zoomed and answer.dim is not None):
            return answer.curves.span
        mu, sigma = (answer.family.parameters[name] for name in ("loc", "scale"))
        reach, z = ZOOM_SIGMAS * sigma, answer.place.z
        return min(mu - reach, z - sigma), max(mu + reach, z + sigma)

    def _grown(self, dim: int | None, needed: tuple[float, float]) -> tuple[float, float]:
        """Return the range; while a point is dragged the axes only grow, and then twice as wide.

        To draw all curves anew for each move would take longer than all else.
        """
        if dim is None or not self.state.latent.open or self._key is None or self._key[0] != dim:
            return needed
        low, high = self._range
        width = high - low
        return low if needed[0] >= low else needed[0] - width, high if needed[1] <= high else needed[1] + width

    def _name_axes(self, answer: DistributionAnswer) -> None:
        name, prefix = answer.name, "log₁₀ " if self.state.display.logarithmic else ""
        self.pdf.name_axes(name, f"{prefix}{'mass' if answer.family.facts.whole else 'pdf'}")
        self.cdf.name_axes(name, f"{prefix}cdf")
        self.noise.name_axes("ε", name)

    def _height(self, values: Vector | float) -> Vector:
        """Return values as they are drawn: themselves, or their logarithm."""
        plain = np.asarray(values, np.float64)
        if not self.state.display.logarithmic:
            return plain
        return np.asarray(np.log10(np.maximum(plain, 10.0**LOWEST_LOG)))

    def level_to_value(self, y: float) -> float:
        """Return the probability drawn at height ``y`` of the cdf plot."""
        return float(10.0**y) if self.state.display.logarithmic else y

    def _show_curves(self, answer: DistributionAnswer, aggregate: AggregateReady | None) -> None:
        low, high = self._range
        curves = answer.curves
        self._set_heights(answer, aggregate)
        self._prior_pdf.setData(curves.x, self._drawable(curves.reference_pdf))
        self._prior_cdf.setData(curves.x, self._height(curves.reference_cdf))
        self._posterior_pdf.setData(curves.x, self._drawable(curves.family_pdf))
        self._posterior_cdf.setData(curves.x, self._height(curves.family_cdf))
        for plot in (self.pdf, self.cdf):
            plot.setXRange(low, high, padding=0.01)
        self.noise.setYRange(low, high, padding=0.02)
        self.noise.setXRange(float(curves.path_eps[0]), float(curves.path_eps[-1]), padding=0.0)

    def _drawable(self, pdf: Vector) -> Vector:
        """Return a density as it is drawn; what is infinite, or far beyond the axis, ends just outside of it."""
        bottom, top = self._heights
        return np.clip(self._height(pdf), bottom - 1.0, top + (top - bottom))

    def _true_height(self, pdf: float) -> float:
        """Return where the grip at a density stands: on the curve, or, if that is infinite, beyond the axis."""
        bottom, top = self._heights
        return min(float(self._height(pdf)), 2.0 * top - bottom)

    def _set_heights(self, answer: DistributionAnswer, aggregate: AggregateReady | None) -> None:
        curves = answer.curves
        peaks = [_peak(answer.family, curves.x, curves.family_pdf, curves.family_cdf)]
        peaks.append(_peak(answer.reference, curves.x, curves.reference_pdf, curves.reference_cdf))
        peaks.append(0.0 if aggregate is None else float(aggregate.pdf.max()))
        top = nice_ceiling(1.08 * max(peaks))
        logarithmic = self.state.display.logarithmic
        bottom = float(np.log10(top)) - LOG_DECADES if logarithmic else 0.0
        self._heights = (bottom, float(np.log10(top)) if logarithmic else top)
        self.pdf.setYRange(*self._heights, padding=0.03)
        self.cdf.setYRange(-LOG_DECADES if logarithmic else 0.0, 0.0 if logarithmic else 1.0, padding=0.03)
        for curve in (self._bars, self._tail):
            curve.setFillLevel(bottom)

    def _show_aggregate(self, aggregate: AggregateReady | None) -> None:
        if aggregate is None:
            self._aggregate_pdf.setData([], [])
            self._aggregate_cdf.setData([], [])
            return
        self._aggregate_pdf.setData(aggregate.x, self._height(aggregate.pdf))
        self._aggregate_cdf.setData(aggregate.x, self._height(aggregate.cdf))

    def _show_bank(self, answer: DistributionAnswer) -> None:
        curves = answer.curves
        z, count = curves.bank_z, len(curves.bank_z)
        self._show_bars(answer.family, z)
        self._ecdf.setData(np.repeat(z, 2), self._height(np.repeat(np.arange(count + 1) / count, 2)[1:-1]))
        self._path.setData(curves.path_eps, curves.path_z)
        self._show_rays(curves)

    def _show_bars(self, family: Family, z: Vector) -> None:
        """Draw the histogram of the bank where it lies in the range, out of which a grip may carry it."""
        low, high = max(self._range[0], float(z[0])), min(self._range[1], float(z[-1]))
        # All of a few whole numbers may be one.
        if low > high or (low == high and not family.facts.whole):
            self._bars.setData([], [])
            return
        counts, edges = np.histogram(z, *_bins(family, low, high))
        x, heights = steps(edges, counts / (len(z) * np.diff(edges)))
        self._bars.setData(x, np.maximum(self._height(heights), self._heights[0]))

    def _show_rays(self, curves: CurvesReady) -> None:
        """Draw a few of the bank's noises up to the path and across to z: what the trick does to each."""
        chosen = np.linspace(0, len(curves.bank_z) - 1, RAYS).round().astype(int)
        e, at = curves.bank_eps[chosen], curves.bank_z[chosen]
        floor, wall = np.full(RAYS, self._range[0] - 1.0), np.full(RAYS, float(curves.path_eps[0]))
        x, y = np.stack([e, e, wall], axis=1), np.stack([np.minimum(floor, at), at, at], axis=1)
        joined = np.tile(np.array([1, 1, 0], np.int32), RAYS)
        self._rays.setData(x.ravel(), y.ravel(), connect=joined)

    def _show_place(self, answer: DistributionAnswer) -> None:
        curves, place, colors = answer.curves, answer.place, self.theme.colors
        left = curves.x < place.z
        x, pdf = np.append(curves.x[left], place.z), np.append(curves.family_pdf[left], place.pdf)
        self._tail.setData(x, np.maximum(self._drawable(pdf), self._heights[0]))
        reach = 0.18 * float(curves.path_eps[-1] - curves.path_eps[0])
        ends = np.array([place.eps - reach, place.eps + reach] if np.isfinite(place.by_noise) else [])
        self._tangent.setData(ends, place.z + place.by_noise * (ends - place.eps))
        names = {parameter.name: parameter.symbol for parameter in self.state.distribution.parameters}
        self.pdf.layer.set_handles(pdf_handles(answer, names, self._true_height, colors))
        self.cdf.layer.set_handles(cdf_handles(place, float(self._height(place.u)), colors))
        span = (float(curves.path_eps[0]), float(curves.path_eps[-1]))
        self.noise.layer.set_handles(noise_handles(answer, names, span, colors))
        self.noise.layer.set_arrows(noise_arrows(answer, names, span, self._range, colors))


def _bins(family: Family, low: float, high: float) -> tuple[int | Vector, tuple[float, float]]:
    """Return what numpy.histogram takes: of few whole numbers a bar for each, as high as its mass would be."""
    if not family.facts.whole or high - low > BINS:
        return BINS, (low, high)
    return np.arange(np.ceil(low) - 0.5, np.floor(high) + 1.0), (low, high)


def _peak(family: Family, x: Vector, pdf: Vector, cdf: Vector) -> float:
    """Return the height a density or mass is drawn to."""
    if family.facts.whole:
        return float(pdf.max())
    middle = (cdf >= MIDDLE[0]) & (cdf <= MIDDLE[1])
    if not middle.any():
        return 0.0
    edges = np.linspace(x[middle][0], x[middle][-1], CELLS + 1)
    width = float(edges[1] - edges[0])
    finite = pdf[middle & np.isfinite(pdf)]
    highest = float(finite.max()) if len(finite) else np.inf
    mean = float(np.diff(np.interp(edges, x, cdf)).max()) / width if width > 0.0 else np.inf
    return min(highest, OVER_CELLS * mean)


def _faded(color: str, alpha: int) -> QColor:
    faded = QColor(color)
    faded.setAlpha(alpha)
    return faded
