"""Numbers as texts: no more digits than say something, and no negative zero."""

from __future__ import annotations

import math
from collections.abc import Iterable

DIGITS = 4
# Of numbers around 1, this is what sums and quotients leave over.
ROUNDING = 1e-9


def without_minus_zero(text: str) -> str:
    """Return the text of a number, without the sign of a zero that was a small negative number before rounding."""
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def fixed(value: float, decimals: int) -> str:
    """Return a number with so many decimals."""
    return without_minus_zero(f"{value:.{decimals}f}")


def short(value: float, digits: int = DIGITS) -> str:
    """Return a number with at most so many digits, a dash for none, and a sign for an infinite one."""
    if math.isnan(value):
        return "–"
    return ("∞" if value > 0 else "−∞") if math.isinf(value) else without_minus_zero(f"{value:.{digits}g}")


def beside(values: Iterable[float], digits: int, longest: int) -> str:
    """Return numbers side by side with at most so many digits, or one fewer where they make more letters than that."""
    given = tuple(values)
    text = "  ".join(short(value, digits) for value in given)
    return text if len(text) <= longest else "  ".join(short(value, digits - 1) for value in given)


def steady(value: float) -> str:
    """Return a number with three decimals, whose text keeps its width while it moves; short where it would be long."""
    return fixed(value, 3) if abs(value) < ROUNDING or 0.0005 <= abs(value) < 1000.0 else short(value, 3)
