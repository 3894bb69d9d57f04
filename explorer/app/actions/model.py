"""The Model menu: train, train further, look after runs; export samples, models for Keras and training curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QInputDialog, QWidget

from explorer.app.actions.base import Command, Entries, MenuActions, kept_elsewhere
from explorer.app.files import save_curves, save_model, shown_model, stored_model
from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.saving import ask_target, may_replace
from explorer.views.export_dialog import ExportDialog
from explorer.views.runs.dialog import RunsDialog
from models.core.files import keras_files
from models.core.formats import MODEL_FILES, MODEL_SUFFIX
from models.core.history import SUFFIXES, EpochRecord, PastRun, StoredRun
from models.core.setting_table import MOST_EPOCHS
from models.core.settings import TrainSettings

KERAS_FILES = "Keras models (*.keras)"
# Of a model from elsewhere, unless the person has set others.
OF_THE_MODEL = ("likelihood", "posterior", "prior")
CURVE_FILES = "Tables (*.csv);;JSON (*.json)"


class ModelActions(MenuActions):
    """The actions of the menu; ``over`` is the widget its dialogs appear over."""

    def __init__(self, state: AppState, theme: Theme, over: QWidget, show_training: Callable[[], None]) -> None:
        super().__init__(theme, over)
        self._state, self._over, self._show_training = state, over, show_training
        add = self.add_action
        self.train = add(Command("&Train …", show_training, "train", "Ctrl+T"))
        self.train_further = add(Command("Train &further …", self._train_further))
        tip = "Open, resume, compare, export and discard trainings; the trash"
        self.runs = add(Command("&Runs …", self._manage_runs, shortcut="Ctrl+Shift+T", tip=tip))
        tip = "The dialog about a model of other people: its layers, pictures, and every guess to be changed"
        self.understood = add(Command("What was &understood …", self._review, tip=tip))
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
        training = self.train, self.train_further, self.runs
        return *training, None, self.understood, None, self.export, self.export_keras, self.export_curves

    def _model_changed(self) -> None:
        model = self._state.model.model
        self.understood.setEnabled(model is not None and model.source != "")
        self.export.setEnabled(model is not None)
        reason = kept_elsewhere(model, "exported")
        self.allow(self.export_keras, model is not None, reason)

    def _curves_changed(self) -> None:
        self.export_curves.setEnabled(bool(self._state.run.records))

    def _run_changed(self) -> None:
        self.train_further.setEnabled(self._state.further.possible and not self._state.run.active)

    def _train_further(self) -> None:
        """Ask for how many more epochs the run of the open model shall go on."""
        run = self._state.further.run
        if run is None:
            self._train_imported()
            return
        if run.epoch >= MOST_EPOCHS:
            return
        text = f"{run.name} has been trained for {run.epoch} epochs. Epochs to add:"
        most = MOST_EPOCHS - run.epoch
        more, chosen = QInputDialog.getInt(self._over, "Train further", text, min(run.epoch, most), 1, most)
        if chosen:
            self._state.run.train_further(run, run.epoch + more)
            self._show_training()

    def _train_imported(self) -> None:
        """Ask for how many epochs a model from elsewhere shall be trained on the open data."""
        model, data, plan = self._state.further.start, self._state.model.data, self._state.plan
        if model is None or data is None:
            return
        settings = replace(TrainSettings(), **plan.values())  # type: ignore[arg-type]
        text = f"{model.name} is trained on {data.info.name} with the settings of the Training pane. Epochs:"
        epochs, chosen = QInputDialog.getInt(self._over, "Train further", text, settings.epochs, 1, MOST_EPOCHS)
        if chosen:
            own = {name: getattr(model.settings, name) for name in OF_THE_MODEL if name not in plan.chosen}
            kept = {name: getattr(model.settings, name) for name in ("latent_dim", "hidden", "network")}
            self._state.run.start_with(model, data.info.path, replace(settings, epochs=epochs, **{**own, **kept}))
            self._show_training()

    def _review(self) -> None:
        model = self._state.model.model
        if model is not None:
            self._state.importing.review(model.source)

    def _export(self) -> None:
        ExportDialog(self._state, self._theme, self._over).open()

    def _export_keras(self) -> None:
        model = self._state.model.model
        # It is read from its file: another one there by now would not be the model that is shown.
        if model is not None and shown_model(self._state) is not None:
            self._ask_and_export_keras(model.path, model.name)

    def _ask_and_export_keras(self, model_path: str, name: str) -> None:
        title = "Export for Keras"
        path = ask_target(self._over, title, f"{name}.keras", KERAS_FILES, ".keras")
        if path is not None and may_replace(self._over, title, *_beside(path)):
            self._state.export.export_keras(model_path, path)

    def _export_curves(self) -> None:
        run = self._state.run
        self._ask_and_save_curves(run.name, run.records)

    def _ask_and_save_curves(self, name: str, records: Sequence[EpochRecord]) -> None:
        if path := ask_target(self._over, "Export training curves", f"{name}.csv", CURVE_FILES, *SUFFIXES):
            save_curves(self._state, path, records)

    # ----------------------------------------------------------------------------------------------------- runs

    def _manage_runs(self) -> None:
        for shown in self._over.findChildren(RunsDialog):
            if shown.isVisible():
                shown.activateWindow()
                return
        dialog = RunsDialog(self._state, self._over)
        dialog.shown_in_training.connect(self._show_training)
        dialog.model_wanted.connect(self._export_model_of)
        dialog.keras_wanted.connect(self._export_keras_of)
        dialog.curves_wanted.connect(self._export_curves_of)
        dialog.show()

    def _export_model_of(self, run: StoredRun) -> None:
        model = stored_model(self._state, run)
        if model is None:
            return
        if path := ask_target(self._over, "Export model", model.file_name, MODEL_FILES, MODEL_SUFFIX):
            save_model(self._state, model, path)

    def _export_keras_of(self, run: StoredRun) -> None:
        self._ask_and_export_keras(run.model, run.name)

    def _export_curves_of(self, run: PastRun) -> None:
        self._ask_and_save_curves(run.name, run.records)


def _beside(path: Path) -> list[Path]:
    """Return the files that an export for Keras writes besides the one that was asked for."""
    return [file for file in keras_files(path).values() if file != path]
