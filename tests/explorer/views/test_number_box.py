"""Numbers as they are typed: exponents, text that is not a number, and numbers out of range."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from scipy import stats

from explorer.views.common.number_box import NumberBox
from tests.support.desk import Desk


@pytest.fixture
def box(qtbot: QtBot) -> Iterator[NumberBox]:
    """Return a field from 0.5 to 1e9 with four decimals."""
    box = NumberBox(0.5, 1e9, 4, 0.1)
    box.setValue(2.0)
    qtbot.addWidget(box)
    return box


def enter(qtbot: QtBot, box: NumberBox, text: str) -> None:
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)


@pytest.mark.parametrize(("text", "value"), [
    ("3.25", 3.25), ("3,25", 3.25), ("1e3", 1000.0), ("7E+7", 7e7), ("0.1", 0.5), ("-4", 0.5), ("1e12", 1e9),
    ("inf", 1e9), ("-inf", 0.5), ("nan", 2.0), ("abc", 2.0), ("1.2.3", 2.0),
])  # fmt: skip
def test_what_is_typed_becomes_the_nearest_value_or_changes_nothing(
    qtbot: QtBot, box: NumberBox, text: str, value: float
) -> None:
    enter(qtbot, box, text)
    assert box.value() == value
    assert not box.property("wrong")


def test_what_cannot_be_is_marked_while_it_is_typed(qtbot: QtBot, box: NumberBox) -> None:
    for text, wrong in (("abc", True), ("3", False), ("0.1", True)):
        box.selectAll()
        qtbot.keyClicks(box, text)
        assert bool(box.property("wrong")) == wrong


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


@pytest.mark.parametrize(("key", "text"), [
    ("u", "0"), ("u", "1"), ("u", "1.5"), ("u", "abc"), ("scale", "0"), ("scale", "-1"), ("scale", "nan"),
    ("scale", "inf"), ("loc", "inf"), ("z", "nan"), ("eps", "1e40"),
])  # fmt: skip
def test_the_fields_of_the_triad_never_show_a_nan(desk: Desk, key: str, text: str) -> None:
    desk.window.map.select(42)
    desk.settle()
    pane, dim = desk.window.distribution, desk.state.display.dimension
    enter(desk.qtbot, pane.readouts.fields[key], text)
    desk.settle()
    shown = [field.text() for field in pane.readouts.fields.values()]
    shown += [label.text() for label in pane.readouts.numbers.labels.values()]
    assert not any("nan" in text for text in shown)
    assert desk.point.sigma[dim] > 0.0
    z, mu, sigma = (float(getattr(desk.point, name)[dim]) for name in ("z", "mu", "sigma"))
    assert desk.curves.place.u == pytest.approx(stats.norm.cdf(z, mu, sigma), abs=1e-9)
    assert not desk.window.banner.isVisible()
