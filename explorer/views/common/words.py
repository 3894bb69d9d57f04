"""Figures as a person says them."""

from __future__ import annotations

KIB = 1024


def duration(seconds: float) -> str:
    """Return a time."""
    whole = round(seconds)
    if whole < 90:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )


def room(size: int) -> str:
    """Return a number of bytes, in the unit that needs the fewest digits."""
    for unit, power in (("GB", 3), ("MB", 2)):
        if size >= KIB**power:
            return f"{size / KIB**power:.1f} {unit}"
    return f"{max(round(size / KIB), 1)} KB"


def counted(number: int, thing: str) -> str:
    """Return ``3 runs`` or ``1 run``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
