"""The Help menu: first steps, tutorial and guide, what a pane shows, versions and figures worth a report."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QMessageBox, QWhatsThis, QWidget

from explorer import __version__
from explorer.app.actions.base import Command, Entries, MenuActions, fill_menu
from explorer.app.guide import Guide
from explorer.state import AppState
from explorer.state.hints import HINTS
from explorer.theme.theme import Theme
from explorer.views.common.pane import focused


class HelpActions(MenuActions):
    """The actions of the menu; ``over`` is the widget its dialogs appear over, ``show_pane`` brings a pane to front."""

    def __init__(
        self,
        state: AppState,
        theme: Theme,
        over: QWidget,
        panes: Sequence[QWidget],
        show_pane: Callable[[str], None],
        show_keys: Callable[[], None],
    ) -> None:
        super().__init__(theme, over)
        self._state, self._over, self._show_pane, self._show_keys = state, over, show_pane, show_keys
        self._panes = {pane.windowTitle(): pane for pane in panes}
        self._guide: Guide | None = None
        add = self.add_action
        self.first_steps = add(Command("&First steps", self._first_steps, tip="Show the first things to try again"))
        self.tutorial = add(Command("&Tutorial", self._tutorial))
        self.guide = add(Command("&Guide", self._open_guide))
        self.here = add(Command("&Help on this pane", self._help_here, shortcut="F1"))
        self.keys = add(Command("&Keys and mouse", show_keys, shortcut="Ctrl+/"))
        self.about = add(Command("&About", self._about))
        self.explain = QMenu("&What am I looking at?", over)
        self._fill_explanations()

    def _fill_explanations(self) -> None:
        point = Command("&Point at a pane", QWhatsThis.enterWhatsThisMode, shortcut="Shift+F1")
        fill_menu(self.explain, [self.add_action(point), None])
        for title in self._panes:
            self.explain.addAction(title).triggered.connect(partial(self._explain, title))

    def _explain(self, title: str) -> None:
        self._show_pane(title)
        pane = self._panes[title]
        QWhatsThis.showText(pane.mapToGlobal(pane.rect().center()), pane.whatsThis(), pane)

    def _first_steps(self) -> None:
        self._show_pane("Latent map")
        self._show_pane("Dimensions")
        self._state.hints.offer(HINTS)

    def _tutorial(self) -> None:
        self._open_at("Tutorial")

    def _open_guide(self) -> None:
        self._open_at("What each number means")

    def _open_at(self, title: str) -> None:
        if self._guide is None:
            self._guide = Guide(self._over)
        self._guide.open_at(title)

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        first = self.first_steps, self.tutorial, self.guide
        return *first, None, self.explain, self.here, self.keys, None, self.about

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
