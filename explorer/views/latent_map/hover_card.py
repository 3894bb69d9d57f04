"""The card that shows the image under the mouse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from explorer.views.common.pane import caption
from explorer.views.common.qimages import to_qimage

SIDE = 96
GAP = 16
# Of what is said below the image, in pixels, and in lines.
WIDEST, MOST_LINES = 240, 6


class HoverCard(QFrame):
    """A small frame over its parent, never under the mouse and never outside the parent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture, self._text = QLabel(), caption()
        # Names of files are no markup.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 4)
        layout.setSpacing(3)
        layout.addWidget(self._picture)
        layout.addWidget(self._text)
        self.hide()

    def show_image(self, image: NDArray[np.uint8] | None, lines: Sequence[str], at: object) -> None:
        """Show ``image`` [h, w, c], if there is one, and what is known of it beside ``at`` (a QPoint of the parent)."""
        self._picture.setVisible(image is not None)
        if image is not None:
            picture = QPixmap.fromImage(to_qimage(image)).scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio)
            self._picture.setPixmap(picture)
        metrics = self._text.fontMetrics()
        elided = (metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, WIDEST) for line in lines[:MOST_LINES])
        self._text.setText("\n".join(elided))
        self.adjustSize()
        if isinstance(at, QPoint):
            area = self._over.rect()
            x = at.x() + GAP if at.x() + GAP + self.width() < area.width() else at.x() - GAP - self.width()
            y = min(max(at.y() - self.height() // 2, 0), area.height() - self.height())
            self.move(x, y)
        self.show()
        self.raise_()
