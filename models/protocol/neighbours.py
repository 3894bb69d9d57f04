"""Find the images that lie nearest to a latent point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.neighbours import Metric


@dataclass(frozen=True)
class FindNeighbours:
    """Find the ``count`` images nearest to ``z`` by ``metric``; answered by :class:`NeighboursFound`.

    ``sigma`` are the scales of the point's posterior; both are [d]. The data must have been embedded. A newer request
    replaces an older one.
    """

    id: int
    z: Floats64
    sigma: Floats64
    metric: Metric
    count: int


@dataclass(frozen=True)
class NeighboursFound:
    """Indices and distances [k] of the nearest images of the open data by the open model, the nearest first."""

    id: int
    model_digest: str
    data_digest: str
    metric: Metric
    indices: NDArray[np.intp]
    distances: Floats64
