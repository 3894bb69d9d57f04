"""The card that shows the image under the mouse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from explorer.views.common.pane import caption
from explorer.views.common.qimages import to_qimage

SIDE = 96
GAP = 16


class HoverCard(QFrame):
    """A small frame over its parent, never under the mouse and never outside the parent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture, self._text = QLabel(), caption()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(3)
        layout.addWidget(self._picture)
        layout.addWidget(self._text)
        self.hide()

    def show_image(self, image: NDArray[np.uint8], text: str, at: object) -> None:
        """Show ``image`` [h, w, c] beside the place ``at`` (a QPoint of the parent)."""
        picture = QPixmap.fromImage(to_qimage(image)).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
        self._picture.setPixmap(picture)
        self._text.setText(text)
        self.adjustSize()
        if isinstance(at, QPoint):
            area = self._over.rect()
            x = at.x() + GAP if at.x() + GAP + self.width() < area.width() else at.x() - GAP - self.width()
            y = min(max(at.y() - self.height() // 2, 0), area.height() - self.height())
            self.move(x, y)
        self.show()
        self.raise_()
