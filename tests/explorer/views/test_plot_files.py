"""Plots as tables: whatever is drawn in them."""

from __future__ import annotations

import csv
from io import StringIO

import numpy as np
import pyqtgraph as pg
import pytest
from pytestqt.qtbot import QtBot

from explorer.views.common.plot_files import csv_of, png_of, svg_of

X, Y = np.array([0.5, 1.0 / 3.0]), np.array([2.0, -1e-9])
ONE_TWO = np.array([1.0, 2.0])
ITEMS = {
    "curve": (lambda: pg.PlotCurveItem(X, Y, name="f"), [("f", X, Y)]),
    "data": (lambda: pg.PlotDataItem(X, Y, name="f"), [("f", X, Y)]),
    "nameless": (lambda: pg.PlotCurveItem(X, Y), [("series 1", X, Y)]),
    "steps": (lambda: pg.PlotCurveItem([0.0, 1.0, 2.0], Y, stepMode="center", name="h"),
              [("h", [0.0, 1.0, 2.0], [*Y, None])]),
    "dots": (lambda: pg.ScatterPlotItem(X, Y, name="d"), [("d", X, Y)]),
    "columns": (lambda: pg.BarGraphItem(x=X, height=Y, width=1.0, name="b"), [("b", X, Y)]),
    "bars": (lambda: pg.ErrorBarItem(x=X, y=Y, height=np.array([2.0, 4.0])),
             [("bottom of the bars", X, Y - ONE_TWO), ("top of the bars", X, Y + ONE_TWO)]),
    "uneven bars": (lambda: pg.ErrorBarItem(x=X, y=Y, top=np.array([1.0, 2.0]), bottom=np.array([3.0, 4.0])),
                    [("bottom of the bars", X, Y - [3.0, 4.0]), ("top of the bars", X, Y + ONE_TWO)]),
    "empty": (pg.PlotCurveItem, []),
    "no bars": (lambda: pg.ErrorBarItem(beam=0.2), []),
    "image": (lambda: pg.ImageItem(np.array([[1.0, 2.0], [3.0, 4.0]])),
              [("row 1", [1.0, 2.0], [1.0, 2.0]), ("row 2", [1.0, 2.0], [3.0, 4.0])]),
}  # fmt: skip


@pytest.mark.parametrize("kind", ITEMS)
def test_a_table_holds_all_digits_of_what_is_drawn(qtbot: QtBot, kind: str) -> None:
    make, expected = ITEMS[kind]
    plot, item = pg.PlotWidget(), make()
    qtbot.addWidget(plot)
    plot.addItem(item)
    plot.setLabel("bottom", "time")
    head, *rows = csv.reader(StringIO(csv_of(plot)))
    plot.removeItem(item)
    assert head == ["series", "time", "y"]
    points = [(name, *pair) for name, x, y in expected for pair in zip(x, y, strict=True)]
    assert [(name, float(x), float(y) if y else None) for name, x, y in rows] == points


def test_what_is_hidden_is_left_out(qtbot: QtBot) -> None:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    plot.plot(X, Y).hide()
    assert csv_of(plot) == "series,x,y\n"


def test_a_drawing_is_as_large_as_the_plot_on_the_screen(qtbot: QtBot) -> None:
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.plot(X, Y)
    area = plot.viewport().rect()
    assert f'viewBox="0 0 {area.width()} {area.height()}"'.encode() in svg_of(plot)
    assert png_of(plot).startswith(b"\x89PNG")
