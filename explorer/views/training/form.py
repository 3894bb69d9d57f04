"""The data and the settings of a training run, with the defaults of the project's own architecture."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast, get_args

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.state import AppState
from explorer.views.common.choices import Choice
from explorer.views.common.number_box import WholeBox
from explorer.views.common.pane import Segments, caption
from explorer.views.training.fields import Field, edited, make_field, refusal_of, show_value, value_of
from explorer.views.training.live import LiveSettings
from models.core.formats import DATA_FILES
from models.core.history import UnfinishedRun
from models.core.setting_checks import check_settings
from models.core.setting_table import SETTINGS, Page, Setting
from models.core.settings import IMPORTANCE_WEIGHTED, TrainSettings
from models.core.sprite_names import SpritesName
from resources import bundled_datasets, dataset_path

USUAL_WEIGHTED_SAMPLES = 5
MOST_SEEDS = 20
CAPTION_WIDTH = 84
LIVE = "live"
USE_IT = "Use the proposal"
BY_KEYS = Qt.TextInteractionFlag.LinksAccessibleByKeyboard
PAGES = {page: [row for row in SETTINGS.values() if row.page == page] for page in get_args(Page)}


class TrainingForm(QWidget):
    """The data on top, below it one page of settings at a time."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.data = Choice()
        self.pages = Segments("Settings of", {page: page for page in (*PAGES, LIVE)}, {})
        self.fields: dict[str, Field] = {}
        self.seeds, self.live, self.note = WholeBox(1, MOST_SEEDS, live=False), LiveSettings(state), QLabel()
        self._stack, self._top = QStackedWidget(), QWidget()
        self.why = caption()
        self._held: dict[str, object] = {}
        self._running = self._writing = False
        self._build()
        for name in bundled_datasets():
            self._add_data(name, str(dataset_path(name)))
        self._add_data("sprites", str(SpritesName()))
        self._connect()
        self._settle()

    def _connect(self) -> None:
        self.data.activated.connect(self._choose_data)
        self.pages.group.idClicked.connect(self._stack.setCurrentIndex)
        for name, field in self.fields.items():
            edited(field).connect(partial(self._edited, name))
        self.seeds.valueChanged.connect(self._settle)
        self.why.linkActivated.connect(self._accept)
        self.state.plan.changed.connect(self._show_plan)
        self.state.run.curves_changed.connect(self._mark_trouble)
        self.state.model.data_changed.connect(self._data_changed)
        self.state.run.resume_requested.connect(self._show_resumed)
        self.state.run.further_requested.connect(self._show_resumed)

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
        for rows in PAGES.values():
            self._stack.addWidget(self._page(rows))
        self._add_seeds()
        self._stack.addWidget(self.live)
        column.addWidget(self._stack)
        column.addStretch(1)
        self.why.setWordWrap(True)
        self.why.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse | BY_KEYS)
        column.addWidget(self.why)
        self.note.setObjectName("trouble")
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        self.pages.set_choice(next(iter(PAGES)))
        self.setFixedWidth(430)

    def _add_seeds(self) -> None:
        """Add the number of runs to the optimizer's page: it is no setting of one run."""
        self.seeds.setAccessibleName("seeds in a row")
        self.seeds.setToolTip("Number of runs, one after the other, each with the next seed")
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

    def _mark_trouble(self) -> None:
        """Mark the page of the numbers of the run while it holds a warning."""
        self.pages.group.button(len(PAGES)).setText(f"{LIVE} ⚠" if self.live.trouble.text() else LIVE)

    def _page(self, rows: list[Setting]) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for number, setting in enumerate(rows):
            self.fields[setting.name] = field = make_field(setting)
            row, column = number // 2, 2 * (number % 2)
            grid.addWidget(caption(setting.label), row, column)
            grid.addWidget(field, row, column + 1)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column - 1, CAPTION_WIDTH)
        grid.setRowStretch(len(rows), 1)
        return page

    def settings(self) -> TrainSettings:
        """Return the settings that the next run would have."""
        values = {name: value_of(field) for name, field in self.fields.items()}
        return TrainSettings(**(values | self._held))  # type: ignore[arg-type]

    def trouble(self) -> str:
        """Say why no run can be started with the settings; nothing if one can."""
        fields = {SETTINGS[name].label: field for name, field in self.fields.items()} | {"seeds in a row": self.seeds}
        for label, field in fields.items():
            if refusal := refusal_of(field):
                return f"{label}: {refusal}".rstrip(".")
        try:
            settings = check_settings(self.settings())
            check_settings(replace(settings, seed=settings.seed + self.seeds.value() - 1))
        except ValueError as error:
            return str(error)
        return ""

    def show_settings(self, settings: TrainSettings) -> None:
        """Show the settings of a run; what a field cannot hold is kept for the next run, and the form says so."""
        self._held = {
            name: getattr(settings, name)
            for name, field in self.fields.items()
            if not show_value(field, getattr(settings, name))
        }
        self._settle()

    def _show_resumed(self, run: UnfinishedRun) -> None:
        """Show what the run that goes on was started with; its learning rate may have been lowered since."""
        settings = replace(run.settings, learning_rate=run.learning_rate)
        self.show_settings(settings)
        self.state.plan.choose(vars(settings))

    def _show_plan(self) -> None:
        """Show what is proposed for the data, and over it what was set by hand; a run under way stays as it is."""
        if not self._running and not self._writing:
            self.show_settings(replace(self.settings(), **self.state.plan.values()))  # type: ignore[arg-type]

    def _edited(self, name: str, *_: object) -> None:
        """Take over what was changed by hand: an importance-weighted bound needs several samples."""
        self._held.pop(name, None)
        settings = self.settings()
        if name == "objective" and settings.objective in IMPORTANCE_WEIGHTED and settings.samples == 1:
            show_value(self.fields["samples"], USUAL_WEIGHTED_SAMPLES)
        for row in SETTINGS.values():
            if row.condition is not None and row.condition.reason and not row.applies(settings):
                self._held.pop(row.name, None)
                show_value(self.fields[row.name], row.default)
        now = vars(self.settings())
        self._writing = True
        self.state.plan.choose({key: now[key] for key in now if key == name or now[key] != getattr(settings, key)})
        self._writing = False
        self._settle()

    def _settle(self) -> None:
        """Enable the fields that have an effect, and say what no field can show and what cannot be trained."""
        settings = self.settings()
        for name, field in self.fields.items():
            field.setEnabled(SETTINGS[name].applies(settings))
        held = [
            f"This form cannot show the run's {SETTINGS[name].label}, {SETTINGS[name].text(value)}; it stays as it is "
            "until you change it."
            for name, value in self._held.items()
        ]
        self._show_proposal(settings)
        trouble = self.trouble()
        self.note.setText(" ".join([*held, f"No run can start: {trouble}." if trouble else ""]))
        self.note.setVisible(bool(self.note.text()))

    def _show_proposal(self, settings: TrainSettings) -> None:
        """Say what is proposed for the data and why, with a link to it where the settings are others."""
        proposal = self.state.plan.proposal
        if proposal is not None:
            other = proposal.applied_to(settings) != settings
            self.why.setText(f"{proposal.reason} <a href='#'>{USE_IT}</a>" if other else proposal.reason)

    def _accept(self, _link: str) -> None:
        self.state.plan.accept()

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
        self.state.model.request_data(self.data.itemData(row))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose data", str(Path.home()), DATA_FILES)
        if path:
            self.state.preview.show(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder of images", str(Path.home()))
        if path:
            self.state.preview.show(path)
