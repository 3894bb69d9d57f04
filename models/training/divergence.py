"""Detect a diverged training: its loss is not a number, or larger than any model of images can have."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from models.core.arrays import Floats32

# A fair coin costs 0.7 nats a pixel, a bad start about ten. No training recovers from here.
LARGEST_LOSS_PER_PIXEL = 1e4


class DivergedError(ArithmeticError):
    """The training diverged at ``step``; ``reason`` is a clause that says how."""

    def __init__(self, step: int, reason: str) -> None:
        super().__init__(f"the training diverged at step {step}: {reason}")
        self.step, self.reason = step, reason


def fault_of(loss: float, pixels: int) -> str:
    """Return what is wrong with the mean ``loss`` of images of so many ``pixels``, in nats; "" if nothing is."""
    if not math.isfinite(loss):
        return "its loss is no longer a number"
    if loss > LARGEST_LOSS_PER_PIXEL * pixels:
        return f"its loss exploded to {loss:.3g} nats"
    return ""


def check_finite(step: int, arrays: Mapping[str, Mapping[str, Floats32]]) -> None:
    """Raise :class:`DivergedError` if any of the ``arrays`` holds NaN or infinite numbers."""
    for group in arrays.values():
        for name, values in group.items():
            if not np.isfinite(values).all():
                raise DivergedError(step, f"its {name} holds NaN or infinite numbers")
