"""Pictures by which a person judges whether a model was understood: what it makes of the prior and of the open data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QGridLayout, QWidget

from explorer.theme.theme import Theme
from explorer.views.common.pane import caption
from explorer.views.common.pictures import Picture
from models.protocol.importing import Inspected

SAMPLES, TILE, GAP = 4, 64, 6
DIMMED = 0.35


class PictureSheet(QWidget):
    """The decoded origin and draws of the prior, and below them images of the data above their reconstructions."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.origin = Picture(theme, "decode(0)", "–", TILE)
        self.samples = [Picture(theme, "z ~ p(z)", "–", TILE) for _ in range(SAMPLES)]
        self.originals = [Picture(theme, "image x", "–", TILE) for _ in range(SAMPLES)]
        self.reconstructions = [Picture(theme, "decode(μ)", "–", TILE) for _ in range(SAMPLES)]
        self.without = caption()
        self._fading = QGraphicsOpacityEffect(self)
        self._build()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP)
        for row, pictures in enumerate((self.samples, self.originals, self.reconstructions)):
            grid.setRowStretch(row, 1)
            for column, picture in enumerate(pictures):
                grid.addWidget(picture, row, column + 1)
        grid.addWidget(self.origin, 0, 0)
        self.without.setWordWrap(True)
        self.without.setMinimumWidth(TILE)
        grid.addWidget(self.without, 1, 0, 2, SAMPLES + 1, Qt.AlignmentFlag.AlignTop)
        for column in range(SAMPLES + 1):
            grid.setColumnStretch(column, 1)
        self._fading.setOpacity(1.0)
        self.setGraphicsEffect(self._fading)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give all columns the same width, to the pixel: a picture is drawn with whole pixels."""
        super().resizeEvent(event)
        side = (self.width() - SAMPLES * GAP) // (SAMPLES + 1)
        for picture in (self.origin, *self.samples, *self.originals, *self.reconstructions):
            picture.setMaximumWidth(max(side, TILE))

    def show_found(self, found: Inspected) -> None:
        """Show the pictures of an inspection; there are none where the model cannot be opened."""
        images = found.images
        self.origin.set_image(images[0] if len(images) else None)
        _fill(self.samples, images[1:])
        _fill(self.originals, found.originals.astype(np.float32) / np.float32(255.0))
        _fill(self.reconstructions, found.reconstructions)
        self.without.setText(found.without)
        self.without.setVisible(bool(found.without))
        for picture in (*self.originals, *self.reconstructions):
            picture.setVisible(len(found.reconstructions) > 0)

    def set_dimmed(self, dimmed: bool) -> None:
        """Dim pictures of answers that count no longer, until those of the newest are there."""
        self._fading.setOpacity(DIMMED if dimmed else 1.0)


def _fill(pictures: Sequence[Picture], images: NDArray[np.float32]) -> None:
    for number, picture in enumerate(pictures):
        picture.set_image(images[number] if number < len(images) else None)
