"""Read numbers as people type them, and write them as the fields show them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from models.core.setting_table import number_text

# Between these a number has fixed decimals; elsewhere it has an exponent and so many digits.
SMALL, LARGE = 1e-3, 1e5
DIGITS = 4
REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
WHOLE = re.compile(r"([+-]?\d+)(e\+?(\d{1,2}))?", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


class Numerals(Protocol):
    """A way to write numbers and to read them again."""

    def read(self, text: str, mark: str) -> float:
        """Return the number a text says; ``mark`` is the decimal mark of the locale. Raises ``ValueError``."""

    def write(self, value: float) -> str:
        """Return the text of a number."""

    def stepped(self, value: float, by: float) -> float:
        """Return a number moved by a step."""


@dataclass(frozen=True)
class Fixed:
    """Fixed decimals where they say something, an exponent elsewhere: for numbers that are mostly looked at."""

    decimals: int

    def read(self, text: str, mark: str) -> float:
        """Return the number a text says."""
        return read_real(text, mark)

    def write(self, value: float) -> str:
        """Return the text of a number, and never that of a negative nothing."""
        if value == 0.0 or SMALL <= abs(value) < LARGE:
            return f"{value + 0.0:.{self.decimals}f}"
        return f"{value:.{DIGITS}g}"

    def stepped(self, value: float, by: float) -> float:
        """Return a number moved by a step."""
        return value + by


@dataclass(frozen=True)
class Exact:
    """All digits: for settings. Steps end on numbers with so many decimals."""

    decimals: int

    def read(self, text: str, mark: str) -> float:
        """Return the number a text says."""
        return read_real(text, mark)

    def write(self, value: float) -> str:
        """Return the shortest text that reads back as the number."""
        return plain_text(value)

    def stepped(self, value: float, by: float) -> float:
        """Return a number moved by a step, and rounded."""
        return round(value + by, self.decimals)


@dataclass(frozen=True)
class Whole:
    """Whole numbers of any size."""

    def read(self, text: str, mark: str) -> int:
        """Return the whole number a text says."""
        return read_whole(text)

    def write(self, value: float) -> str:
        """Return its digits."""
        return str(int(value))

    def stepped(self, value: float, by: float) -> int:
        """Return a number moved by a step."""
        return int(value) + int(by)


def read_real(text: str, mark: str) -> float:
    """Return the number that ``text`` says with a point or the locale's ``mark``; marks of groups are not guessed at.

    Raises
    ------
    ValueError
        With the rest of a sentence that begins with the text.
    """
    plain = text.strip().replace("−", "-")
    if mark != "," and THOUSANDS.fullmatch(plain):
        raise ValueError(f"may mean {plain.replace(',', '.')} or {plain.replace(',', '')}; write one of them")
    if sum(plain.count(sign) for sign in {".", ",", mark}) == 1:
        plain = plain.replace(mark, ".").replace(",", ".")
    if not REAL.fullmatch(plain):
        raise ValueError("is not a number")
    return float(plain) + 0.0


def read_whole(text: str) -> int:
    """Return the whole number that ``text`` says, with an exponent at most: any other sign might mean two things.

    Raises
    ------
    ValueError
        With the rest of a sentence that begins with the text.
    """
    found = WHOLE.fullmatch(text.strip().replace("−", "-"))
    if found is None:
        raise ValueError("is not a whole number")
    return int(f"{found[1]}{'0' * int(found[3] or 0)}")


def plain_text(value: float) -> str:
    """Return the shortest text of a number, without marks between its digits."""
    return number_text(value).replace(",", "")
