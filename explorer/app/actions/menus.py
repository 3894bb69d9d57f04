"""Every command of the window as a QAction with its shortcut, in menus."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu, QMessageBox

from explorer import __version__
from explorer.app.files import open_path, save_curves, save_model
from explorer.state.latent import Source
from explorer.views.export_dialog import ExportDialog
from models.core.files import with_ending
from models.core.formats import DATA_FILES, MODEL_FILES, PICTURE_FILES
from models.core.sprite_names import ALL_SPRITES, USUAL_COUNT

if TYPE_CHECKING:
    from explorer.app.main_window import MainWindow

KERAS_FILES = "Keras models (*.keras)"
CURVE_FILES = "Tables (*.csv);;JSON (*.json)"
Key = QKeySequence.StandardKey


class Actions(QObject):
    """Makes the actions, fills the menu bar, and does what needs a dialog."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.state = window, window.state
        self._icons: dict[QAction, str] = {}
        self._make_files()
        self._make_commands()
        self._recent = QMenu("Open recent", window)
        self._fill_menus()
        self._connect()

    def _make_files(self) -> None:
        make = self._make
        self.open_model = make("Open model …", "open", self._open_model, Key.Open)
        self.open_data = make("Open data …", "image", self._open_data, "Ctrl+Shift+O")
        self.open_folder = make("Open folder of images …", "", self._open_folder)
        self.open_sprites = make("Open sprites …", "", self._open_sprites)
        self.open_picture = make("Open picture …", "", self._open_picture)
        self.save_model = make("Save model", "save", self.save, Key.Save)
        self.save_as = make("Save model as …", "", self.ask_and_save, "Ctrl+Shift+S")
        self.export = make("Export samples …", "export", self._export, "Ctrl+E")
        self.export_keras = make("Export for Keras …", "", self._export_keras)
        self.export_curves = make("Export training curves …", "", self._export_curves)
        self.quit = make("Quit", "", self.window.close, Key.Quit)

    def _make_commands(self) -> None:
        state, view, make = self.state, self.window.dimensions, self._make
        self.copy_picture = make("Copy decoded picture", "", self._copy_picture, "Ctrl+Shift+C")
        self.undo = state.undo.group.createUndoAction(self, "Undo")
        self.redo = state.undo.group.createRedoAction(self, "Redo")
        self.undo.setShortcuts(QKeySequence.keyBindings(Key.Undo))
        # Not twice: Qt finds a key that an action has two times ambiguous, and does nothing.
        redo = [key for key in QKeySequence.keyBindings(Key.Redo) if key != QKeySequence("Ctrl+Y")]
        self.redo.setShortcuts([*redo, QKeySequence("Ctrl+Y")])
        self._icons |= {self.undo: "undo", self.redo: "redo"}
        self.add_point = make("Add point", "plus", state.latent.add_point, "Ctrl+D")
        self.remove_point = make("Remove point", "", state.latent.remove_point, "Ctrl+Backspace")
        self.sample = make("Sample", "dice", self._sample, "Ctrl+Shift+R")
        self.sample.setToolTip("Move the current point to a sample of the prior, from the next seed (Ctrl+Shift+R)")
        self.randomize = make("Randomize unlocked dimensions", "", view.draw, "Ctrl+R")
        self.reset = make("Reset to μ", "reset", view.reset_all, "Ctrl+0")
        self.train = make("Train …", "train", self._show_training, "Ctrl+T")
        self.scheme = make("Dark or light", "theme", self.window.theme.toggle, "Ctrl+Shift+L")
        self.layout_reset = make("Reset layout", "", self.window.reset_layout)
        self.about = make("About", "", self._about)

    def _connect(self) -> None:
        self.window.theme.changed.connect(self._restyle)
        self.state.model.recent_changed.connect(self._fill_recent)
        self.state.model.model_changed.connect(self._model_changed)
        self.state.run.curves_changed.connect(self._curves_changed)
        self._restyle()
        self._fill_recent()
        self._model_changed()
        self._curves_changed()

    def _make(self, text: str, icon: str, slot: Callable[..., object], shortcut: Key | str | None = None) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(slot)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
        if icon:
            self._icons[action] = icon
        tip = text.removesuffix(" …")
        keys = action.shortcut().toString()
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        return action

    def _fill_menus(self) -> None:
        bar = self.window.menuBar()
        menus: dict[str, list[QAction | QMenu | None]] = {
            "File": [
                self.open_model, self.open_data, self.open_folder, self.open_sprites, self.open_picture,
                self._recent, None, self.save_model, self.save_as, None, self.quit,
            ],
            "Edit": [
                self.undo, self.redo, None, self.add_point, self.remove_point, None, self.sample, self.randomize,
                self.reset, None, self.copy_picture,
            ],
            "Model": [self.train, None, self.export, self.export_keras, self.export_curves],
            "View": [
                *(dock.toggleViewAction() for dock in self.window.docks.values()), None,
                self.layout_reset, self.scheme,
            ],
            "Help": [self.about],
        }  # fmt: skip
        for title, entries in menus.items():
            menu = bar.addMenu(title)
            menu.setToolTipsVisible(True)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                elif isinstance(entry, QMenu):
                    menu.addMenu(entry)
                else:
                    menu.addAction(entry)

    def _restyle(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(self.window.theme.icon(name))

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in self.state.model.recent:
            action = self._recent.addAction(path)
            action.setData(path)
            action.triggered.connect(self._open_recent)
        self._recent.setEnabled(bool(self.state.model.recent))

    def _model_changed(self) -> None:
        known = self.state.model.model is not None
        for action in (
            self.save_model, self.save_as, self.export, self.export_keras, self.sample, self.randomize,
            self.copy_picture,
        ):  # fmt: skip
            action.setEnabled(known)

    def _curves_changed(self) -> None:
        self.export_curves.setEnabled(bool(self.state.run.records))

    # ---------------------------------------------------------------------------------------------------- files

    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            open_path(self.state, action.data())

    def _open_model(self) -> None:
        self._ask_file("Open model", MODEL_FILES)

    def _open_data(self) -> None:
        self._ask_file("Open data", DATA_FILES)

    def _open_picture(self) -> None:
        self._ask_file("Open picture", PICTURE_FILES)

    def _ask_file(self, title: str, kinds: str) -> None:
        path, _ = QFileDialog.getOpenFileName(self.window, title, str(Path.home()), kinds)
        if path:
            open_path(self.state, path)

    def _open_sprites(self) -> None:
        """Ask for the name of generated data, which no dialog for files would take."""
        label = f"sprites:N or sprites:N:SEED, N of the {ALL_SPRITES:,} images:"
        name, chosen = QInputDialog.getText(self.window, "Open sprites", label, text=f"sprites:{USUAL_COUNT}")
        if chosen:
            open_path(self.state, name.strip())

    def _open_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self.window, "Open folder of images", str(Path.home()))
        if path:
            open_path(self.state, path)

    def save(self) -> bool:
        """Ask where to save the trained model, if it is not saved yet; False if it still is not."""
        model, run = self.state.model.model, self.state.run
        if run.unsaved is None:
            if model is not None:
                self.state.workers.notice("info", f"{model.name} is saved already: {model.path}")
            return True
        return self._ask_and_save(run.unsaved, run.name)

    def ask_and_save(self) -> bool:
        """Ask where to save the open model and save it there; False if nothing was saved."""
        model = self.state.model.model
        return model is not None and self._ask_and_save(model.path, model.name)

    def _ask_and_save(self, source: str, name: str) -> bool:
        path = self._ask_target("Save model as", f"{name}.safetensors", MODEL_FILES)
        return path is not None and save_model(self.state, source, path)

    def _export_keras(self) -> None:
        model = self.state.model.model
        if model is not None and (path := self._ask_target("Export for Keras", f"{model.name}.keras", KERAS_FILES)):
            self.state.export.keras_requested.emit(model.path, with_ending(path, ".keras"))

    def _export_curves(self) -> None:
        if path := self._ask_target("Export training curves", f"{self.state.run.name}.csv", CURVE_FILES):
            save_curves(self.state, path)

    def _ask_target(self, title: str, name: str, kinds: str) -> Path | None:
        path, _ = QFileDialog.getSaveFileName(self.window, title, str(Path.home() / name), kinds)
        return Path(path) if path else None

    # ------------------------------------------------------------------------------------------------- commands

    def _sample(self) -> None:
        state = self.state
        state.display.set_seed(state.display.seed + 1)
        dims, seed = state.latent.latent_dim, state.display.seed
        noise = state.display.prior_noise(dims, state.model.prior_family)
        state.latency.input()
        with state.latent.step("Sample from the prior"):
            source = Source("prior", f"sample of the prior, seed {seed}")
            state.latent.set_posterior(0.0 * noise, 0.0 * noise + 1.0, source, noise)

    def _show_training(self) -> None:
        self.window.show_pane("Training")

    def _export(self) -> None:
        ExportDialog(self.state, self.window.theme, self.window).open()

    def _copy_picture(self) -> None:
        image = self.window.decoded.large.image
        if image is not None:
            QGuiApplication.clipboard().setImage(image)
            self.state.workers.notice("info", "The decoded picture is on the clipboard.")

    def _about(self) -> None:
        box = QMessageBox(self.window)
        box.setWindowTitle("About Latentscape")
        box.setText(f"<b>Latentscape {__version__}</b><br>See, drag and decode the latent space of a VAE.")
        box.setInformativeText(self.diagnostics())
        copy = box.addButton("Copy diagnostics", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        box.exec()
        if box.clickedButton() is copy:
            QGuiApplication.clipboard().setText(self.diagnostics())

    def diagnostics(self) -> str:
        """Return versions and figures worth putting into a report."""
        import pyqtgraph
        import PySide6

        hello = self.state.workers.hello.get("decoder")
        figures = self.state.latency.quantiles()
        lines = [
            f"Latentscape {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"PySide6 {PySide6.__version__}, pyqtgraph {pyqtgraph.__version__}",
            "TensorFlow: engine not ready" if hello is None else f"TensorFlow {hello.tensorflow} on {hello.device}",
            f"Qt platform {QGuiApplication.platformName()}",
        ]
        if figures is not None:
            lines.append(f"drag→pixels p50 {figures[0]:.1f} ms, p99 {figures[1]:.1f} ms")
        return "\n".join(lines)
