"""The numbers of the workbench: whole ones, small ones, long ones, and those that are refused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from explorer.views.common.number_box import NumberBox
from explorer.views.common.numbers import beside
from explorer.views.distribution.readouts import SLOPE_LETTERS, WIDE_LETTERS
from tests.support.desk import Desk
from tests.support.workbench import GAMMA, choose, pane_of, shown_on


def _type(field: NumberBox, text: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_another_family_is_shown_from_where_the_last_one_ended(bench: Desk) -> None:
    for family, u in (("Binomial", 1.0), ("Normal", 1.0 - 1e-12)):
        choose(bench, family)
        bench.state.distribution.set("u", u)
        bench.settle()
        place = shown_on(bench).place
        choose(bench, "Gamma")
        assert bench.state.distribution.fault == ""
        assert shown_on(bench).family == GAMMA
        middle = place.u - 0.5 * place.pdf if family == "Binomial" else place.u
        assert shown_on(bench).place.u == pytest.approx(middle, rel=1e-12)
    choose(bench, "Normal")
    bench.state.distribution.set("z", 40.0)
    bench.settle()
    assert shown_on(bench).place.u == 1.0
    choose(bench, "Gamma")
    assert shown_on(bench).family == GAMMA


def test_whole_numbers_are_written_and_typed_as_such(bench: Desk) -> None:
    choose(bench, "Binomial")
    fields = pane_of(bench).readouts.fields
    assert fields["z"].text() == f"{shown_on(bench).place.z:.0f}"
    assert pane_of(bench).equation.text.startswith(f"{fields['z'].text()} =")
    assert fields["total_count"].text() == "10"
    assert not pane_of(bench).curves.noise.layer.arrows
    for typed, refused in (("2.5", "is not a whole number"), ("11", "is out of range (from 0 to 10)")):
        _type(fields["z"], typed)
        assert refused in fields["z"].refusal
    _type(fields["z"], "3")
    bench.settle()
    assert (fields["z"].refusal, shown_on(bench).place.z) == ("", 3.0)


def test_a_number_beyond_the_support_is_refused_where_it_is_typed(bench: Desk) -> None:
    before, field = shown_on(bench).place.z, pane_of(bench).readouts.fields["z"]
    _type(field, "-5")
    assert "out of range (from 0 to" in field.refusal
    bench.settle()
    assert shown_on(bench).place.z == before


@pytest.mark.parametrize(
    ("family", "key", "value", "expected"),
    [
        ("TanhNormal", "scale", 5.0, ("0, 0.9181", "-1  0  1")),
        ("Pareto", "concentration", 0.1, ("∞, ∞", "1.67  1.02e+03")),
    ],
)
def test_what_is_left_of_rounding_is_no_number_and_a_small_quantile_is_one(
    bench: Desk, family: str, key: str, value: float, expected: tuple[str, str]
) -> None:
    choose(bench, family)
    bench.state.distribution.set(key, value)
    bench.settle()
    pane_of(bench).readouts.show_values()
    labels = pane_of(bench).readouts.numbers.labels
    assert labels["moments"].text() == expected[0]
    assert labels["quantiles"].text().startswith(expected[1])


def test_long_numbers_are_not_cut_off(bench: Desk) -> None:
    readouts = pane_of(bench).readouts
    labels = readouts.numbers.labels
    texts = {
        readouts.inputs.slopes["concentration"]: f"∂z {beside([-4.72e16], 3, SLOPE_LETTERS)}",
        labels["quantiles"]: beside([-0.00133, -0.00669, -0.0337], 3, WIDE_LETTERS),
        labels["kl"]: "0.4463 nats (num.)", labels["tails"]: "0.9679, 1.234e-05",
    }  # fmt: skip
    for label, text in texts.items():
        assert label.fontMetrics().horizontalAdvance(text) <= label.width()
        assert label.mapTo(readouts, label.rect().topRight()).x() <= readouts.width()
