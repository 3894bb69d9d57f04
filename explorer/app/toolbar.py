"""The toolbar: which model and which data are open, and the actions people reach for most."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from explorer.app.actions.menus import Menus
from explorer.app.open_boxes import DataBox, ModelBox
from explorer.state import AppState
from explorer.views.common.pane import caption


class ToolBar(QToolBar):
    """Model, data, train, undo, redo, sample, export, scheme."""

    def __init__(self, state: AppState, menus: Menus) -> None:
        super().__init__("Toolbar")
        self.state = state
        self.setObjectName("Toolbar")
        self.setMovable(False)
        self.setIconSize(QSize(18, 18))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.models = ModelBox(state, menus.file.open_model)
        self.data = DataBox(state, menus.file.open_data)
        for title, box in (("Model", self.models), ("Data", self.data)):
            self.addWidget(caption(f" {title}  "))
            self.addWidget(box)
        self._add(menus)

    def _add(self, menus: Menus) -> None:
        edit, model, scheme = menus.edit, menus.model, menus.view.scheme
        history = (edit.undo, edit.redo)
        self.addSeparator()
        for group in ((model.train,), history, (edit.sample,)):
            self.addActions(group)
            self.addSeparator()
        self.addAction(model.export)
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
