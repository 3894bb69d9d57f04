"""The walk from left to right: a film of its frames over the evidence, one cursor through all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.focus import FocusPainted
from explorer.views.common.menus import Entry, copy_text, pop_up
from explorer.views.common.painting import guarded
from explorer.views.common.qimages import to_qimage
from models.core.arrays import Floats64

LEFT, RIGHT = 124.0, 72.0
FILM_SHARE, LEAST_FILM, MOST_FILM = 0.42, 44.0, 120.0
LEAST_ROW, GAP = 17.0, 3.0
PAGE = 10
Key = Qt.Key


@dataclass(frozen=True)
class Row:
    """One quantity along the walk: its name, its values [n], and how a value is written."""

    name: str
    values: Floats64
    tip: str
    form: str = "{:.3g}"

    def told(self, frame: int) -> str:
        """Return the value of a frame as text."""
        value = float(self.values[frame])
        return self.form.format(value) if math.isfinite(value) else "–"


def rows_of(state: AppState) -> list[Row]:
    """Return what is known along the walk."""
    evidence = state.paths.evidence
    if evidence is None:
        return []
    rows = [Row("step in the picture", evidence.steps, "How much the picture changes from the frame before")]
    if evidence.typicality is not None:
        tip = "The share of the prior whose distance from the centre is at least as unusual"
        rows.append(Row("typicality", evidence.typicality, tip, "{:.0%}"))
    if evidence.nats is not None:
        tip = "How far the log density of the nearest posterior lies below its peak"
        rows.append(Row("nearest posterior", evidence.nats, tip, "{:.3g} nats"))
    if evidence.reencoded is not None:
        tip = "How far re-encoding the picture moves the point, in σ of the encoder"
        rows.append(Row("re-encoded", evidence.reencoded, tip, "{:.3g} σ"))
    if evidence.agreement is not None:
        rows.append(
            Row(
                "neighbours agree",
                evidence.agreement,
                "Share of the most frequent class among the nearest images",
                "{:.0%}",
            )
        )
    return rows


class Track(FocusPainted):
    """Painted film and curves; the mouse and the arrow keys move the cursor, and with it the current point."""

    grabbed = Signal()
    released = Signal()

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Film of the walk: arrow keys go from frame to frame, Space plays")
        self.setMinimumHeight(166)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return room for the film and five curves."""
        return QSize(640, 220)

    @property
    def count(self) -> int:
        """The number of frames."""
        walk = self.state.paths.walk
        return 0 if walk is None else len(walk.z)

    # ------------------------------------------------------------------------------------------------------- places

    @property
    def _width(self) -> float:
        return max(1.0, self.width() - LEFT - RIGHT)

    def x_of(self, frame: float) -> float:
        """Return where the middle of a frame lies."""
        return LEFT + (frame + 0.5) * self._width / max(self.count, 1)

    def frame_at(self, x: float) -> int:
        """Return the frame at a place."""
        return min(max(int((x - LEFT) * self.count / self._width), 0), max(self.count - 1, 0))

    @property
    def film_height(self) -> float:
        """The height of the film, whose pictures are as wide as they are high."""
        return min(max(FILM_SHARE * self.height(), LEAST_FILM), MOST_FILM)

    def shown_frames(self) -> list[int]:
        """Return the frames that have room in the film, evenly taken."""
        picture = self.state.model.model
        if picture is None or self.count == 0:
            return []
        height, width, _ = picture.image_shape
        slots = max(1, int(self._width / (self.film_height * width / height + 2.0)))
        if slots >= self.count:
            return list(range(self.count))
        return [int((slot + 0.5) * self.count / slots) for slot in range(slots)]

    # ----------------------------------------------------------------------------------------------------- painting

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the film, the curves and the cursor."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.count:
            self._draw_film(painter)
            rows = rows_of(self.state)
            for row, area in zip(rows, self._areas(len(rows)), strict=True):
                self._draw_row(painter, row, area)
            self._draw_cursor(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._color("accent"), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _draw_film(self, painter: QPainter) -> None:
        frames, height = self.shown_frames(), self.film_height
        slot = self._width / max(len(frames), 1)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        for place, frame in enumerate(frames):
            pixels = self.state.paths.picture(frame)
            middle = self.x_of(frame) if len(frames) == self.count else LEFT + (place + 0.5) * slot
            if pixels is None:
                painter.fillRect(QRectF(middle - 0.5 * slot + 1.0, 0.0, slot - 2.0, height), self._color("field"))
                continue
            width = min(height * pixels.shape[1] / pixels.shape[0], slot - 1.0)
            tall = width * pixels.shape[0] / pixels.shape[1]
            painter.drawImage(QRectF(middle - 0.5 * width, 0.5 * (height - tall), width, tall), to_qimage(pixels))
        self._draw_name(painter, QRectF(0.0, 0.0, LEFT - 8.0, height), self._told_frame())

    def _told_frame(self) -> str:
        paths = self.state.paths
        lines = [f"frame {paths.frame + 1} of {self.count}"]
        if paths.evidence is not None and paths.evidence.labels is not None and self.state.model.data is not None:
            label = int(paths.evidence.labels[paths.frame])
            lines.append(f"class {self.state.model.data.class_name(label)}")
        return "\n".join(lines)

    def _areas(self, count: int) -> Iterator[QRectF]:
        top = self.film_height + 2.0 * GAP
        each = max((self.height() - top) / max(count, 1), LEAST_ROW)
        for number in range(count):
            yield QRectF(0.0, top + number * each, float(self.width()), each - GAP)

    def _draw_row(self, painter: QPainter, row: Row, area: QRectF) -> None:
        self._draw_name(painter, area.adjusted(0.0, 0.0, LEFT - 8.0 - area.width(), 0.0), row.name)
        plot = QRectF(LEFT, area.top(), self._width, area.height())
        painter.fillRect(plot, self._color("field"))
        finite = row.values[np.isfinite(row.values)]
        top = float(finite.max()) if len(finite) else 0.0
        scale = (plot.height() - 4.0) / top if top > 0.0 else 0.0
        line = QPolygonF([
            QPointF(self.x_of(frame), plot.bottom() - 2.0 - scale * float(value))
            for frame, value in enumerate(row.values)
            if math.isfinite(value)
        ])  # fmt: skip
        painter.setPen(QPen(self._color("accent"), 1.5))
        painter.drawPolyline(line)
        painter.setPen(self._color("text"))
        painter.setFont(self.theme.font(11))
        beside = QRectF(plot.right() + 6.0, area.top(), RIGHT - 6.0, area.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, row.told(self.state.paths.frame))

    def _draw_name(self, painter: QPainter, area: QRectF, text: str) -> None:
        painter.setFont(self.theme.font(11))
        painter.setPen(self._color("muted"))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw_cursor(self, painter: QPainter) -> None:
        x = self.x_of(self.state.paths.frame)
        painter.setPen(QPen(self._color("text"), 1.0))
        painter.drawLine(QPointF(x, 0.0), QPointF(x, float(self.height())))

    def _color(self, name: str) -> QColor:
        return QColor(getattr(self.theme.colors, name))

    def event(self, event: QEvent) -> bool:
        """Explain the curve under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            rows = rows_of(self.state)
            areas = zip(rows, self._areas(len(rows)), strict=True)
            tips = (row.tip for row, area in areas if area.contains(QPointF(event.pos())))
            QToolTip.showText(event.globalPos(), next(tips, ""), self)
            return True
        return super().event(event)

    # ------------------------------------------------------------------------------------------------- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame under the mouse; as long as the button is down the cursor follows."""
        if event.button() == Qt.MouseButton.LeftButton and self.count:
            self.grabbed.emit()
            self.state.paths.go(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if event.buttons() & Qt.MouseButton.LeftButton and self.count:
            self.state.paths.go(self.frame_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from frame to frame; Space plays. Other keys are left to others."""
        paths, key = self.state.paths, Key(event.key())
        steps = {
            Key.Key_Left: -1, Key.Key_Right: 1, Key.Key_PageUp: -PAGE, Key.Key_PageDown: PAGE,
            Key.Key_Home: -self.count, Key.Key_End: self.count,
        }  # fmt: skip
        if key == Key.Key_Space:
            paths.set_playing(not paths.playing)
        elif key in steps:
            paths.go(paths.frame + steps[key])
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy what is known of the frame, or of all."""
        rows, frame = rows_of(self.state), self.state.paths.frame
        if not rows:
            return
        one = "\n".join(f"{row.name}\t{row.told(frame)}" for row in rows)
        table = ["\t".join(["frame", *(row.name for row in rows)])]
        table += ["\t".join(map(str, [i, *(float(row.values[i]) for row in rows)])) for i in range(self.count)]
        entries = (
            Entry(f"Copy the evidence of frame {frame + 1}", partial(copy_text, self, one)),
            Entry("Copy the evidence of all frames", partial(copy_text, self, "\n".join(table))),
        )
        pop_up(self, event.globalPos(), entries)
