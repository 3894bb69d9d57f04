"""Names of the types of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

Matrix = NDArray[np.float64]

Floats32 = NDArray[np.float32]

Floats64 = NDArray[np.float64]
