"""The window's process never imports TensorFlow and never loses references to constants."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QGraphicsItem, QWidget
from pytestqt.qtbot import QtBot

from explorer.views.common.painting import guard_plots
from tests.support.places import ROOT

PAINTS, EMITS = 300, 1000
# A defective binding loses one reference per emit and a hundred per paint; other code gains or loses a few.
SLACK = 100


class Sender(QObject):
    """A signal and nothing else."""

    sent = Signal(object)

    def take(self, value: object) -> None:
        """Receive."""


class Plot(pg.PlotWidget):
    """A plot that counts its paints."""

    paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        """Count and paint."""
        self.paints += 1
        super().paintEvent(event)


def _modules() -> list[str]:
    paths = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / "explorer").rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__")


def test_importing_the_explorer_never_imports_tensorflow() -> None:
    names = _modules()
    assert "explorer" in names
    code = f"import sys, {', '.join(names)}; print({{'keras', 'tensorflow'}} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    fresh = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (fresh.stdout.strip(), fresh.stderr) == ("set()", "")


def _references() -> dict[object, int]:
    return {constant: sys.getrefcount(constant) for constant in (None, True, False)}


def _lost(before: dict[object, int]) -> int:
    now = _references()
    return max(count - now[constant] for constant, count in before.items())


def test_painting_loses_no_references(qtbot: QtBot) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    plot.addItem(pg.ScatterPlotItem(np.arange(50.0), np.arange(50.0)))
    plot.addItem(pg.TargetItem((10.0, 10.0)))
    with qtbot.waitExposed(plot):
        plot.show()
    before, plot.paints = _references(), 0
    for _ in range(PAINTS):
        plot.viewport().repaint()
    assert plot.paints >= PAINTS
    assert _lost(before) < SLACK


def test_emitting_loses_no_references() -> None:
    sender = Sender()
    sender.sent.connect(sender.take)
    before = _references()
    for value in (None, True, False):
        for _ in range(EMITS):
            sender.sent.emit(value)
    assert _lost(before) < SLACK


def test_what_numpy_loads_late_is_there_before_the_window() -> None:
    loaded = "print({'numpy.ma', 'numpy.random'} <= set(sys.modules))"
    code = f"import sys; from explorer.app.startup import make_qt; make_qt(); {loaded}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "True"


def _painters() -> list[tuple[type, str]]:
    """Return every class of ours and of pyqtgraph with a paint method of its own."""
    for name in _modules():
        import_module(name)
    guard_plots()
    kinds, found = [QWidget, QGraphicsItem, QAbstractItemDelegate], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__module__.split(".")[0] in ("explorer", "pyqtgraph"):
            found += [(kind, name) for name in ("paint", "paintEvent") if name in vars(kind)]
    return found


def test_no_exception_leaves_a_paint_method() -> None:
    painters = _painters()
    ours = {kind for kind, _ in painters if kind.__module__.startswith("explorer")}
    assert len(ours) >= 5
    for kind, name in painters:
        # A view of pyqtgraph only paints its items.
        if not issubclass(kind, pg.GraphicsView) and (kind in ours or name == "paint"):
            assert hasattr(vars(kind)[name], "__wrapped__"), (kind, name)
