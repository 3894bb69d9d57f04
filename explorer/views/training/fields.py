"""Fields of the form, made from the table of settings."""

from __future__ import annotations

import re
from html import escape
from typing import TypeAlias

from PySide6.QtCore import QSignalBlocker, SignalInstance
from PySide6.QtWidgets import QCheckBox

from explorer.views.common.choices import Choice
from explorer.views.common.number_box import NumberBox, WholeBox
from explorer.views.common.number_text import Exact
from explorer.views.common.text_field import TextField, mark_wrong
from models.core.setting_table import Setting

LONGEST_LIST = 100
BETWEEN = re.compile(r"[, \t]+")


class SizesField(TextField):
    """A list of sizes; what is not one is marked, and :attr:`refusal` says what is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(LONGEST_LIST)
        self.setPlaceholderText("none")
        self.textEdited.connect(self._mark)

    @property
    def refusal(self) -> str:
        """The sentence that refuses the text; empty if it is a list of whole numbers."""
        wrong = [word for word in self._words() if re.fullmatch(r"\d+", word, re.ASCII) is None]
        return f"“{wrong[0]}” is not a whole number; write sizes such as 512, 256." if wrong else ""

    def value(self) -> tuple[int, ...]:
        """Return the sizes."""
        return () if self.refusal else tuple(map(int, self._words()))

    def _words(self) -> list[str]:
        return [word for word in BETWEEN.split(self.text()) if word]

    def setText(self, text: str | None, /) -> None:
        """Show a list; a refusal is over with it, whoever listens."""
        super().setText(text)
        self._mark()

    def _mark(self) -> None:
        mark_wrong(self, bool(self.refusal))
        # Rich text is wrapped.
        self.setToolTip(f"<qt>{escape(self.refusal or self.accessibleDescription())}</qt>")


Field: TypeAlias = Choice | QCheckBox | SizesField | NumberBox


def make_field(row: Setting, live: bool = False) -> Field:
    """Return a field for a setting, with its name, tooltip, limits and default; of a running training if ``live``."""
    field = _empty_field(row, live)
    field.setAccessibleName(row.label)
    field.setAccessibleDescription(row.hint)
    # Rich text is wrapped.
    field.setToolTip(f"<qt>{escape(row.hint)}</qt>")
    show_value(field, row.default)
    return field


def _empty_field(row: Setting, live: bool) -> Field:
    match row.kind:
        case "choice":
            box = Choice()
            for word, name in row.choices.items():
                box.addItem(name, word)
            return box
        case "switch":
            return QCheckBox()
        case "sizes":
            return SizesField()
        case "real":
            return NumberBox(row.low, row.high, Exact(row.decimals), row.step, live)
        case "whole":
            return WholeBox(int(row.low), int(row.high), live)


def value_of(field: Field) -> object:
    """Return the value that a field shows."""
    match field:
        case Choice():
            return field.currentData()
        case QCheckBox():
            return field.isChecked()
        case _:
            return field.value()


def refusal_of(field: Field) -> str:
    """Return why what is typed cannot be taken; empty if it can."""
    return field.refusal if isinstance(field, SizesField | NumberBox) else ""


def show_value(field: Field, value: object) -> bool:
    """Show a value without telling anybody; return whether the field holds it now."""
    with QSignalBlocker(field):
        match field, value:
            case Choice(), str():
                field.setCurrentIndex(field.findData(value))
            case QCheckBox(), bool():
                field.setChecked(value)
            case SizesField(), tuple():
                field.setText(", ".join(map(str, value)))
            case NumberBox(), int() | float():
                field.setValue(value)
    return value_of(field) == value


def edited(field: Field) -> SignalInstance:
    """Return the signal that a field emits when its value is changed by hand."""
    match field:
        case Choice():
            return field.currentIndexChanged
        case QCheckBox():
            return field.toggled
        case SizesField():
            return field.textChanged
        case _:
            return field.valueChanged
