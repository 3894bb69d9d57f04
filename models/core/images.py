"""From decoded images to the bytes of a picture, for the window and for exports alike. NumPy only."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32

# What Pillow's readers stumble over in a damaged picture, besides OSError.
DAMAGED = (SyntaxError, ValueError, EOFError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error)


def to_bytes(image: Floats32) -> NDArray[np.uint8]:
    """Turn an image in 0–1 into uint8, rounded and clipped; what is not a number is black."""
    clipped: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(image), 0.0, 1.0) * 255.0).astype(np.uint8)
    return clipped
