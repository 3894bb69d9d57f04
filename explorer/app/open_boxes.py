"""The boxes of the toolbar that say which model and which data are open, and offer the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSizePolicy

from explorer.state import AppState
from explorer.state.unsaved import DOT, model_title
from explorer.views.common.choices import Choice
from models.core.sprite_names import SpritesName
from resources import bundled_datasets, bundled_models, dataset_path, model_path

# Stands for the newest model of the run under way, whose file changes with every checkpoint.
IN_TRAINING = ""
DIALOG = "dialog"
SCROLL_BAR = 14
# With these the whole toolbar has room in the smallest window.
MODEL_WIDTH, DATA_WIDTH, MOST_WIDER = 176, 142, 1.5


class OpenBox(Choice):
    """What can be opened, by path, and last of all the dialog for more."""

    def __init__(self, state: AppState, name: str, width: int, dialog: QAction) -> None:
        super().__init__()
        self.state, self._dialog = state, dialog
        self.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(width)
        self.setMaximumWidth(round(MOST_WIDER * width))
        self.setAccessibleName(name)
        self.activated.connect(self._choose)

    def entries(self) -> dict[str, str]:
        """Return the names of what can be opened by path."""
        raise NotImplementedError

    def open_key(self) -> str | None:
        """Return the path of what is open, None if nothing is."""
        raise NotImplementedError

    def open_path(self, path: str) -> None:
        """Ask for what was chosen."""
        raise NotImplementedError

    def fill(self) -> None:
        """Show what there is now; the list is left alone while it is the same."""
        entries = self.entries()
        if entries != self._shown():
            self._replace(entries)
        key = self.open_key()
        self.setCurrentIndex(-1 if key is None else self.findData(key))

    def _shown(self) -> dict[str, str]:
        rows = {self.itemData(row): self.itemText(row) for row in range(self.count())}
        return {path: name for path, name in rows.items() if path not in (None, DIALOG)}

    def _replace(self, entries: Mapping[str, str]) -> None:
        self.clear()
        for path, name in entries.items():
            self.addItem(name, path)
            tip = f"Not saved yet. {path}".strip() if name.startswith(DOT) else path
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.insertSeparator(self.count())
        self.addItem(self._dialog.text().replace("&", ""), DIALOG)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + SCROLL_BAR)

    def _choose(self, row: int) -> None:
        path = self.itemData(row)
        if path == DIALOG:
            self.fill()
            self._dialog.trigger()
        elif path is not None:
            self.open_path(path)


class ModelBox(OpenBox):
    """Bundled and recent models, and below them, with a dot, those of runs that nobody has saved yet."""

    def __init__(self, state: AppState, dialog: QAction) -> None:
        super().__init__(state, "Model", MODEL_WIDTH, dialog)
        for signal in (
            state.model.model_changed, state.model.recent_changed, state.unsaved.changed, state.run.status_changed,
        ):  # fmt: skip
            signal.connect(self.fill)
        self.fill()

    def entries(self) -> dict[str, str]:
        """Return the names of the models by path."""
        model, unsaved = self.state.model.model, self.state.unsaved
        entries = {str(model_path(name)): name for name in bundled_models()}
        entries |= {path: Path(path).stem for path in self.state.model.recent}
        if self.state.model.live is not None:
            entries[self.state.model.live.path] = self.state.model.live.name
        entries |= {trained.path: f"{DOT} {trained.title}" for trained in unsaved.models}
        if self.state.run.active and self.state.review.newest is not None:
            entries[IN_TRAINING] = f"{DOT} {self.state.run.name}, in training"
        key = self.open_key()
        if model is not None and key is not None and key not in entries:
            draft = unsaved.is_draft(model.path)
            entries[key] = f"{DOT} {model_title(model.name, model.epoch)}" if draft else model.name
        return entries

    def open_key(self) -> str | None:
        """Return the path of the open model, of the run under way the word for its newest."""
        model = self.state.model.model
        if model is None:
            return None
        return IN_TRAINING if self.state.run.active and model.path == self.state.review.newest else model.origin

    def open_path(self, path: str) -> None:
        """Ask for a model."""
        if path == IN_TRAINING:
            self.state.review.show(None)
        else:
            self.state.model.request_model(path)


class DataBox(OpenBox):
    """Bundled and recent data; those of the open model are marked."""

    def __init__(self, state: AppState, dialog: QAction) -> None:
        super().__init__(state, "Data", DATA_WIDTH, dialog)
        for signal in (state.model.model_changed, state.model.data_changed, state.catalogue.changed):
            signal.connect(self.fill)
        self.fill()

    def entries(self) -> dict[str, str]:
        """Return the names of the data by path."""
        model, data, catalogue = self.state.model.model, self.state.model.data, self.state.catalogue
        entries = {str(dataset_path(name)): name for name in bundled_datasets()}
        entries[str(SpritesName())] = str(SpritesName())
        for known in catalogue.recent:
            entries.setdefault(known.path, known.name)
        if data is not None:
            entries.setdefault(data.info.path, data.info.name)
        own = None if model is None else catalogue.data_of(model)
        if own in entries and own != self.open_key():
            entries[own] += "  (of this model)"
        return entries

    def open_key(self) -> str | None:
        """Return the path of the open data."""
        return None if self.state.model.data is None else self.state.model.data.info.path

    def open_path(self, path: str) -> None:
        """Ask for data."""
        self.state.model.request_data(path)
