"""The data and the settings of a training run, with the defaults of the project's own architecture."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.state import AppState
from explorer.views.common.pane import Segments, caption, whole_box
from explorer.views.training.fields import PAGES, Entry, show_value, value_of
from explorer.views.training.live import LiveSettings
from models.core.formats import DATA_FILES
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings
from models.core.sprite_names import SpritesName
from resources import bundled_datasets, dataset_path

WEIGHTED = ("iwae", "dreg")
USUAL_WEIGHTED_DRAWS = 5
CAPTION_WIDTH = 84
LIVE = "live"


class TrainingForm(QWidget):
    """The data on top, below it one page of settings at a time."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.data = QComboBox()
        self.pages = Segments("Settings of", {page: page for page in (*PAGES, LIVE)}, {})
        self.fields: dict[str, QWidget] = {}
        self.seeds, self.live = whole_box(1, 1, 20), LiveSettings(state)
        self._stack, self._top = QStackedWidget(), QWidget()
        self._running = False
        self._build()
        self._objective = cast(QComboBox, self.fields["objective"])
        self._network = cast(QComboBox, self.fields["network"])
        self._network_changed()
        for name in bundled_datasets():
            self._add_data(name, str(dataset_path(name)))
        self._add_data("sprites", str(SpritesName()))
        self.data.activated.connect(self._choose_data)
        self.pages.group.idClicked.connect(self._stack.setCurrentIndex)
        self._objective.currentIndexChanged.connect(self._objective_changed)
        self._network.currentIndexChanged.connect(self._network_changed)
        state.model.data_changed.connect(self._data_changed)
        state.run.resume_requested.connect(self._show_resumed)

    def _build(self) -> None:
        self.data.setMinimumContentsLength(12)
        self.data.setAccessibleName("data")
        first = QHBoxLayout(self._top)
        first.setContentsMargins(0, 0, 0, 0)
        first.addWidget(caption("data"))
        first.addWidget(self.data, 1)
        choices = (
            ("File …", "Choose a data file", self._choose_file),
            ("Folder …", "Choose a folder of images", self._choose_folder),
        )
        for text, tip, slot in choices:
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(slot)
            first.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._top)
        column.addWidget(self.pages, 0, Qt.AlignmentFlag.AlignLeft)
        for entries in PAGES.values():
            self._stack.addWidget(self._page(entries))
        self._add_seeds()
        self._stack.addWidget(self.live)
        column.addWidget(self._stack)
        column.addStretch(1)
        self.pages.set_choice(next(iter(PAGES)))
        self.setFixedWidth(430)

    def _add_seeds(self) -> None:
        """The optimizer's page says how often to train: it is no setting of one run."""
        self.seeds.setAccessibleName("seeds in a row")
        self.seeds.setToolTip("So many runs one after the other, each with the next seed")
        page = cast(QWidget, self._stack.widget(list(PAGES).index("optimizer")))
        grid, number = cast(QGridLayout, page.layout()), len(PAGES["optimizer"])
        grid.addWidget(caption("seeds in a row"), number // 2, 2 * (number % 2))
        grid.addWidget(self.seeds, number // 2, 2 * (number % 2) + 1)

    def set_running(self, running: bool) -> None:
        """Lock the settings while a run goes, and show its numbers when it begins."""
        self._top.setEnabled(not running)
        for number in range(len(PAGES)):
            cast(QWidget, self._stack.widget(number)).setEnabled(not running)
        if running and not self._running:
            self.pages.set_choice(LIVE)
            self._stack.setCurrentWidget(self.live)
        self._running = running

    def _page(self, entries: tuple[Entry, ...]) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for number, entry in enumerate(entries):
            field = entry.make()
            field.setToolTip(entry.tip)
            field.setAccessibleName(entry.label)
            self.fields[entry.setting] = field
            row, column = number // 2, 2 * (number % 2)
            grid.addWidget(caption(entry.label), row, column)
            grid.addWidget(field, row, column + 1)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column - 1, CAPTION_WIDTH)
        grid.setRowStretch(len(entries), 1)
        return page

    def _network_changed(self) -> None:
        self.fields["channels"].setEnabled(self._network.currentData() == "conv")

    def _objective_changed(self) -> None:
        """An importance-weighted bound needs several draws and has no KL term of its own to weigh."""
        weighted = self._objective.currentData() in WEIGHTED
        draws = cast(QSpinBox, self.fields["samples"])
        draws.setMinimum(2 if weighted else 1)
        if weighted and draws.value() == 2:
            draws.setValue(USUAL_WEIGHTED_DRAWS)
        for name, neutral in (("beta", 1.0), ("free_bits", 0.0)):
            field = cast(QDoubleSpinBox, self.fields[name])
            field.setEnabled(not weighted)
            if weighted:
                field.setValue(neutral)

    def settings(self) -> TrainSettings:
        """Return the settings as typed."""
        values = {name: value_of(field, name) for name, field in self.fields.items()}
        return TrainSettings(**values)  # type: ignore[arg-type]

    def _show_resumed(self, run: UnfinishedRun) -> None:
        """Show what the run that goes on was started with; its learning rate may have been lowered since."""
        for name, field in self.fields.items():
            show_value(field, run.learning_rate if name == "learning_rate" else getattr(run.settings, name))

    def data_path(self) -> str | None:
        """Return the data chosen, None while there is none."""
        path = self.data.currentData()
        return path if isinstance(path, str) else None

    def _data_changed(self) -> None:
        data = self.state.model.data
        if data is not None:
            if self.data.findData(data.info.path) < 0:
                self._add_data(data.info.name, data.info.path)
            self.data.setCurrentIndex(self.data.findData(data.info.path))

    def _add_data(self, name: str, path: str) -> None:
        self.data.addItem(name, path)
        self.data.setItemData(self.data.count() - 1, path, Qt.ItemDataRole.ToolTipRole)

    def _choose_data(self, row: int) -> None:
        self.state.model.open_data_requested.emit(self.data.itemData(row))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose data", str(Path.home()), DATA_FILES)
        if path:
            self.state.model.open_data_requested.emit(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder of images", str(Path.home()))
        if path:
            self.state.model.open_data_requested.emit(path)
