"""A real pointer on a real display reaches what pyqtgraph draws."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from tests.support.display import Pointer

pytestmark = pytest.mark.xvfb


def test_a_target_follows_the_pointer(qtbot: QtBot, pointer: Pointer) -> None:
    assert QGuiApplication.platformName() == "xcb"
    plot = pg.PlotWidget()
    qtbot.addWidget(plot)
    plot.setRange(xRange=(0, 1), yRange=(0, 1))
    target = pg.TargetItem((0.5, 0.5), size=20)
    plot.addItem(target)
    plot.resize(600, 600)
    with qtbot.waitExposed(plot):
        plot.show()

    def on_screen(x: float, y: float) -> QPoint:
        return plot.viewport().mapToGlobal(plot.mapFromScene(plot.plotItem.vb.mapViewToScene(pg.Point(x, y))))

    pointer.move(on_screen(0.5, 0.5))
    pointer.press()
    for step in range(1, 11):
        pointer.move(on_screen(0.5 + 0.02 * step, 0.5))
        qtbot.wait(5)
    pointer.release()
    qtbot.waitUntil(lambda: target.pos().x() == pytest.approx(0.7, abs=0.02))
