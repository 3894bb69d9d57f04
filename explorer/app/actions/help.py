"""The Help menu: which version this is, and figures worth putting into a report."""

from __future__ import annotations

import platform
from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWhatsThis, QWidget

from explorer import __version__
from explorer.app.actions.base import Command, Entries, MenuActions
from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.pane import focused


class HelpActions(MenuActions):
    """The actions of the menu; ``over`` is the widget its dialogs appear over."""

    def __init__(self, state: AppState, theme: Theme, over: QWidget, show_keys: Callable[[], None]) -> None:
        super().__init__(theme, over)
        self._state, self._over = state, over
        self._show_keys = show_keys
        self.here = self.add_action(Command("&Help on this pane", self._help_here, shortcut="F1"))
        self.keys = self.add_action(Command("&Keys and mouse", show_keys, shortcut="Ctrl+/"))
        self.about = self.add_action(Command("&About", self._about))

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        return self.here, self.keys, None, self.about

    def _help_here(self) -> None:
        """Explain what has the keys, or the pane it lies in; where nothing is explained, list the keys."""
        widget = focused(self._over)
        while widget is not None and not widget.whatsThis():
            widget = widget.parentWidget()
        if widget is None:
            self._show_keys()
        else:
            QWhatsThis.showText(widget.mapToGlobal(widget.rect().center()), widget.whatsThis(), widget)

    def _about(self) -> None:
        box = QMessageBox(self._over)
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

        hello = self._state.workers.hello.get("decoder")
        figures = self._state.latency.quantiles()
        lines = [
            f"Latentscape {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"PySide6 {PySide6.__version__}, pyqtgraph {pyqtgraph.__version__}",
            "TensorFlow: decoder not ready" if hello is None else f"TensorFlow {hello.tensorflow} on {hello.device}",
            f"Qt platform {QGuiApplication.platformName()}",
        ]
        if figures is not None:
            lines.append(f"drag→pixels p50 {figures[0]:.1f} ms, p99 {figures[1]:.1f} ms")
        return "\n".join(lines)
