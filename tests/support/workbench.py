"""Helpers for tests of the distribution workbench."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from scipy import stats

from explorer.state.answers import DistributionAnswer
from explorer.views.distribution.pane import DistributionPane
from models.core.families import Family
from tests.support.desk import LEFT, Desk

GAMMA = Family("Gamma", {"concentration": 2.5, "rate": 1.5})


def choose(desk: Desk, family: str) -> None:
    """Put a family on the workbench and wait for its curves."""
    desk.state.workbench.choose(family)
    desk.settle()


def shown_on(desk: Desk) -> DistributionAnswer:
    """Return the newest answer."""
    shown = desk.state.distribution.shown
    assert shown is not None
    return shown


def pane_of(desk: Desk) -> DistributionPane:
    """Return the pane."""
    return desk.window.distribution


def drag(desk: Desk, plot: str, grip: str, by: QPointF, shape: str = "") -> QPointF:
    """Drag a handle in a few moves, each answered; return the final place under the mouse."""
    chart = getattr(pane_of(desk).curves, plot)
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


def gamma(family: Family) -> stats.rv_continuous:
    """Return SciPy's gamma distribution of a family."""
    return stats.gamma(family.parameters["concentration"], scale=1 / family.parameters["rate"])
