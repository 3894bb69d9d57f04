"""The names of axes keep to the length of their axis, and its numbers to their places."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot, style_plot


@pytest.mark.parametrize(("name", "shorter"), [
    ("PC 2 · 6% of variance", ["PC 2 · 6%", "PC 2"]), ("reconstruction (nats)", ["reconstruction"]),
])  # fmt: skip
def test_a_name_without_room_loses_its_last_words_first(qtbot: QtBot, name: str, shorter: list[str]) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    prepare_plot(plot, "plot")
    plot.setLabel("left", name)
    axis = plot.getAxis("left")
    metrics = QFontMetrics(axis.label.font())
    for shown in (name, *shorter):
        axis.resize(40.0, metrics.horizontalAdvance(shown) + 9.0)
        assert axis.label.toPlainText().strip() == shown
    axis.resize(40.0, 20.0)
    assert axis.label.toPlainText().strip().endswith("…")


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.13), (-4.0, 4.0), (0.0, 123_456.0), (-1e-5, 1e-5)])
def test_numbers_below_a_narrow_plot_do_not_run_into_each_other(qtbot: QtBot, low: float, high: float) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    prepare_plot(plot, "plot")
    axis = plot.getAxis("bottom")
    width, metrics = 96.0, QFontMetrics(axis.font())
    spacing, values = axis.tickValues(low, high, width)[0]
    texts = axis.tickStrings(values, axis.scale, spacing)
    assert texts
    assert max(map(metrics.horizontalAdvance, texts)) < spacing * width / (high - low) or len(texts) == 1


def test_the_name_of_an_axis_is_whole(qapp: QApplication, qtbot: QtBot) -> None:
    plot = Plot()
    qtbot.addWidget(plot)
    prepare_plot(plot, "plot")
    plot.resize(300, 200)
    style_plot(plot, Theme(qapp), {"bottom": "gradient"})
    plot.show()
    axis = plot.getAxis("bottom")
    text = axis.label.boundingRect().adjusted(0.0, 0.0, 0.0, -axis.label.document().documentMargin())
    assert axis.label.mapRectToParent(text).bottom() <= axis.size().height()
