"""The field for numbers: one for the whole window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QHelpEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QToolTip

from explorer.views.common.bubble import hush, say
from explorer.views.common.number_text import Numerals, Whole, plain_text
from explorer.views.common.text_field import NumberLine, mark_wrong

LONGEST_TEXT = 40
WIDEST_TEXT = 10
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class NumberBox(QAbstractSpinBox):
    """A field for a number in a range, which takes what was typed or refuses it, and says why, but never changes it.

    A ``live`` field acts on something that is shown: a number counts when it is entered, and what is refused gives
    way to the number as it was when the field is left. A field of a form counts while it is typed; what is refused
    stays, marked, and :attr:`refusal` says why until it is mended.

    Signals
    -------
    valueChanged(float)
        Another number was entered, or :attr:`refusal` of a form's field has changed.
    """

    valueChanged = Signal(object)  # noqa: N815

    def __init__(self, low: float, high: float, numerals: Numerals, step: float, live: bool = True) -> None:
        super().__init__()
        self._low, self._high, self._value = low, high, low
        self._numerals, self._step, self._live = numerals, step, live
        self.refusal = ""
        self.setLineEdit(NumberLine())
        self.lineEdit().setMaxLength(LONGEST_TEXT)
        self.lineEdit().setTextMargins(3, 0, 3, 0)
        self.lineEdit().textEdited.connect(self._typed)
        # Not by the wheel: it would turn a number in passing.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._show()

    # ------------------------------------------------------------------------------------------------ the number

    def value(self) -> float:
        """Return the number."""
        return self._value

    def setValue(self, value: float) -> None:
        """Show a number, or the nearest one in the range."""
        kept = min(max(value, self._low), self._high)
        text = self._numerals.write(kept)
        if kept == self._value and text == self.text() and not self.refusal:
            return
        changed, self._value = kept != self._value, kept
        self._show()
        if changed:
            self.valueChanged.emit(kept)

    def display(self, value: float) -> None:
        """Show a number as it was found, even one out of the range in which numbers can be typed."""
        if value != self._value or self.refusal or self.text() != self._numerals.write(value):
            self._value = value
            self._show()

    def write_as(self, numerals: Numerals, step: float) -> None:
        """Read and write numbers in another way, and step by another amount."""
        if numerals != self._numerals:
            self._numerals, self._step = numerals, step
            self._show()

    def setRange(self, low: float, high: float) -> None:
        """Set the smallest and the largest number."""
        self._low, self._high = low, high
        if not low <= self._value <= high:
            self.setValue(self._value)

    @property
    def span(self) -> tuple[float, float]:
        """The smallest and the largest number."""
        return self._low, self._high

    def _show(self) -> None:
        self.lineEdit().setText(self._numerals.write(self._value))
        self._refuse("")

    # ------------------------------------------------------------------------------------------------- the typing

    def _read(self, text: str) -> float:
        """Return the number that is typed; raises ``ValueError`` with the sentence that refuses it."""
        if not text.strip():
            raise ValueError(f"A number is missing ({self._span_text()}).")
        try:
            number = self._numerals.read(text, self.locale().decimalPoint())
        except ValueError as error:
            raise ValueError(f"“{text}” {error} ({self._span_text()}).") from error
        if not self._low <= number <= self._high:
            raise ValueError(f"“{text}” is out of range ({self._span_text()}).")
        return number

    def _span_text(self) -> str:
        return f"from {plain_text(self._low)} to {plain_text(self._high)}"

    def _typed(self, text: str) -> None:
        """Mark what cannot be; in a form, take over what can."""
        hush(self)
        before = self.refusal
        try:
            number = self._value if self._untouched else self._read(text)
        except ValueError as error:
            self._refuse(str(error))
        else:
            self._refuse("")
            if not self._live:
                self._take(number)
        if not self._live and before != self.refusal:
            self.valueChanged.emit(self._value)

    @property
    def _untouched(self) -> bool:
        """Whether the text is that of the number, which may have more digits than it."""
        return self.text() == self._numerals.write(self._value)

    def _take(self, number: float) -> None:
        if number != self._value:
            self._value = number
            self.valueChanged.emit(number)

    def enter(self) -> bool:
        """Take over what is typed; False if it is refused, which is said beside the field."""
        if self._untouched:
            return True
        try:
            number = self._read(self.text())
        except ValueError as error:
            self._refuse(str(error))
            say(self, self.refusal, "error")
            return False
        self._take(number)
        self._show()
        return True

    def _refuse(self, reason: str) -> None:
        self.refusal = reason
        mark_wrong(self, bool(reason))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let anything be typed: a sign that is not taken would make another number of the rest."""
        return QValidator.State.Acceptable, text, position

    # -------------------------------------------------------------------------------------------------- the events

    def stepBy(self, steps: int) -> None:
        """Move the number by some steps, to the end of the range at most."""
        if self.enter():
            self.setValue(self._numerals.stepped(self._value, steps * self._step))
            self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Say which ways lead to another number."""
        flags, ways = QAbstractSpinBox.StepEnabledFlag, QAbstractSpinBox.StepEnabledFlag.StepNone
        if self._value > self._low:
            ways |= flags.StepDownEnabled
        if self._value < self._high:
            ways |= flags.StepUpEnabled
        return ways

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter a number, or with Escape return to the one before; a refused one keeps the key from a dialog."""
        if event.key() in ENTER and not self.enter():
            self.selectAll()
        elif event.key() == Qt.Key.Key_Escape and not self._untouched:
            hush(self)
            self._show()
            self.selectAll()
            if not self._live:
                self.valueChanged.emit(self._value)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take over what is typed; a live field that refuses it shows its number again."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and not self.enter() and self._live:
            self._show()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step only where the keys go."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        """Let the tooltip of a refused number say why."""
        if self.refusal and isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.refusal, self)
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to copy the number with all its digits, above what every line of text offers."""
        menu = self.lineEdit().createStandardContextMenu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(f"Copy {plain_text(self._value)}", self._copy)
        menu.removeAction(copy)
        menu.insertAction(menu.actions()[0], copy)
        menu.insertSeparator(menu.actions()[1])
        menu.popup(event.globalPos())

    def _copy(self) -> None:
        QApplication.clipboard().setText(plain_text(self._value))

    def sizeHint(self) -> QSize:
        """Return room for the longer end of the range, as far as that is reasonable."""
        longest = min(max(len(self._numerals.write(end)) for end in self.span), WIDEST_TEXT)
        hint = super().sizeHint()
        return QSize(hint.width() + self.fontMetrics().horizontalAdvance("0" * longest), hint.height())


class WholeBox(NumberBox):
    """A field for a whole number of any size."""

    def __init__(self, low: int, high: int, live: bool = True) -> None:
        super().__init__(low, high, Whole(), 1, live)

    def value(self) -> int:
        """Return the number."""
        return int(self._value)
