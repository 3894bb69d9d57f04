"""A field for a real number of any size: it shows what matters of it, and takes exponents."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox

# Qt rounds a value to so many decimals: enough to keep the digits of the smallest one shown.
DECIMALS = 24
SMALL, LARGE = 1e-3, 1e5
DIGITS = 4


class NumberBox(QDoubleSpinBox):
    """A spin box whose text has fixed decimals where they say something and an exponent elsewhere.

    Text that is no number, or out of range, is marked while it is typed. When it is entered, a number goes to
    the nearest one allowed; anything else leaves the value as it was.
    """

    def __init__(self, low: float, high: float, decimals: int, step: float) -> None:
        super().__init__()
        self._shown_decimals = decimals
        self.setLocale(QLocale.c())
        self.setDecimals(DECIMALS)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(3, 0, 3, 0)
        self.lineEdit().textChanged.connect(self._mark)
        self.editingFinished.connect(self._mark_entered)

    def textFromValue(self, value: float) -> str:
        """Return the text of a value."""
        if value == 0.0 or SMALL <= abs(value) < LARGE:
            return f"{value:.{self._shown_decimals}f}"
        return f"{value:.{DIGITS}g}"

    def valueFromText(self, text: str) -> float:
        """Return the value of a text; of the text that is shown, the value with all its digits."""
        number = _number(text)
        return self.value() if number is None or text == self.textFromValue(self.value()) else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let anything be typed; it is acceptable when it is a number in the range."""
        number = _number(text)
        fits = number is not None and self.minimum() <= number <= self.maximum()
        return QValidator.State.Acceptable if fits else QValidator.State.Intermediate, text, position

    def fixup(self, text: str) -> str:
        """Return the text of the nearest number allowed, or of the value as it was."""
        number = _number(text)
        if number is None:
            return self.textFromValue(self.value())
        kept = min(max(number, self.minimum()), self.maximum())
        return repr(kept)

    def _mark_entered(self) -> None:
        # Qt does not announce the text it puts in place of what was typed.
        self._mark(self.text())

    def _mark(self, text: str) -> None:
        wrong = self.validate(text, 0)[0] != QValidator.State.Acceptable
        if bool(self.property("wrong")) != wrong:
            self.setProperty("wrong", wrong)
            self.style().unpolish(self)
            self.style().polish(self)


def _number(text: str) -> float | None:
    """Return the finite number that ``text`` says, None if it says none."""
    try:
        number = float(text.strip().replace(",", ".").replace("−", "-"))
    except ValueError:
        return None
    return None if math.isnan(number) else number
