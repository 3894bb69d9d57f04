"""Decoded images as the bytes of a picture, for the window and for exports alike, and beside the images they are of."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32

# Nearer to 0 or 1 no decoder is certain of a pixel.
SURE = 1e-6
# What Pillow's readers stumble over in a damaged picture, besides OSError.
DAMAGED = (SyntaxError, ValueError, EOFError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error)


def to_bytes(image: Floats32) -> NDArray[np.uint8]:
    """Turn an image in 0–1 into uint8, rounded and clipped; what is not a number is black."""
    clipped: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(image), 0.0, 1.0) * 255.0).astype(np.uint8)
    return clipped


def reconstruction_error(image: NDArray[np.uint8], decoded: NDArray[np.floating], likelihood: str) -> str:
    """Say how far ``decoded`` in 0–1 is from an image [h, w, c]: root mean square, and binary cross-entropy in nats.

    The latter only of Bernoulli likelihoods, whose −log p(x|z) it is; of the continuous one without its normalizer.
    """
    x, mean = image / 255.0, np.clip(np.asarray(decoded, np.float64), 0.0, 1.0)
    told = f"reconstruction error: root mean square {np.sqrt(np.square(x - mean).mean()):.3g}"
    if not likelihood.endswith("bernoulli"):
        return told
    sure = np.clip(mean, SURE, 1.0 - SURE)
    entropy = -(x * np.log(sure) + (1.0 - x) * np.log1p(-sure)).sum()
    return f"{told}, binary cross-entropy {entropy:.4g} nats"
