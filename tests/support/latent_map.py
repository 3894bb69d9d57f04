"""What tests of the latent map know of it: its principal directions, and an image to point at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.support.desk import Desk


def principal(means: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first two principal directions [2, d] by singular values, up to their signs."""
    data = np.asarray(means, np.float64)
    return np.linalg.svd(data - data.mean(axis=0), full_matrices=False)[2][:2]


def lonely_image(desk: Desk) -> int:
    """Return an image far from the points."""
    xy, places = desk.window.map.plot.cloud.xy, [m.xy for m in desk.window.map.plot.points.markers]
    return int(
        np.argmax(np.min([np.hypot(*(xy - place).T) for place in places], axis=0) * (np.abs(xy) < 2).all(axis=1))
    )
