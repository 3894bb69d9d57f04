"""Pictures in bytes as those of Qt."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

Bytes: TypeAlias = NDArray[np.uint8]


def to_qimage(image: Bytes) -> QImage:
    """Return a picture [h, w, 1 or 3] as a QImage that owns its pixels."""
    height, width, channels = image.shape
    pixels = np.ascontiguousarray(image)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, width * channels, kind).copy()
