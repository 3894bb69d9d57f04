"""The rows of the Dimensions pane: their layout, their painting, their editor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.number_box import ENTER, NumberBox
from explorer.views.common.number_text import Fixed
from explorer.views.common.painting import guarded
from explorer.views.dimensions.scale import DimensionScale
from models.core.geometry import dimension_name

AnyIndex = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 32
NAME, VALUE, KL, LOCK, GAP = 34, 58, 46, 26, 8
MOST_PICTURES = 128
RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True)
class RowLayout:
    """The places of the parts of a row."""

    name: QRect
    track: QRect
    value: QRect
    kl: QRect
    lock: QRect


def row_layout(rect: QRect) -> RowLayout:
    """Lay out a row."""
    top, height = rect.top(), rect.height()
    lock = QRect(rect.right() - LOCK, top, LOCK, height)
    kl = QRect(lock.left() - KL, top, KL, height)
    value = QRect(kl.left() - VALUE - GAP, top + 4, VALUE, height - 8)
    name = QRect(rect.left() + 4, top, NAME, height)
    track = QRect(name.right() + GAP, top, value.left() - name.right() - 2 * GAP - 4, height)
    return RowLayout(name, track, value, kl, lock)


@dataclass(frozen=True)
class Track:
    """The scale of one slider: latent values to pixels and back."""

    rect: QRect
    low: float
    high: float

    def to_pixel(self, value: float) -> float:
        """Return the x pixel of a value, kept on the track."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.rect.left() + share * self.rect.width()

    def to_value(self, x: float) -> float:
        """Return the value at an x pixel, kept within the range."""
        share = min(max((x - self.rect.left()) / max(self.rect.width(), 1), 0.0), 1.0)
        return self.low + share * (self.high - self.low)


class RowHistograms:
    """Histograms of the data's posterior means per dimension, made when first shown."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._pixmaps: dict[tuple[int, int, int], QPixmap] = {}

    def forget(self) -> None:
        """Drop all pictures, for another embedding or other colours."""
        self._pixmaps.clear()

    def pixmap(self, dim: int, width: int, height: int, color: QColor, ratio: float) -> QPixmap | None:
        """Return the histogram of a dimension, drawn once per size."""
        key, embedding = (dim, width, height), self._state.model.embedding
        if key not in self._pixmaps and embedding is not None and dim < embedding.latent_dim and width >= 8:
            counts = embedding.summary.counts[dim]
            self._pixmaps[key] = _draw_histogram(counts, QSize(width, height), color, ratio)
        return self._pixmaps.get(key)


def _draw_histogram(counts: NDArray[np.int64], size: QSize, color: QColor, ratio: float) -> QPixmap:
    heights = np.round(size.height() * counts / max(int(counts.max()), 1)).astype(int).tolist()
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    edges = np.linspace(0, size.width(), len(heights) + 1).round().astype(int).tolist()
    for left, right, tall in zip(edges, edges[1:], heights, strict=False):
        painter.fillRect(QRect(left, size.height() - tall, right - left, tall), color)
    painter.end()
    return pixmap


class DimensionDelegate(QStyledItemDelegate):
    """Paints slider rows and types their values."""

    def __init__(self, state: AppState, theme: Theme, histograms: RowHistograms, parent: QWidget) -> None:
        super().__init__(parent)
        self._state, self._theme, self._histograms = state, theme, histograms
        self.scale = DimensionScale(state)
        self._pictures: dict[tuple[object, ...], QPixmap] = {}
        self.restyle()

    def forget(self) -> None:
        """Paint all anew, for another embedding."""
        self._pictures.clear()

    def restyle(self) -> None:
        """Take the colours and fonts of the scheme."""
        self.forget()
        colors = self._theme.colors
        self._text, self._muted, self._accent = (QColor(c) for c in (colors.text, colors.muted, colors.accent))
        self._field, self._border, self._bars = (QColor(c) for c in (colors.field, colors.border, colors.muted))
        self._bars.setAlpha(80)
        self._band = QColor(colors.accent)
        self._band.setAlpha(60)
        self._chosen = QColor(colors.field)
        self._font, self._small = self._theme.font(13), self._theme.font(11)
        icons = {name: self._theme.icon(name, colors.muted) for name in ("lock", "unlock")}
        icons["lock"] = self._theme.icon("lock", colors.accent)
        self._locks = {name: icon.pixmap(16, 16) for name, icon in icons.items()}

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return the size of a row: all are equally high."""
        return QSize(200, ROW_HEIGHT)

    def track(self, rect: QRect, dim: int) -> Track:
        """Return the slider scale of a row."""
        return Track(row_layout(rect).track, *self.scale.range_of(dim))

    @guarded
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Draw one row."""
        dim = index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect
        if not isinstance(dim, int) or dim >= self._state.latent.latent_dim:
            return
        painter.drawPixmap(rect.topLeft(), self._still(dim, rect.size(), painter.device().devicePixelRatioF()))
        parts = row_layout(rect)
        self._paint_handle(painter, Track(parts.track, *self.scale.range_of(dim)), dim)
        painter.setFont(self._font)
        painter.setPen(self._text)
        painter.drawText(parts.value.adjusted(2, 0, -6, 0), RIGHT, self.scale.text_of(dim))

    def _still(self, dim: int, size: QSize, ratio: float) -> QPixmap:
        """Return what stays while z is dragged, painted once: half of the time of a row."""
        state, point = self._state, self._state.latent.point
        flags = dim == state.display.dimension, bool(state.latent.locked[dim]), self.scale.by_probability
        key = (dim, size.toTuple(), ratio, self.scale.range_of(dim), flags, point.mu[dim], point.sigma[dim])
        if key not in self._pictures:
            if len(self._pictures) >= MOST_PICTURES:
                self._pictures.clear()
            self._pictures[key] = self._painted(dim, size, ratio)
        return self._pictures[key]

    def _painted(self, dim: int, size: QSize, ratio: float) -> QPixmap:
        picture = QPixmap(size * ratio)
        picture.setDevicePixelRatio(ratio)
        chosen = dim == self._state.display.dimension
        picture.fill(self._chosen if chosen else Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        parts = row_layout(QRect(0, 0, size.width(), size.height()))
        painter.setFont(self._font)
        painter.setPen(self._text)
        painter.drawText(parts.name, Qt.AlignmentFlag.AlignVCenter, dimension_name(dim))
        if not self.scale.by_probability:
            self._paint_data(painter, Track(parts.track, *self.scale.range_of(dim)), dim)
        painter.fillRect(QRectF(parts.track.left(), parts.track.bottom() - 5, parts.track.width(), 1), self._border)
        self._paint_field(painter, parts.value)
        self._paint_kl(painter, parts.kl, dim)
        lock = self._locks["lock" if self._state.latent.locked[dim] else "unlock"]
        painter.drawPixmap(parts.lock.center().x() - 8, parts.lock.center().y() - 8, lock)
        painter.end()
        return picture

    def _paint_data(self, painter: QPainter, track: Track, dim: int) -> None:
        """Draw the data's histogram, and μ and μ ± σ."""
        point, rect = self._state.latent.point, track.rect
        ratio = painter.device().devicePixelRatioF()
        bars = self._histograms.pixmap(dim, rect.width(), rect.height() - 8, self._bars, ratio)
        if bars is not None:
            painter.drawPixmap(rect.left(), rect.top() + 2, bars)
        base, mu, sigma = rect.bottom() - 5, point.mu[dim], point.sigma[dim]
        left, right = track.to_pixel(mu - sigma), track.to_pixel(mu + sigma)
        painter.fillRect(QRectF(left, base - 3, max(right - left, 1), 7), self._band)
        tall = 13 if base + 7 <= rect.bottom() else 10
        painter.fillRect(QRectF(track.to_pixel(mu) - 1, base - 6, 2, tall), self._accent)

    def _paint_handle(self, painter: QPainter, track: Track, dim: int) -> None:
        base = track.rect.bottom() - 5
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme_surface(), 1.5))
        painter.setBrush(self._muted if self._state.latent.locked[dim] else self._accent)
        value = self.scale.value_of(dim)
        place = QPointF(track.to_pixel(value), base + 0.5)
        if track.low <= value <= track.high:
            painter.drawEllipse(place, 6, 6)
        else:
            # The value is not at the end of the track but beyond it.
            outward = 8.0 if value > track.high else -8.0
            painter.drawPolygon([place + QPointF(outward, 0.0), place + QPointF(0.0, 7.0), place - QPointF(0.0, 7.0)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _theme_surface(self) -> QColor:
        return QColor(self._theme.colors.surface)

    def _paint_field(self, painter: QPainter, rect: QRect) -> None:
        painter.fillRect(rect, self._field)
        painter.setPen(self._border)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _paint_kl(self, painter: QPainter, rect: QRect, dim: int) -> None:
        embedding = self._state.model.embedding
        if embedding is not None and dim < embedding.latent_dim:
            painter.setFont(self._small)
            painter.setPen(self._muted)
            painter.drawText(rect.adjusted(0, 0, -6, 0), RIGHT, f"{embedding.summary.kl[dim]:.2f}")

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:
        """Return a field for a typed value."""
        editor = NumberBox(*self.scale.limits, Fixed(self.scale.decimals), self.scale.step)
        editor.setParent(parent)
        # The rows may change their order while one types.
        editor.setProperty("dim", index.data(Qt.ItemDataRole.UserRole))
        editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        editor.setAccessibleName(f"Value of {dimension_name(index.data(Qt.ItemDataRole.UserRole))}")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Put the field over the number."""
        rect: QRect = option.rect
        editor.setGeometry(row_layout(rect).value.adjusted(-16, -3, 0, 3))

    def setEditorData(self, editor: QWidget, index: AnyIndex) -> None:
        """Start from the number shown."""
        if isinstance(editor, NumberBox):
            editor.setValue(self.scale.value_of(editor.property("dim")))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: object, index: AnyIndex) -> None:
        """Move the point to what was typed."""
        if not isinstance(editor, NumberBox):
            return
        dim = editor.property("dim")
        if editor.enter() and editor.value() != self.scale.value_of(dim):
            with self._state.latent.step(f"Set {dimension_name(dim)}"):
                self.scale.set_value(dim, editor.value())

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Keep the field open where it refuses what is to be entered."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in ENTER
        if pressed and isinstance(editor, NumberBox) and not editor.enter():
            return True
        return super().eventFilter(editor, event)
