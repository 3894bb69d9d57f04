"""Callouts: the first things to try, one after the other, each beside what it is about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from explorer.state.hints import HINTS, Hint, HintState
from explorer.theme.theme import Theme
from explorer.views.common.painting import guarded
from explorer.views.dimensions.pane import DimensionsPane
from explorer.views.latent_map.pane import LatentMapPane

TEXTS: dict[Hint, str] = {
    "point": "Drag A: the picture follows the point.",
    "image": "Click a dot: A goes to that image.",
    "slider": "Move a slider: one number changes, and the picture with it.",
}
WIDTH, TIP, MARGIN, RADIUS = 232, 9, 6, 6.0
# Docks, splitters and the map move what a callout points at; it follows so often.
FOLLOW_MS = 200
# The place in the map of the dot that is pointed at, as shares of its size.
DOT_PLACE = (0.32, 0.6)
REACH = 12

Anchor = Callable[[], QRect | None]


class Callout(QFrame):
    """A sentence in a bubble whose tip points at a place of the window; it never takes the focus."""

    def __init__(self, over: QWidget, theme: Theme) -> None:
        super().__init__(over)
        self._over, self._theme, self._at = over, theme, QPoint()
        self._above = True
        self.setObjectName("callout")
        self.text, self.count, self.close_button = QLabel(), QLabel(), QToolButton()
        self.text.setWordWrap(True)
        self.close_button.setAccessibleName("No more tips")
        self.close_button.setToolTip("No more tips; Help ▸ First steps shows them again")
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(12, TIP + 6, 4, TIP + 6)
        row.setSpacing(6)
        row.addWidget(self.text, 1)
        row.addWidget(self.count, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        theme.changed.connect(self.restyle)
        self.restyle()
        self.hide()

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        self.close_button.setIcon(self._theme.icon("close", self._theme.colors.on_accent))
        for label in (self.text, self.count):
            label.setStyleSheet(f"color: {self._theme.colors.on_accent}")
        self.update()

    def point_at(self, anchor: QRect) -> None:
        """Stand below an anchor, or above it where there is no room below, within the window."""
        window = self._over.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        size = QRect(0, 0, WIDTH, self._row.heightForWidth(WIDTH))
        self._above = anchor.bottom() + size.height() <= window.bottom()
        size.moveCenter(anchor.center())
        size.moveTop(anchor.bottom() if self._above else anchor.top() - size.height())
        size.moveLeft(min(max(size.left(), window.left()), window.right() - WIDTH))
        self._at = anchor.center() - size.topLeft()
        if size != self.geometry() or self.isHidden():
            self.setGeometry(size)
            self.show()
            self.raise_()
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bubble and its tip."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.colors.accent))
        body = QRectF(self.rect()).adjusted(0.0, TIP, 0.0, -TIP)
        painter.drawRoundedRect(body, RADIUS, RADIUS)
        x = min(max(float(self._at.x()), RADIUS + TIP), self.width() - RADIUS - TIP)
        base, end = (body.top(), 0.0) if self._above else (body.bottom(), float(self.height()))
        painter.drawPolygon(QPolygonF([QPointF(x - TIP, base), QPointF(x, end), QPointF(x + TIP, base)]))
        painter.end()


class Callouts(QObject):
    """Shows the first open hint whose subject is in sight, and follows it."""

    def __init__(
        self, over: QWidget, hints: HintState, theme: Theme, latent_map: LatentMapPane, dimensions: DimensionsPane
    ) -> None:
        super().__init__(over)
        self._over, self._hints, self._map, self._dimensions = over, hints, latent_map, dimensions
        self.callout = Callout(over, theme)
        self._anchors: dict[Hint, Anchor] = {"point": self._marker, "image": self._dot, "slider": self._slider}
        self._timer = QTimer(self)
        self._timer.setInterval(FOLLOW_MS)
        self._timer.timeout.connect(self.follow)
        self.callout.close_button.clicked.connect(hints.dismiss)
        hints.changed.connect(self._changed)

    def _changed(self) -> None:
        if self._hints.open:
            self._timer.start()
        else:
            self._timer.stop()
        self.follow()

    def follow(self) -> None:
        """Point at what the first open hint is about; hide while that cannot be seen."""
        for hint in self._hints.open:
            anchor = self._anchors[hint]()
            if anchor is not None:
                self.callout.text.setText(TEXTS[hint])
                self.callout.count.setText(f"{HINTS.index(hint) + 1}/{len(HINTS)}")
                self.callout.point_at(anchor)
                return
        self.callout.hide()

    def _around(self, widget: QWidget, place: QPoint) -> QRect | None:
        """Return a small rectangle of the window around a place of a widget; None where that is not seen."""
        within: QWidget | None = widget if widget.isVisible() else None
        while within is not None and within is not self._over:
            # A pane may be scrolled, or float in a window of its own.
            if within.isWindow() or not within.rect().contains(place):
                return None
            place, within = within.mapToParent(place), within.parentWidget()
        return None if within is None else QRect(place - QPoint(REACH, REACH), place + QPoint(REACH, REACH))

    def _marker(self) -> QRect | None:
        plot = self._map.plot
        current = next((marker for marker in plot.points.markers if marker.current), None)
        if current is None:
            return None
        return self._around(plot, plot.getViewBox().mapViewToScene(QPointF(*current.xy)).toPoint())

    def _dot(self) -> QRect | None:
        plot, xy = self._map.plot, self._map.plot.cloud.xy
        if not len(xy):
            return None
        wanted = QPointF(plot.width() * DOT_PLACE[0], plot.height() * DOT_PLACE[1])
        at = plot.getViewBox().mapSceneToView(wanted)
        nearest = xy[((xy - (at.x(), at.y())) ** 2).sum(axis=1).argmin()]
        return self._around(plot, plot.getViewBox().mapViewToScene(QPointF(*nearest)).toPoint())

    def _slider(self) -> QRect | None:
        rows = self._dimensions.list
        if not rows.rows.dims:
            return None
        dim = rows.rows.dims[0]
        return self._around(rows.viewport(), rows.handle_position(dim, rows.delegate.scale.value_of(dim)))
