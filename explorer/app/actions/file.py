"""The File menu: open models, data and pictures, save models, quit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QWidget

from explorer.app.actions.base import Command, Entries, Key, MenuActions, kept_elsewhere
from explorer.app.files import ModelToSave, open_path, save_model, shown_model, unsaved_model
from explorer.state import AppState
from explorer.state.unsaved import UnsavedModel
from explorer.theme.theme import Theme
from explorer.views.common.question import discard_after_question
from explorer.views.common.saving import ask_target
from explorer.views.open_data.dialog import PreviewDialog
from models.core.formats import ALL_MODEL_FILES, DATA_FILES, MODEL_FILES, MODEL_SUFFIX, PICTURE_FILES
from models.core.sprite_names import ALL_SPRITES, USUAL_COUNT


class FileActions(MenuActions):
    """The actions of the menu; ``over`` is the widget its dialogs appear over."""

    def __init__(self, state: AppState, theme: Theme, over: QWidget, close: Callable[[], object]) -> None:
        super().__init__(theme, over)
        self._state, self._over = state, over
        add = self.add_action
        self.open_model = add(Command("Open &model …", self._open_model, "open", Key.Open))
        self.open_data = add(Command("Open &data …", self._open_data, "image", "Ctrl+Shift+O"))
        self.open_folder = add(Command("Open &folder of images …", self._open_folder))
        self.open_sprites = add(Command("Open s&prites …", self._open_sprites))
        self.open_picture = add(Command("Open pic&ture …", self._open_picture))
        self.recent = QMenu("Open &recent", over)
        self.save_model = add(Command("&Save model", self.save, "save", Key.Save))
        self.save_as = add(Command("S&ave model as …", self.ask_and_save, shortcut="Ctrl+Shift+S"))
        tip = "Move the trained model that is shown to the trash, with its run"
        self.discard = add(Command("D&iscard model …", self._discard, tip=tip))
        self.quit = add(Command("&Quit", close, shortcut=Key.Quit))
        state.model.recent_changed.connect(self._fill_recent)
        state.preview.shown.connect(self.preview)
        state.model.model_changed.connect(self._model_changed)
        state.unsaved.changed.connect(self._model_changed)
        self._fill_recent()
        self._model_changed()

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        opening = self.open_model, self.open_data, self.open_folder, self.open_sprites, self.open_picture, self.recent
        return *opening, None, self.save_model, self.save_as, self.discard, None, self.quit

    def _model_changed(self) -> None:
        model = self._state.model.model
        self.discard.setEnabled(self._unsaved is not None)
        reason = kept_elsewhere(model, "saved")
        for action in (self.save_model, self.save_as):
            self.allow(action, model is not None, reason)

    @property
    def _unsaved(self) -> UnsavedModel | None:
        """The unsaved model that is shown, None if it is another one."""
        model = self._state.model.model
        return None if model is None else self._state.unsaved.at(model.path)

    def _fill_recent(self) -> None:
        self.recent.clear()
        for path in self._state.model.recent:
            action = self.recent.addAction(path.replace("&", "&&"))
            action.setData(path)
            action.triggered.connect(self._open_recent)
        self.recent.setEnabled(bool(self._state.model.recent))

    # ------------------------------------------------------------------------------------------------- opening

    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            open_path(self._state, action.data())

    def _open_model(self) -> None:
        self._ask_file("Open model", ALL_MODEL_FILES)

    def _open_data(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._over, "Open data", str(Path.home()), DATA_FILES)
        if path.lower().endswith(MODEL_SUFFIX):
            open_path(self._state, path)
        elif path:
            self.preview(path)

    def _open_picture(self) -> None:
        self._ask_file("Open picture", PICTURE_FILES)

    def _ask_file(self, title: str, kinds: str) -> None:
        path, _ = QFileDialog.getOpenFileName(self._over, title, str(Path.home()), kinds)
        if path:
            open_path(self._state, path)

    def _open_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self._over, "Open folder of images", str(Path.home()))
        if path:
            self.preview(path)

    def preview(self, path: str) -> None:
        """Show the data at a path before they are used."""
        PreviewDialog(self._state, self._theme, str(Path(path).absolute()), self._over).open()

    def _open_sprites(self) -> None:
        """Ask for the name of generated data, which no dialog for files would take."""
        label = f"sprites:N or sprites:N:SEED, N of the {ALL_SPRITES:,} images:"
        name, chosen = QInputDialog.getText(self._over, "Open sprites", label, text=f"sprites:{USUAL_COUNT}")
        if chosen:
            open_path(self._state, name.strip())

    # -------------------------------------------------------------------------------------------------- saving

    def save(self) -> None:
        """Ask where to save the model that is shown, if it has not been saved yet."""
        model = self._state.model.model
        if model is None:
            return
        if self._state.unsaved.is_draft(model.path) or model.source:
            self.ask_and_save()
        else:
            self._state.notices.notice("info", f"{model.name} is already saved: {model.path}")

    def ask_and_save(self) -> None:
        """Ask where to save the model that is shown and save it there."""
        self._ask_and_save(shown_model(self._state))

    def save_all(self) -> bool:
        """Ask where to save each unsaved model; return False if one of them still is not."""
        return all(self._ask_and_save(unsaved_model(self._state, model)) for model in self._state.unsaved.models)

    def _discard(self) -> None:
        """Move the unsaved model that is shown to the trash, after a question if it was much work."""
        unsaved = self._unsaved
        if unsaved is not None:
            run, title = unsaved.run, unsaved.title
            discard_after_question(
                self._over, title, run.elapsed, partial(self._state.runs.discard, [run.folder], title)
            )

    def _ask_and_save(self, model: ModelToSave | None) -> bool:
        if model is None:
            return False
        title = f"Save {Path(model.file_name).stem} as"
        path = ask_target(self._over, title, model.file_name, MODEL_FILES, MODEL_SUFFIX)
        return path is not None and save_model(self._state, model, path)
