"""Find out what the machine has, without TensorFlow."""

from __future__ import annotations

from functools import cache
from pathlib import Path

# What the drivers of NVIDIA put there, on Linux and on Linux within Windows.
TRACES_OF_A_CARD = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg")


@cache
def has_graphics_card() -> bool:
    """Return whether there is a graphics card that TensorFlow might use: the driver of one has been loaded."""
    return any(Path(trace).exists() for trace in TRACES_OF_A_CARD)
