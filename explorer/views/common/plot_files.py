"""A plot as a picture, as a drawing and as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import zip_longest

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from explorer.views.common.layers import Layer
from models.core.arrays import Vector

# Sharp on every screen, and in print.
PIXEL_RATIO = 3.0
Series = tuple[str, Vector, Vector]


def picture_of(plot: pg.PlotWidget) -> QImage:
    """Return a plot as it is shown, with three pixels for each of the screen."""
    area = plot.viewport().rect()
    image = QImage(area.size() * PIXEL_RATIO, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(PIXEL_RATIO)
    image.fill(plot.backgroundBrush().color())
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, area.toRectF(), area, Qt.AspectRatioMode.IgnoreAspectRatio)
    painter.end()
    return image


def png_of(plot: pg.PlotWidget) -> bytes:
    """Return a plot as a PNG."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # PySide takes the format as text, whatever its stubs say.
    picture_of(plot).save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def svg_of(plot: pg.PlotWidget) -> bytes:
    """Return a plot as a drawing: lines, points and letters, not pixels."""
    buffer, drawing, area = QBuffer(), QSvgGenerator(), plot.viewport().rect()
    drawing.setOutputDevice(buffer)
    drawing.setSize(area.size())
    # Axes are recorded for a screen, and would be scaled for any other device.
    drawing.setResolution(plot.logicalDpiX())
    drawing.setViewBox(area)
    drawing.setTitle(plot.accessibleName())
    painter = QPainter(drawing)
    painter.fillRect(area, plot.backgroundBrush())
    plot.render(painter, area.toRectF(), area, Qt.AspectRatioMode.IgnoreAspectRatio)
    painter.end()
    return bytes(buffer.data().data())


def csv_of(plot: pg.PlotWidget) -> str:
    """Return the numbers behind a plot as a table: a row for each point, with the series it belongs to."""
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    names = (plot.getAxis(side).labelText for side in ("bottom", "left"))
    writer.writerow(["series", *(name or side for name, side in zip(names, ("x", "y"), strict=True))])
    for name, x, y in series_of(plot):
        writer.writerows((name, *pair) for pair in zip_longest(x.tolist(), y.tolist(), fillvalue=""))
    return table.getvalue()


def series_of(plot: pg.PlotWidget) -> Iterator[Series]:
    """Yield name, x and y of everything that is shown in a plot and made of numbers."""
    for number, item in enumerate(plot.getPlotItem().items, start=1):
        if item.isVisible():
            yield from _series(item, f"series {number}")


def _series(item: object, usual: str) -> Iterator[Series]:
    if isinstance(item, Layer):
        for name, places in item.series().items():
            yield name, places[:, 0], places[:, 1]
    elif isinstance(item, pg.PlotCurveItem | pg.PlotDataItem | pg.ScatterPlotItem):
        x, y = item.getData()
        if x is not None and len(x):
            yield item.opts.get("name") or usual, np.asarray(x, np.float64), np.asarray(y, np.float64)
    elif isinstance(item, pg.BarGraphItem):
        x, heights = (np.atleast_1d(item.opts[key]) for key in ("x", "height"))
        yield item.opts.get("name") or usual, x, heights
    elif isinstance(item, pg.ErrorBarItem) and item.opts["x"] is not None:
        x, y = np.asarray(item.opts["x"]), np.asarray(item.opts["y"])
        for end, sign in (("bottom", -1.0), ("top", 1.0)):
            yield f"{end} of the bars", x, y + sign * _reach(item, end)
    elif isinstance(item, pg.ImageItem) and item.image is not None:
        for row, values in enumerate(item.image):
            yield f"row {row + 1}", np.arange(1.0, len(values) + 1.0), np.asarray(values, np.float64)


def _reach(bars: pg.ErrorBarItem, end: str) -> Vector:
    """Return how far error bars go to one end: what was set for it, or half their height."""
    own, height = bars.opts[end], bars.opts["height"]
    return np.asarray(own if own is not None else 0.0 if height is None else 0.5 * np.asarray(height), np.float64)
