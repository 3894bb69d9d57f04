"""Where the panes of the window belong: three side by side, the others in tabs below them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

UPPER = 3
# The tabs want this height, but never leave less than this share of the window to the panes above.
BOTTOM_HEIGHT = 364
UPPER_SHARE = 0.45
# Map, Decoded and Dimensions share the width; in a narrow window the modes of decoding need more of it.
WIDE, TIGHT, NARROW = (0.40, 0.25, 0.35), (0.37, 0.31, 0.32), 1200
TOP, BOTTOM = Qt.DockWidgetArea.TopDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
OUTSIDE = QPointF(-1.0, -1.0)


def arrange(window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
    """Put all docks where they belong, whatever is being done with them."""
    upper, lower = docks[:UPPER], docks[UPPER:]
    _end_drags(window, docks)
    for dock in docks:
        window.removeDockWidget(dock)
    window.addDockWidget(TOP, upper[0])
    for left, right in pairwise(upper):
        window.splitDockWidget(left, right, Qt.Orientation.Horizontal)
    window.addDockWidget(BOTTOM, lower[0])
    for dock in lower[1:]:
        window.tabifyDockWidget(lower[0], dock)
    for dock in docks:
        dock.setFloating(False)
        dock.show()
    lower[0].raise_()
    _resize(window, upper, lower[0])


def _resize(window: QMainWindow, upper: Sequence[QDockWidget], lower: QDockWidget) -> None:
    width, height = window.width(), window.height()
    shares = WIDE if width >= NARROW else TIGHT
    window.resizeDocks(list(upper), [round(width * share) for share in shares], Qt.Orientation.Horizontal)
    bottom = min(BOTTOM_HEIGHT, round(height * (1.0 - UPPER_SHARE)))
    window.resizeDocks([upper[0], lower], [height - bottom, bottom], Qt.Orientation.Vertical)


def _end_drags(window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
    """Let go of a pane or a tab that is being dragged: Qt loses it, or crashes, if it is moved meanwhile."""
    button, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for held in (*docks, *window.findChildren(QTabBar)):
        kind, keys = QEvent.Type.MouseButtonRelease, Qt.KeyboardModifier.NoModifier
        QCoreApplication.sendEvent(held, QMouseEvent(kind, OUTSIDE, OUTSIDE, button, none, keys))
