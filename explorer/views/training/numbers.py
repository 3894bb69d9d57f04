"""Number fields that hold every value exactly: real numbers of any size, whole numbers beyond 32 bits."""

from __future__ import annotations

import re

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox

from explorer.views.common.number_box import NumberBox
from models.core.setting_table import number_text

# Qt rounds to so many decimals: those of the smallest value, 1e-9, and then all digits of a double.
EXACT_DECIMALS = 40


class RealBox(NumberBox):
    """A field for a real number that shows and keeps all its digits; steps end on round numbers."""

    def __init__(self, low: float, high: float, decimals: int, step: float) -> None:
        super().__init__(low, high, decimals, step)
        self.setDecimals(EXACT_DECIMALS)
        self.setRange(low, high)
        self.setSingleStep(step)

    def textFromValue(self, value: float) -> str:
        """Return the shortest text that reads back as the value."""
        return number_text(value).replace(",", "")

    def stepBy(self, steps: int) -> None:
        """Move the value by some steps and round it to the decimals of a step."""
        self.interpretText()
        self.setValue(round(self.value() + steps * self.singleStep(), self._shown_decimals))
        self.selectAll()


class WholeBox(QAbstractSpinBox):
    """A field for a whole number of any size; Qt's own holds 32 bits.

    What is typed counts as soon as it is a number in the range. When it is entered, anything else leaves the value as
    it was.
    """

    changed = Signal(object)

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self._low, self._high, self._value = low, high, low
        self.lineEdit().setText(str(low))
        self.lineEdit().setTextMargins(3, 0, 3, 0)
        self.lineEdit().textChanged.connect(self._typed)
        self.editingFinished.connect(self._entered)

    def value(self) -> int:
        """Return the number."""
        return self._value

    def setValue(self, value: int) -> None:
        """Show a number, or the nearest one in the range."""
        self.lineEdit().setText(str(min(max(value, self._low), self._high)))

    def stepBy(self, steps: int) -> None:
        """Move the number by some steps."""
        self.setValue(self._value + steps)
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Say which ways lead to another number."""
        flags, ways = QAbstractSpinBox.StepEnabledFlag, QAbstractSpinBox.StepEnabledFlag.StepNone
        if self._value > self._low:
            ways |= flags.StepDownEnabled
        if self._value < self._high:
            ways |= flags.StepUpEnabled
        return ways

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let digits be typed; they are acceptable when they make a number in the range."""
        if not re.fullmatch(r"\d{0,20}", text, re.ASCII):
            return QValidator.State.Invalid, text, position
        fits = bool(text) and self._low <= int(text) <= self._high
        return QValidator.State.Acceptable if fits else QValidator.State.Intermediate, text, position

    def _typed(self, text: str) -> None:
        if self.validate(text, 0)[0] == QValidator.State.Acceptable and int(text) != self._value:
            self._value = int(text)
            self.changed.emit(self._value)

    def _entered(self) -> None:
        self.lineEdit().setText(str(self._value))
