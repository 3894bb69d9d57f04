"""A picture drawn sharp: every image pixel is a square of whole screen pixels, with its grey scale stated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.theme.theme import Theme
from explorer.views.common.bubble import say
from explorer.views.common.menus import Entry, pop_up
from explorer.views.common.painting import guarded
from explorer.views.common.qimages import Bytes, to_qimage
from models.core.arrays import Floats32
from models.core.images import to_bytes

if TYPE_CHECKING:
    from explorer.export.pictures import Latent

CAPTION = 18
# A smaller square has room for small words only.
ROOMY = 80


class Picture(QWidget):
    """One image with a caption below; ``painted`` ends every paint, ``activated`` is a double click."""

    painted = Signal()
    activated = Signal()

    def __init__(self, theme: Theme, text: str, empty: str = "", smallest: int = 56) -> None:
        super().__init__()
        self._theme, self._text, self._empty, self._smallest = theme, text, empty, smallest
        self._image: QImage | None = None
        self._pixels: Bytes | None = None
        # The latent of what is shown, where that is known: a saved picture carries it.
        self.latent: Callable[[], Latent | None] | None = None
        self.setAccessibleName(text or "Decoded picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Prefer a square with its caption."""
        return QSize(2 * self._smallest, 2 * self._smallest + self._caption_height)

    def minimumSizeHint(self) -> QSize:
        """Stay legible."""
        return QSize(self._smallest, self._smallest + self._caption_height)

    @property
    def image(self) -> QImage | None:
        """The image as shown, one pixel per pixel."""
        return self._image

    @property
    def _caption_height(self) -> int:
        return CAPTION if self._text else 0

    def set_image(self, image: Floats32 | None, scale: float = 1.0) -> None:
        """Show an image [h, w, c] whose value ``scale`` is white; None shows the empty text."""
        self._pixels = None if image is None else to_bytes(np.asarray(image) / np.float32(scale))
        self._image = None if self._pixels is None else to_qimage(self._pixels)
        self.update()

    def set_empty(self, text: str) -> None:
        """Change what is shown instead of an image."""
        self._empty = text

    def set_text(self, text: str) -> None:
        """Change the caption."""
        if text != self._text:
            self._text = text
            self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy and to save the picture."""
        if self._image is None:
            event.ignore()
            return
        size = f"{self._image.width()} × {self._image.height()}"
        entries = Entry(f"Copy picture ({size})", self._copy), Entry("Copy or save at another size …", self._offer_size)
        pop_up(self, event.globalPos(), entries)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tell of a double click with the left button."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.activated.emit()

    def _copy(self) -> None:
        if self._image is not None:
            QGuiApplication.clipboard().setImage(self._image)
            say(self, "Copied the picture")

    def _offer_size(self) -> None:
        # Pillow is loaded when it is needed.
        from explorer.views.common.picture_dialog import PictureDialog

        if self._pixels is not None:
            latent = None if self.latent is None else self.latent()
            PictureDialog(self._pixels, self._text or "decoded", latent, self.window()).open()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw image and caption."""
        painter = QPainter(self)
        area = self.rect().adjusted(0, 0, 0, -self._caption_height)
        if self._image is None:
            area = self._paint_empty(painter, area)
        else:
            target = self._target(area, self._image.size())
            painter.drawImage(target, self._image)
            area = target
        painter.setPen(QColor(self._theme.colors.muted))
        painter.setFont(self._theme.font(11))
        below = QRect(0, area.bottom() + 1, self.width(), self._caption_height)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, self._text)
        painter.end()
        self.painted.emit()

    def _target(self, area: QRect, image: QSize) -> QRect:
        ratio = self.devicePixelRatioF()
        width, height = image.width(), image.height()
        factor = min(area.width() * ratio / width, area.height() * ratio / height)
        factor = max(1, int(factor)) if factor >= 1 else factor
        size = QSize(round(width * factor / ratio), round(height * factor / ratio))
        corner = area.center() - QPoint(size.width() // 2, size.height() // 2)
        return QRect(corner, size)

    def _paint_empty(self, painter: QPainter, area: QRect) -> QRect:
        side = min(area.width(), area.height())
        box = QRect(0, 0, side, side)
        box.moveCenter(area.center())
        painter.fillRect(box, QColor(self._theme.colors.field))
        painter.setPen(QColor(self._theme.colors.muted))
        painter.setFont(self._theme.font(13 if side >= ROOMY else 10))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
        return box
