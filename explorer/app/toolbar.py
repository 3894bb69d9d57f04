"""The toolbar: which model is open, and the actions people reach for most."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from explorer.app.actions.menus import Menus
from explorer.state import AppState
from explorer.views.common.choices import Choice
from explorer.views.common.pane import caption
from resources import bundled_models, model_path


class ToolBar(QToolBar):
    """Model, open, train, undo, redo, sample, export, scheme."""

    def __init__(self, state: AppState, menus: Menus) -> None:
        super().__init__("Toolbar")
        self.state = state
        self.setObjectName("Toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.models = Choice()
        self.models.setMinimumWidth(190)
        self.models.setAccessibleName("Model")
        self.models.activated.connect(self._choose)
        self.addWidget(caption(" Model  "))
        self.addWidget(self.models)
        self._add(menus)
        state.model.model_changed.connect(self._fill)
        state.model.recent_changed.connect(self._fill)
        self._fill()

    def _add(self, menus: Menus) -> None:
        file, edit, model, scheme = menus.file, menus.edit, menus.model, menus.view.scheme
        opening, history = (file.open_model, file.open_data), (edit.undo, edit.redo)
        self.addSeparator()
        for group in (opening, (model.train,), history, (edit.sample,), (model.export,)):
            self.addActions(group)
            self.addSeparator()
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.addAction(scheme)
        for stop in self.findChildren(QToolButton):
            stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for action in (*history, scheme):
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def _fill(self) -> None:
        model, state = self.state.model.model, self.state.model
        entries = {str(model_path(name)): name for name in bundled_models()}
        entries |= {path: Path(path).stem for path in state.recent if path.endswith(".safetensors")}
        if model is not None and model.path not in entries:
            entries = {**entries, model.path: model.name}
        if list(entries) != [self.models.itemData(row) for row in range(self.models.count())]:
            self.models.clear()
            for path, name in entries.items():
                self.models.addItem(name, path)
                self.models.setItemData(self.models.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.models.setCurrentIndex(self.models.findData(model.path) if model is not None else -1)

    def _choose(self, row: int) -> None:
        self.state.model.request_model(self.models.itemData(row))
