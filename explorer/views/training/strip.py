"""Eight images of the open data over their reconstructions by the open model."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer.state import AppState
from explorer.state.answers import RECONSTRUCTED
from explorer.theme.theme import Theme
from explorer.views.common.painting import guarded
from explorer.views.common.qimages import to_qimage
from models.core.images import to_bytes

CELL, LEAST_CELL, GAP = 27, 16, 2
NAMES = ("x", "decode(μ)")
NAMES_WIDTH = 58
TIP = "The input above, and below it the mean image decode(μ) of its posterior mean, by the model that is shown"


class ReconstructionStrip(QWidget):
    """Two rows of small pictures: what goes in, and what comes out."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme = state, theme
        self.columns: list[tuple[QImage, QImage]] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(2 * CELL + GAP)
        self.setAccessibleName("Images of the data over their reconstructions")
        state.answers.reconstructions_changed.connect(self._show)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return room for eight images and the names of the rows."""
        return QSize(NAMES_WIDTH + RECONSTRUCTED * (CELL + GAP), 2 * CELL + GAP)

    def minimumSizeHint(self) -> QSize:
        """Return room for eight images as small as can be recognized."""
        return QSize(RECONSTRUCTED * (LEAST_CELL + GAP), 2 * CELL + GAP)

    def _show(self) -> None:
        shown = self.state.answers.reconstructions
        pairs = [] if shown is None else zip(shown.images, shown.decoded, strict=True)
        self.columns = [(to_qimage(image), to_qimage(to_bytes(decoded))) for image, decoded in pairs]
        rows = [] if shown is None else shown.rows
        self.setAccessibleDescription(f"images {', '.join(map(str, rows))}" if rows else "")
        self.update()

    @property
    def _names_width(self) -> int:
        return NAMES_WIDTH if self.width() >= self.sizeHint().width() else 0

    def cell(self, column: int, row: int) -> QRect:
        """Return the place of a picture; the pictures stand at the right end."""
        side = min(CELL, (self.width() - self._names_width) // RECONSTRUCTED - GAP)
        left = self.width() - (RECONSTRUCTED - column) * (side + GAP) + GAP
        return QRect(left, row * (side + GAP), side, side)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures, and the names of the rows where there is room."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for column, pair in enumerate(self.columns):
            for row, image in enumerate(pair):
                painter.drawImage(self.cell(column, row), image)
        if self.columns and self._names_width:
            painter.setFont(self.theme.font(11))
            painter.setPen(QColor(self.theme.colors.muted))
            right, middle = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignVCenter
            for row, name in enumerate(NAMES):
                first = self.cell(0, row)
                painter.drawText(QRect(0, first.top(), first.left() - 6, first.height()), right | middle, name)
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Say which image is under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._told(event), self)
            return True
        return super().event(event)

    def _told(self, event: QHelpEvent) -> str:
        shown = self.state.answers.reconstructions
        for column in range(len(self.columns)):
            if shown is not None and any(self.cell(column, row).contains(event.pos()) for row in (0, 1)):
                return f"Image {shown.rows[column]}. {TIP}"
        return TIP
