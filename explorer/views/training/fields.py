"""Fields of the form, made from the table of settings."""

from __future__ import annotations

import re
from html import escape
from typing import TypeAlias

from PySide6.QtCore import QRegularExpression, QSignalBlocker, SignalInstance
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox

from explorer.views.common.pane import whole_box
from explorer.views.training.numbers import RealBox, WholeBox
from models.core.setting_table import Setting

Field: TypeAlias = QComboBox | QCheckBox | QLineEdit | QSpinBox | WholeBox | RealBox

# Qt's spin box holds 32 bits.
MOST_OF_A_SPIN_BOX = (1 << 31) - 1
SIZES = QRegularExpression(r"[\d,\s]*")
LONGEST_LIST = 100


def make_field(row: Setting) -> Field:
    """Return a field for a setting, with its name, tooltip, limits and default."""
    field = _empty_field(row)
    field.setAccessibleName(row.label)
    field.setAccessibleDescription(row.hint)
    # Rich text is wrapped.
    field.setToolTip(f"<qt>{escape(row.hint)}</qt>")
    show_value(field, row.default)
    return field


def _empty_field(row: Setting) -> Field:
    match row.kind:
        case "choice":
            box = QComboBox()
            for word, name in row.choices.items():
                box.addItem(name, word)
            return box
        case "switch":
            return QCheckBox()
        case "sizes":
            return _sizes_field()
        case "real":
            return RealBox(row.low, row.high, row.decimals, row.step)
        case "whole":
            low, high = int(row.low), int(row.high)
            return whole_box(low, low, high) if high <= MOST_OF_A_SPIN_BOX else WholeBox(low, high)


def _sizes_field() -> QLineEdit:
    field = QLineEdit()
    field.setMaxLength(LONGEST_LIST)
    field.setPlaceholderText("none")
    field.setValidator(QRegularExpressionValidator(SIZES, field))
    return field


def value_of(field: Field) -> object:
    """Return the value that a field shows."""
    match field:
        case QComboBox():
            return field.currentData()
        case QCheckBox():
            return field.isChecked()
        case QLineEdit():
            return tuple(int(size) for size in re.findall(r"\d+", field.text()))
        case RealBox():
            # What is being typed counts, though it has not been entered.
            field.interpretText()
            return field.value()
        case _:
            return field.value()


def show_value(field: Field, value: object) -> bool:
    """Show a value without telling anybody; return whether the field holds it now."""
    with QSignalBlocker(field):
        match field, value:
            case QComboBox(), str():
                field.setCurrentIndex(field.findData(value))
            case QCheckBox(), bool():
                field.setChecked(value)
            case QLineEdit(), tuple():
                field.setText(", ".join(map(str, value)))
            case ((QSpinBox() | WholeBox()), int()):
                field.setValue(value)
            case RealBox(), int() | float():
                field.setValue(value)
    return value_of(field) == value


def edited(field: Field) -> SignalInstance:
    """Return the signal that a field emits when its value is changed by hand."""
    match field:
        case QComboBox():
            return field.currentIndexChanged
        case QCheckBox():
            return field.toggled
        case QLineEdit():
            return field.textChanged
        case WholeBox():
            return field.changed
        case _:
            return field.valueChanged
