"""Ask about other people's models when they are opened, and save them as files of Latentscape."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from explorer.app.files import save_model, shown_model
from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.saving import ask_target
from explorer.views.importing.dialog import ImportDialog
from models.core.formats import MODEL_FILES, MODEL_SUFFIX


class ImportDialogs(QObject):
    """Opens the dialog over a window whenever the state asks, one at a time."""

    def __init__(self, state: AppState, theme: Theme, over: QWidget) -> None:
        super().__init__(over)
        self._state, self._theme, self._over = state, theme, over
        state.importing.asked.connect(self._ask)
        state.model.model_changed.connect(self._save_opened)

    def _ask(self) -> None:
        for shown in self._over.findChildren(ImportDialog):
            if shown.isVisible():
                shown.show_found()
                return
        dialog = ImportDialog(self._state, self._theme, self._over)
        dialog.saving.connect(self._ask_target)
        dialog.open()

    def _ask_target(self) -> None:
        dialog, found = self.sender(), self._state.importing.found
        if not isinstance(dialog, ImportDialog) or found is None:
            return
        name = f"{Path(found.path).stem}{MODEL_SUFFIX}"
        if path := ask_target(dialog, "Save as a model of Latentscape", name, MODEL_FILES, MODEL_SUFFIX):
            dialog.accept_and_save(path)

    def _save_opened(self) -> None:
        """Save the model that has just been opened, if that was asked for with its opening."""
        opened = self._state.model.model
        path = None if opened is None else self._state.importing.take_saving(opened.origin)
        model = None if path is None else shown_model(self._state)
        if path is not None and model is not None:
            save_model(self._state, model, path)
