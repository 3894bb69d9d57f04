"""Numbers from files: what was written as one may be none that a computer can use."""

from __future__ import annotations

# Of a latent. Far outside of every prior; what networks make of more comes near to what a float32 can hold.
LARGEST_LATENT = 1e9


def to_float(value: float) -> float:
    """Return a number as a float; ValueError if it is too large for one, as whole numbers of JSON may be."""
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("a number is too large") from error
