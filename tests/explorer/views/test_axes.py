"""The names of axes keep to the length of their axis."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from explorer.views.common.axes import Plot, prepare_plot


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
