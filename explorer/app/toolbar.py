"""The toolbar: which model is open, and the actions people reach for most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QComboBox, QSizePolicy, QToolBar, QToolButton, QWidget

from explorer.views.common.pane import caption
from resources import bundled_models, model_path

if TYPE_CHECKING:
    from explorer.app.main_window import MainWindow


class ToolBar(QToolBar):
    """Model, open, train, undo, redo, sample, export, scheme."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__("Toolbar")
        self.setObjectName("Toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.state = window.state
        self.models = QComboBox()
        self.models.setMinimumWidth(190)
        self.models.setAccessibleName("Model")
        self.models.activated.connect(self._choose)
        actions = window.actions_of
        self.addWidget(caption(" Model  "))
        self.addWidget(self.models)
        self.addSeparator()
        for group in (
            (actions.open_model, actions.open_data), (actions.train,), (actions.undo, actions.redo),
            (actions.sample,), (actions.export,),
        ):  # fmt: skip
            self.addActions(group)
            self.addSeparator()
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.addAction(actions.scheme)
        for action in (actions.undo, actions.redo, actions.scheme):
            button = self.widgetForAction(action)
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.state.model.model_changed.connect(self._fill)
        self.state.model.recent_changed.connect(self._fill)
        self._fill()

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
        self.state.model.open_model_requested.emit(self.models.itemData(row))
