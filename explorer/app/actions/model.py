"""The Model menu: train, train further, and export samples, models for Keras and training curves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QInputDialog, QWidget

from explorer.app.actions.base import Command, Entries, MenuActions
from explorer.app.files import save_curves
from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.saving import ask_target
from explorer.views.export_dialog import ExportDialog
from models.core.files import with_ending
from models.core.setting_table import MOST_EPOCHS

KERAS_FILES = "Keras models (*.keras)"
CURVE_FILES = "Tables (*.csv);;JSON (*.json)"


class ModelActions(MenuActions):
    """The actions of the menu; ``over`` is the widget its dialogs appear over."""

    def __init__(self, state: AppState, theme: Theme, over: QWidget, show_training: Callable[[], None]) -> None:
        super().__init__(theme, over)
        self._state, self._over, self._show_training = state, over, show_training
        add = self.add_action
        self.train = add(Command("&Train …", show_training, "train", "Ctrl+T"))
        self.train_further = add(Command("Train &further …", self._train_further))
        self.export = add(Command("&Export samples …", self._export, "export", "Ctrl+E"))
        self.export_keras = add(Command("Export for &Keras …", self._export_keras))
        self.export_curves = add(Command("Export training &curves …", self._export_curves))
        state.model.model_changed.connect(self._model_changed)
        state.run.curves_changed.connect(self._curves_changed)
        state.run.status_changed.connect(self._run_changed)
        state.further.changed.connect(self._run_changed)
        self._model_changed()
        self._curves_changed()
        self._run_changed()

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        return self.train, self.train_further, None, self.export, self.export_keras, self.export_curves

    def _model_changed(self) -> None:
        known = self._state.model.model is not None
        self.export.setEnabled(known)
        self.export_keras.setEnabled(known)

    def _curves_changed(self) -> None:
        self.export_curves.setEnabled(bool(self._state.run.records))

    def _run_changed(self) -> None:
        self.train_further.setEnabled(self._state.further.run is not None and not self._state.run.active)

    def _train_further(self) -> None:
        """Ask for how many more epochs the run of the open model shall go on."""
        run = self._state.further.run
        if run is None or run.epoch >= MOST_EPOCHS:
            return
        text = f"{run.name} has been trained for {run.epoch} epochs. Epochs to add:"
        most = MOST_EPOCHS - run.epoch
        more, chosen = QInputDialog.getInt(self._over, "Train further", text, min(run.epoch, most), 1, most)
        if chosen:
            self._state.run.train_further(run, run.epoch + more)
            self._show_training()

    def _export(self) -> None:
        ExportDialog(self._state, self._theme, self._over).open()

    def _export_keras(self) -> None:
        model = self._state.model.model
        if model is None:
            return
        if path := ask_target(self._over, "Export for Keras", f"{model.name}.keras", KERAS_FILES):
            self._state.export.export_keras(model.path, with_ending(path, ".keras"))

    def _export_curves(self) -> None:
        if path := ask_target(self._over, "Export training curves", f"{self._state.run.name}.csv", CURVE_FILES):
            save_curves(self._state, path)
