"""A strip of the images nearest to the current point, each with its distance below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.focus import FocusPainted
from explorer.views.common.painting import guarded
from explorer.views.common.qimages import to_qimage

LEAST, MOST, GAP, TEXT = 48, 112, 8, 34
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
RETURNS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class NeighbourStrip(FocusPainted):
    """The images in the order of their distance; in as many rows as fit."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self._theme = state, theme
        self.images: list[QImage] = []
        self.lines: list[tuple[str, str]] = []
        self.chosen = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Images nearest to the point")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Prefer a row of large images."""
        return QSize(8 * (MOST + GAP), MOST + TEXT)

    def minimumSizeHint(self) -> QSize:
        """Leave room for a row of small images."""
        return QSize(3 * (LEAST + GAP), LEAST + TEXT)

    def show_answer(self) -> None:
        """Show the newest neighbours; what had been chosen stays where it was in the order."""
        answer, data = self.state.neighbours.answer, self.state.model.data
        self.images, self.lines = [], []
        if answer is not None and data is not None:
            self.images = [to_qimage(data.images[index]) for index in answer.indices]
            pairs = zip(answer.indices.tolist(), answer.distances.tolist(), strict=True)
            self.lines = [(f"{distance:#.3g}".rstrip("."), self._named(index)) for index, distance in pairs]
        self.chosen = min(self.chosen, max(0, len(self.images) - 1))
        self.setAccessibleDescription("; ".join(f"{name}, {distance}" for distance, name in self.lines))
        self.update()

    def _named(self, index: int) -> str:
        data = self.state.model.data
        kind = None if data is None else data.class_of(index)
        return f"image {index}" + (f", class {kind}" if kind is not None else "")

    # ------------------------------------------------------------------------------------------------- the places

    def _grid(self) -> tuple[int, int]:
        """Return the side of an image and the number of columns: the largest images of which most are seen."""
        for side in range(MOST, LEAST, -4):
            columns = max(1, (self.width() + GAP) // (side + GAP))
            rows = -(-len(self.images) // columns)
            if rows * (side + TEXT) <= self.height():
                return side, columns
        return LEAST, max(1, (self.width() + GAP) // (LEAST + GAP))

    def cell(self, number: int) -> QRect:
        """Return the place of an image."""
        side, columns = self._grid()
        row, column = divmod(number, columns)
        return QRect(column * (side + GAP), row * (side + TEXT), side, side)

    def number_at(self, place: QPoint) -> int | None:
        """Return which image lies at a place, None beside all of them."""
        cells = ((number, self.cell(number)) for number in range(len(self.images)))
        return next((number for number, cell in cells if cell.contains(place) and cell.bottom() < self.height()), None)

    # -------------------------------------------------------------------------------------------------- the events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the image under the mouse."""
        number = self.number_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and number is not None:
            self._go_to(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show a pointing hand over an image."""
        over = self.number_at(event.position().toPoint()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with the arrow keys, and go to what is chosen with Return."""
        key = Qt.Key(event.key())
        if key in STEPS:
            self.chosen = min(max(self.chosen + STEPS[key], 0), max(0, len(self.images) - 1))
            self.update()
        elif key in RETURNS and self.images:
            self._go_to(self.chosen)
        else:
            super().keyPressEvent(event)

    def _go_to(self, number: int) -> None:
        answer = self.state.neighbours.answer
        if answer is not None:
            # There the image is the nearest, and so the first.
            self.chosen = 0
            self.state.neighbours.go_to(int(answer.indices[number]))

    def event(self, event: QEvent) -> bool:
        """Say what is known of the image under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._told(event.pos()), self)
            return True
        return super().event(event)

    def _told(self, place: QPoint) -> str:
        number, answer, data = self.number_at(place), self.state.neighbours.answer, self.state.model.data
        if number is None or answer is None or data is None:
            return ""
        return "\n".join([self.lines[number][1], *data.about(int(answer.indices[number]))])

    # ------------------------------------------------------------------------------------------------- the picture

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the images, with distance and class below."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(self._theme.font(11))
        for number, image in enumerate(self.images):
            cell = self.cell(number)
            if cell.bottom() >= self.height():
                break
            painter.drawImage(cell, image)
            self._write(painter, cell, number)
        if self.hasFocus():
            painter.setPen(QColor(self._theme.colors.accent))
            frame = self.cell(self.chosen) if self.images else self.rect()
            painter.drawRect(frame.adjusted(0, 0, -1, -1))
        painter.end()

    def _write(self, painter: QPainter, cell: QRect, number: int) -> None:
        distance, name = self.lines[number]
        middle, colors = Qt.AlignmentFlag.AlignHCenter, self._theme.colors
        for line, (text, ink) in enumerate(((distance, colors.text), (name.rpartition(", ")[2], colors.muted))):
            painter.setPen(QColor(ink))
            painter.drawText(QRect(cell.left(), cell.bottom() + 1 + 15 * line, cell.width(), 15), middle, text)
