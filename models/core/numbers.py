"""Numbers from files: what was written as one may be none that a computer can use."""

from __future__ import annotations

# Of a latent, and of what can be set. Far outside of every prior; what networks make of much more is no number.
LARGEST_NUMBER = 1e6


def to_float(value: float) -> float:
    """Return a number as a float; ValueError if it is too large for one, as whole numbers of JSON may be."""
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error
