"""Neighbours: the images nearest to the current point, by the distance chosen in its header."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.choices import Choice
from explorer.views.common.pane import Pane, caption
from explorer.views.neighbours.strip import NeighbourStrip
from models.core.neighbours import DISTANCES, METRICS


class NeighboursPane(Pane):
    """A strip of images with their distances, and what to do where there are none."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Neighbours", show_title=False)
        self.state = state
        self.distance, self.told = Choice(), caption()
        self.strip, self.empty = NeighbourStrip(state, theme), caption()
        self._pages = QStackedWidget()
        self._build()
        self.shown = False
        self.distance.activated.connect(lambda row: state.neighbours.set_metric(METRICS[row]))
        for signal in (state.neighbours.changed, state.neighbours.metric_changed):
            signal.connect(self._show)
        state.model.data_changed.connect(self._show)

    def _build(self) -> None:
        self.distance.setAccessibleName("Distance")
        for row, distance in enumerate(DISTANCES.values()):
            self.distance.addItem(distance.label)
            self.distance.setItemData(row, distance.sentence, Qt.ItemDataRole.ToolTipRole)
        self.header.addWidget(caption("images nearest to the point"))
        self.header.addStretch(1)
        self.header.addWidget(self._label("distance"))
        self.header.addWidget(self.distance)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.told.setWordWrap(True)
        self._pages.addWidget(self.strip)
        self._pages.addWidget(self.empty)
        self.body.setContentsMargins(12, 6, 12, 8)
        self.body.addWidget(self._pages, 1)
        self.body.addWidget(self.told)

    def _label(self, text: str) -> QLabel:
        label = caption(text)
        label.setBuddy(self.distance)
        return label

    def set_shown(self, shown: bool) -> None:
        """Search for neighbours only while the pane is shown."""
        super().set_shown(shown)
        self.state.neighbours.set_wanted(shown)
        self._show()

    def _show(self) -> None:
        if not self.shown:
            return
        neighbours = self.state.neighbours
        distance = DISTANCES[neighbours.metric]
        self.distance.setCurrentIndex(METRICS.index(neighbours.metric))
        self.distance.setToolTip(distance.sentence)
        self.told.setText("" if neighbours.answer is None else f"{distance.sentence}; {distance.unit}.")
        self.empty.setText(neighbours.message)
        self._pages.setCurrentWidget(self.strip if neighbours.answer is not None else self.empty)
        self.strip.show_answer()
