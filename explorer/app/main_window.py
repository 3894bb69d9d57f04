"""The main window: docks, menus, toolbar, status bar; what the panes do is in ``explorer.views``."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QChildEvent, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QKeySequence,
    QShortcut,
    QStatusTipEvent,
)
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabBar, QTabWidget

from explorer.app.actions.edit import EditActions
from explorer.app.actions.file import FileActions
from explorer.app.actions.help import HelpActions
from explorer.app.actions.menus import Menus
from explorer.app.actions.model import ModelActions
from explorer.app.actions.view import ViewActions
from explorer.app.arrangement import arrange
from explorer.app.banner import Banner
from explorer.app.callouts import Callouts
from explorer.app.closing import ask_before_closing
from explorer.app.explanations import explain
from explorer.app.files import open_path
from explorer.app.importing import ImportDialogs
from explorer.app.pane_menu import PaneMenu
from explorer.app.shortcuts import ShortcutList
from explorer.app.status_bar import StatusBar, tip_under_pointer
from explorer.app.stops import stops_after
from explorer.app.toolbar import ToolBar
from explorer.state import AppState
from explorer.state.unsaved import model_title
from explorer.theme.theme import Theme
from explorer.views.common.menus import close_menus
from explorer.views.common.pane import Pane, focused
from explorer.views.decoded import DecodedPane
from explorer.views.dimensions.pane import DimensionsPane
from explorer.views.distribution.pane import DistributionPane
from explorer.views.factors.pane import FactorsPane
from explorer.views.lab.pane import LabPane
from explorer.views.latent_map.pane import LatentMapPane
from explorer.views.log import LogPane
from explorer.views.neighbours.pane import NeighboursPane
from explorer.views.paths.pane import PathPane
from explorer.views.training.pane import TrainingPane

TITLE = "Latentscape"
SMALLEST = (960, 640)
USUAL = (1440, 900)
LAYOUT_VERSION = 3
# What a window manager puts around the window.
FRAME = QSize(16, 48)


def fitting(screen: QSize) -> QSize:
    """Return the usual size of the window, or what there is room for on a screen; never less than the smallest."""
    return QSize(*USUAL).boundedTo(screen - FRAME).expandedTo(QSize(*SMALLEST))


class MainWindow(QMainWindow):
    """Builds the panes and puts them into docks.

    Signals
    -------
    closing
        The person closes the window, and nothing prevents it.
    """

    closing = Signal()

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self.state, self.theme, self._agreed = state, theme, False
        self.setWindowTitle(TITLE)
        self.setWindowIcon(theme.icon("latentscape"))
        self.setMinimumSize(*SMALLEST)
        self.resize(fitting(self.screen().availableGeometry().size()))
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.map, self.decoded = LatentMapPane(state, theme), DecodedPane(state, theme)
        self.dimensions, self.distribution = DimensionsPane(state, theme), DistributionPane(state, theme)
        self.neighbours, self.paths = NeighboursPane(state, theme), PathPane(state, theme)
        self.lab, self.factors = LabPane(state, theme), FactorsPane(state, theme)
        self.training, self.log = TrainingPane(state, theme), LogPane(state)
        self.docks = {pane.windowTitle(): self._dock(pane) for pane in self._panes}
        explain(self._panes)
        self.menus = self._make_menus()
        self.menus.fill(self.menuBar())
        QShortcut(QKeySequence("F10"), self, self._go_to_menus)
        self.addToolBar(ToolBar(state, self.menus))
        self.status = StatusBar(state)
        self.setStatusBar(self.status)
        self.banner = Banner(self, state, theme)
        self.imports = ImportDialogs(state, theme, self)
        self.callouts = Callouts(self, state.hints, theme, self.map, self.dimensions)
        self.reset_layout()
        self.map.setFocus()
        self.training.controls.save.clicked.connect(self.menus.file.save_as.trigger)
        self.training.controls.further.clicked.connect(self.menus.model.train_further.trigger)
        state.model.model_changed.connect(self._name_model)
        state.unsaved.changed.connect(self._name_model)
        for replaced in (state.model.model_changed, state.model.data_changed, state.model.embedding_changed):
            replaced.connect(self._close_menus)
        state.undo.travelled.connect(self._show_subject)
        state.unsaved.changed.connect(self._ask_again)
        state.run.status_changed.connect(self._ask_again)

    def _close_menus(self) -> None:
        close_menus(self)

    @property
    def _panes(self) -> tuple[Pane, ...]:
        upper = self.map, self.decoded, self.dimensions
        lower = self.distribution, self.neighbours, self.paths, self.lab, self.factors, self.training, self.log
        return *upper, *lower

    def _dock(self, pane: Pane) -> QDockWidget:
        dock = QDockWidget(pane.windowTitle(), self)
        dock.setObjectName(pane.windowTitle())
        dock.setTitleBarWidget(pane.header)
        dock.setWidget(pane.scrolled())
        dock.visibilityChanged.connect(pane.set_shown)
        PaneMenu(dock, pane, self.reset_layout)
        return dock

    def leave_panes(self) -> None:
        """Let the panes rest, and tell them no more what is in front: the docks may outlive the state they show."""
        for pane, dock in zip(self._panes, self.docks.values(), strict=True):
            dock.visibilityChanged.disconnect(pane.set_shown)
            pane.set_shown(False)
        self.map.plot.layouter.close()

    @property
    def _toggles(self) -> list[QAction]:
        return [dock.toggleViewAction() for dock in self.docks.values()]

    def _make_menus(self) -> Menus:
        state, theme, rows = self.state, self.theme, self.dimensions
        return Menus(
            FileActions(state, theme, self, self.close),
            EditActions(state, theme, rows.draw, rows.reset_all, self._decoded_image, self),
            ModelActions(state, theme, self, self._show_training),
            ViewActions(theme, self._toggles, self.reset_layout, self),
            HelpActions(state, theme, self, self._panes, self.show_pane, self._show_keys),
        )

    def _decoded_image(self) -> QImage | None:
        return self.decoded.large.image

    def _show_subject(self, subject: object) -> None:
        """Bring what was undone or redone to the front, if it has a pane of its own."""
        if subject is self.state.workbench:
            self.state.distribution.set_mode("workbench")
            self.show_pane("Distribution")
        elif subject is self.state.lab:
            self.show_pane("Lab")
        elif subject is self.state.paths:
            self.show_pane("Path")

    def _show_training(self) -> None:
        self.show_pane("Training")

    def reset_layout(self) -> None:
        """Put all panes back where they belong."""
        arrange(self, list(self.docks.values()))

    def show_pane(self, title: str) -> None:
        """Bring a pane to the front."""
        self.docks[title].show()
        self.docks[title].raise_()

    # -------------------------------------------------------------------------------------------------- the keys

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Move the focus to the next control that can be seen."""
        following = next(stops_after(focused(self) or self.map.bar, forward), None)
        if following is not None:
            reasons = Qt.FocusReason
            following.setFocus(reasons.TabFocusReason if forward else reasons.BacktabFocusReason)
        return following is not None

    def _show_keys(self) -> None:
        ShortcutList(self.menuBar(), self).show()

    def _go_to_menus(self) -> None:
        """Give the keys to the menu bar."""
        self.menuBar().setFocus(Qt.FocusReason.MenuBarFocusReason)
        self.menuBar().setActiveAction(self.menuBar().actions()[0])

    def childEvent(self, event: QChildEvent) -> None:
        """Watch the tabs of the panes: the wheel changes them only while the keys go to them."""
        super().childEvent(event)
        if event.polished() and isinstance(event.child(), QTabBar):
            event.child().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the wheel from tabs that it happens to pass."""
        return event.type() == QEvent.Type.Wheel and isinstance(watched, QTabBar) and not watched.hasFocus()

    def save_look(self) -> dict[str, str]:
        """Return geometry and layout as text, for the session."""
        return {
            "geometry": bytes(self.saveGeometry().toBase64().data()).decode(),
            "layout": bytes(self.saveState(LAYOUT_VERSION).toBase64().data()).decode(),
        }

    def restore_look(self, look: dict[str, str]) -> None:
        """Restore geometry and layout; Qt ignores what does not fit."""
        self.restoreGeometry(QByteArray.fromBase64(look.get("geometry", "").encode()))
        self.restoreState(QByteArray.fromBase64(look.get("layout", "").encode()), LAYOUT_VERSION)

    def createPopupMenu(self) -> QMenu:
        """Offer the panes where Qt would offer its own list."""
        menu = QMenu(self)
        menu.addActions(self._toggles)
        return menu

    def _name_model(self) -> None:
        model, unsaved = self.state.model.model, self.state.unsaved
        if model is None:
            return
        draft = unsaved.is_draft(model.path)
        self.setWindowTitle(f"{model_title(model.name, model.epoch) if draft else model.name}[*] — {TITLE}")
        self.setWindowModified(draft)

    def event(self, event: QEvent) -> bool:
        """Tell the latency meter when a frame is complete, and the status bar what the pointer does."""
        if isinstance(event, QStatusTipEvent):
            self.status.show_pointer(event.tip() or tip_under_pointer())
            return True
        done = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest:
            self.state.latency.frame_ended()
        return done

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; of data show what they would be before they replace the open ones."""
        for url in event.mimeData().urls():
            open_path(self.state, url.toLocalFile() or url.toString(), look=True)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved work, unless that is agreed on, then close."""
        if self._agreed or self._may_close():
            self.closing.emit()
            event.accept()
        else:
            event.ignore()

    def agrees_to_end(self, may_ask: bool) -> bool:
        """Return whether the window may end with the session of the desktop; closing it does not ask again then."""
        self._agreed = not may_ask or self._may_close()
        return self._agreed

    def _ask_again(self) -> None:
        self._agreed = False

    def _may_close(self) -> bool:
        answer = ask_before_closing(self, self.state)
        if answer == "discard":
            models = self.state.unsaved.models
            self.state.runs.discard([model.run.folder for model in models], "what was not saved")
        return answer != "cancel" and (answer != "save" or self.menus.file.save_all())
