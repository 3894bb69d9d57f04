"""How much memory a process holds."""

from __future__ import annotations

import os
from pathlib import Path

STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Return how many bytes of memory this process holds; 0 where there is no ``/proc`` to say so."""
    try:
        return int(STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def address_space() -> int:
    """Return how many bytes of addresses this process uses, of memory it holds or not; 0 where nobody says so."""
    try:
        return int(STATM.read_bytes().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
