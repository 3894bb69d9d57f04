"""Numbers as they are typed: exponents, text that is not a number, and numbers out of range."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

import explorer
from explorer.views.common.bubble import Bubble
from explorer.views.common.number_box import NumberBox, WholeBox
from explorer.views.common.number_text import Fixed
from tests.support.desk import Desk
from tests.support.menus import choose, context_menu, turn_wheel


@pytest.fixture
def box(qtbot: QtBot) -> Iterator[NumberBox]:
    """Return a field from 0.5 to 1e9 with four decimals, on a window with another field."""
    window = QWidget()
    row = QHBoxLayout(window)
    box = NumberBox(0.5, 1e9, Fixed(4), 0.1)
    box.setLocale(QLocale.c())
    box.setValue(2.0)
    row.addWidget(box)
    row.addWidget(QLineEdit())
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield box
    for bubble in window.findChildren(Bubble):
        bubble.hide()


def enter(qtbot: QtBot, box: NumberBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    write(qtbot, box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def write(qtbot: QtBot, box: NumberBox, text: str) -> None:
    """Type a text; what has no key on Qt's keyboard comes as from an input method."""
    for letter in text:
        if letter.isascii():
            qtbot.keyClicks(box, letter)
        else:
            QApplication.sendEvent(box.lineEdit(), _composed(letter))


def _composed(letter: str) -> QInputMethodEvent:
    event = QInputMethodEvent()
    event.setCommitString(letter)
    return event


def said(box: NumberBox) -> str:
    """Return what the bubble beside a field says."""
    bubble = box.window().findChild(Bubble)
    return bubble.text() if isinstance(bubble, Bubble) and bubble.isVisible() else ""


@pytest.mark.parametrize(("text", "value"), [
    ("3.25", 3.25), ("3,25", 3.25), (" 3.25 ", 3.25), ("1e3", 1000.0), ("7E+7", 7e7), ("1.500", 1.5), ("1,5e3", 1500.0),
])  # fmt: skip
def test_a_number_is_taken_with_either_mark(qtbot: QtBot, box: NumberBox, text: str, value: float) -> None:
    enter(qtbot, box, text)
    assert box.value() == value
    assert not box.property("wrong")
    assert said(box) == ""


@pytest.mark.parametrize(("text", "reason"), [
    ("0.1", "is out of range"), ("−4", "is out of range"), ("1e12", "is out of range"), ("1e999", "is out of range"),
    ("1,500", "may mean 1.500 or 1500; write one of them"), ("1.234,5", "is not a number"),
    ("1,234.5", "is not a number"), ("1\xa0234", "is not a number"), ("1 234", "is not a number"),
    ("1'234", "is not a number"), ("٣", "is not a number"), ("inf", "is not a number"), ("nan", "is not a number"),
    ("abc", "is not a number"), ("1.2.3", "is not a number"), ("1_000", "is not a number"),
])  # fmt: skip
def test_what_is_refused_says_why_and_the_range_and_changes_nothing(
    qtbot: QtBot, box: NumberBox, text: str, reason: str
) -> None:
    with qtbot.assertNotEmitted(box.valueChanged):
        enter(qtbot, box, text)
    assert (box.value(), box.text()) == (2.0, text)
    assert box.property("wrong")
    assert said(box) == f"“{text}” {reason} (from 0.5 to 1000000000)."


def test_a_number_that_is_missing_is_asked_for(qtbot: QtBot, box: NumberBox) -> None:
    box.setFocus()
    box.selectAll()
    qtbot.keyClick(box, Qt.Key.Key_Delete)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert said(box) == "A number is missing (from 0.5 to 1000000000)."


@pytest.mark.parametrize(("text", "value"), [
    ("1,5", 1.5), ("1,500", 1.5), ("1.5", 1.5), ("1.234,5", None), ("1.234.567", None),
])  # fmt: skip
def test_the_mark_of_the_locale_is_understood(qtbot: QtBot, box: NumberBox, text: str, value: float | None) -> None:
    box.setLocale(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    enter(qtbot, box, text)
    assert box.value() == (value or 2.0)
    assert bool(box.property("wrong")) == (value is None)


@pytest.mark.parametrize("text", ["1,5", "1.5", "1,000", "1.000", "1\xa0000", "٣", "", "abc", "2e-1", "1001", "0"])
def test_a_whole_number_is_not_made_of_anything_else(qtbot: QtBot, text: str) -> None:
    box = WholeBox(1, 1000)
    qtbot.addWidget(box)
    box.setValue(7)
    box.lineEdit().clear()
    write(qtbot, box, text)
    assert not box.enter()
    assert box.value() == 7
    box.setValue(7)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert (box.text(), box.refusal) == ("7", "")
    for bubble in box.findChildren(Bubble):
        bubble.hide()


def test_what_cannot_be_is_marked_while_it_is_typed(qtbot: QtBot, box: NumberBox) -> None:
    for text, wrong in (("abc", True), ("3", False), ("0.1", True)):
        box.selectAll()
        qtbot.keyClicks(box, text)
        assert bool(box.property("wrong")) == wrong


def test_a_refusal_is_over_with_the_next_edit_or_value(qtbot: QtBot, box: NumberBox) -> None:
    enter(qtbot, box, "0.1")
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert (box.text(), box.property("wrong"), said(box)) == ("2.0000", False, "")
    enter(qtbot, box, "0.1")
    qtbot.keyClick(box, Qt.Key.Key_9)
    enter(qtbot, box, "9")
    assert (box.value(), box.property("wrong"), said(box)) == (9.0, False, "")
    enter(qtbot, box, "0.1")
    box.setValue(9.0)
    assert (box.text(), box.property("wrong")) == ("9.0000", False)


def test_a_field_that_is_left_shows_its_number_and_says_what_it_refused(qtbot: QtBot, box: NumberBox) -> None:
    enter(qtbot, box, "0.1")
    qtbot.keyClick(box, Qt.Key.Key_Tab)
    assert not box.hasFocus()
    assert (box.text(), box.property("wrong")) == ("2.0000", False)
    assert said(box).startswith("“0.1” is out of range")


def test_a_double_click_selects_the_whole_number(qtbot: QtBot, box: NumberBox) -> None:
    box.setValue(-1.0)
    box.setRange(-10.0, 10.0)
    box.setValue(-1.2345)
    qtbot.mouseDClick(box.lineEdit(), Qt.MouseButton.LeftButton)
    assert box.lineEdit().selectedText() == "-1.2345"


def test_a_field_without_the_keys_is_not_turned_by_the_wheel(qtbot: QtBot, box: NumberBox) -> None:
    box.window().findChild(QLineEdit, options=Qt.FindChildOption.FindDirectChildrenOnly).setFocus()
    turn_wheel(box)
    assert box.value() == 2.0
    assert not box.hasFocus()
    box.setFocus()
    turn_wheel(box)
    assert box.value() == pytest.approx(2.1)


def test_a_number_is_copied_with_all_its_digits(qtbot: QtBot, box: NumberBox) -> None:
    box.setValue(2.0 / 3.0)
    menu = context_menu(box, box.rect().center())
    choose(menu, "Copy 0.6666666666666666")
    assert QApplication.clipboard().text() == "0.6666666666666666"


def test_small_and_large_values_keep_their_digits(box: NumberBox) -> None:
    box.setRange(-1e300, 1e300)
    for value, text in ((0.0, "0.0000"), (0.25, "0.2500"), (8.6612e-11, "8.661e-11"), (-2.5e7, "-2.5e+07")):
        box.setValue(value)
        assert box.text() == text
        assert box.value() == pytest.approx(value, rel=1e-9)


def test_return_on_an_untouched_field_changes_nothing(qtbot: QtBot, box: NumberBox) -> None:
    box.setValue(1.0 / 1.5)
    with qtbot.assertNotEmitted(box.valueChanged):
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == pytest.approx(1.0 / 1.5, rel=1e-15)


def test_there_is_no_other_field_for_numbers_and_no_box_or_slider_that_the_wheel_turns_in_passing() -> None:
    own = {"number_box.py", "choices.py", "stylesheet.py"}
    files = [path for path in Path(explorer.__file__).parent.rglob("*.py") if path.name not in own]
    plain = re.compile(r"\bQ(SpinBox|(Double|Abstract)SpinBox|ComboBox|Slider|Dial|DoubleValidator|IntValidator)\b")
    assert len(files) > 50
    assert [path.name for path in files if plain.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(("key", "text"), [
    ("u", "0"), ("u", "1"), ("u", "1.5"), ("u", "abc"), ("scale", "0"), ("scale", "-1"), ("scale", "nan"),
    ("scale", "inf"), ("loc", "inf"), ("z", "nan"), ("z", "1e7"), ("eps", "1e40"),
])  # fmt: skip
def test_the_fields_of_the_triad_refuse_what_cannot_be(desk: Desk, key: str, text: str) -> None:
    desk.window.map.select(42)
    desk.settle()
    before, steps = desk.point, desk.state.undo.count()
    field = desk.window.distribution.readouts.fields[key]
    shown = field.text()
    enter(desk.qtbot, field, text)
    assert said(field).startswith(f"“{text}” is ")
    desk.window.map.plot.setFocus()
    desk.settle()
    assert field.text() == shown
    assert desk.point is before
    assert desk.state.undo.count() == steps


def test_undo_undoes_after_a_number_was_typed(desk: Desk, qtbot: QtBot) -> None:
    field = desk.window.distribution.readouts.fields["z"]
    with qtbot.waitActive(desk.window):
        desk.window.activateWindow()
    before = desk.point
    enter(qtbot, field, "1.5")
    desk.settle()
    assert desk.point is not before
    qtbot.keyClicks(field, "7")
    qtbot.keySequence(field, "Ctrl+Z")
    assert field.text() != "7"
    assert desk.point is not before
    qtbot.keySequence(field, "Ctrl+Z")
    assert desk.point is before
    qtbot.keySequence(field, "Ctrl+Y")
    assert desk.point.z[desk.state.display.dimension] == 1.5
