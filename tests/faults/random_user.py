"""Somebody who uses the real window at random: clicks, drags, keys, menus, models, data and trainings."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from explorer.app.startup import App
from models.core.settings import TrainSettings
from resources import dataset_path, model_path

MODELS = ("mnist-vae-2", "mnist-vae-50", "sprites-vae-10")
DATA = ("mnist_10k", "sprites:600:3", "sprites:1500:4")
KEYS = (
    Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up,
    Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Escape,
    Qt.Key.Key_Delete, Qt.Key.Key_1, Qt.Key.Key_5, Qt.Key.Key_Period, Qt.Key.Key_Minus,
)  # fmt: skip
LETTERS = (Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_C, Qt.Key.Key_A, Qt.Key.Key_Slash)
LEFT, NONE, PLAIN = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier


class User(QObject):
    """Does something at random whenever :meth:`act` is called, with real events."""

    def __init__(self, app: App, chance: random.Random, trained: str) -> None:
        super().__init__(app)
        self.app, self.chance, self.trained = app, chance, trained
        self.window, self.state = app.window, app.state
        self.done: Counter[str] = Counter()
        self._top: QWidget = self.window
        self._actions: dict[Callable[[], None], float] = {
            self.click: 22, self.drag: 18, self.double_click: 3, self.turn_wheel: 8, self.ask_menu: 4,
            self.press_key: 12, self.show_pane: 5, self.open_model: 0.4, self.open_data: 0.15, self.train: 0.3,
            self.steer: 0.8, self.resize: 0.1,
        }  # fmt: skip

    def act(self) -> None:
        """Do something."""
        action = self.chance.choices(list(self._actions), list(self._actions.values()))[0]
        self.done[action.__name__] += 1
        action()

    def click(self) -> None:
        """Click somewhere."""
        widget, at = self._somewhere()
        self._mouse(widget, QEvent.Type.MouseMove, at, NONE, NONE)
        self._press_and_release(widget, at)

    def double_click(self) -> None:
        """Double-click somewhere."""
        widget, at = self._somewhere()
        self._press_and_release(widget, at)
        self._mouse(widget, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def drag(self) -> None:
        """Drag from somewhere a little way; most begin in a pane, where there is something to drag."""
        widget, at = self._somewhere()
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
        for _ in range(self.chance.randint(2, 12)):
            at += QPoint(self.chance.randint(-15, 15), self.chance.randint(-15, 15))
            self._mouse(widget, QEvent.Type.MouseMove, at, NONE, LEFT)
            QApplication.processEvents()
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def turn_wheel(self) -> None:
        """Turn the wheel somewhere."""
        widget, at = self._somewhere()
        turn, there = QPoint(0, self.chance.choice((-120, 120))), QPointF(widget.mapToGlobal(at))
        phase = Qt.ScrollPhase.NoScrollPhase
        send(widget, QWheelEvent(QPointF(at), there, QPoint(), turn, NONE, PLAIN, phase, False))

    def ask_menu(self) -> None:
        """Ask for a context menu; what is done next may choose from it."""
        widget, at = self._somewhere()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        send(widget, event)

    def press_key(self) -> None:
        """Press a key where the keys go."""
        target = QApplication.focusWidget()
        target = self.window if target is None or not isValid(target) else target
        if self.chance.random() < 0.25:
            QTest.keyClick(target, self.chance.choice(LETTERS), Qt.KeyboardModifier.ControlModifier)
        else:
            QTest.keyClick(target, self.chance.choice(KEYS))

    def show_pane(self) -> None:
        """Bring a pane to the front."""
        self.window.show_pane(self.chance.choice(list(self.window.docks)))

    def open_model(self) -> None:
        """Open a bundled model, or one that was trained here."""
        trained = [model.path for model in self.state.unsaved.models]
        self.state.model.request_model(self.chance.choice([*(str(model_path(name)) for name in MODELS), *trained]))

    def open_data(self) -> None:
        """Open other data."""
        self.state.model.request_data(data_of(self.chance.choice(DATA)))

    def train(self) -> None:
        """Start a short training, unless one is under way."""
        if self.state.run.active:
            return
        hidden = (self.chance.choice((16, 32)),)
        settings = TrainSettings(
            hidden=hidden, latent_dim=self.chance.choice((2, 3)), epochs=self.chance.randint(2, 40),
            likelihood=self.chance.choice(("bernoulli", "gaussian")), seed=self.chance.randint(0, 99), batch_size=64,
        )  # fmt: skip
        self.state.run.start(self.trained, settings)

    def steer(self) -> None:
        """Pause, resume, stop or throw away what is being trained."""
        if self.state.run.active:
            self.state.run.control(self.chance.choice(("pause", "resume", "stop", "discard")))

    def resize(self) -> None:
        """Make the window larger or smaller."""
        self.window.resize(self.chance.randint(960, 1500), self.chance.randint(640, 950))

    def _somewhere(self) -> tuple[QWidget, QPoint]:
        """Return a visible widget and a place in it: of a menu or dialog if there is one, else mostly of a pane."""
        waiting = (QApplication.activePopupWidget(), QApplication.activeModalWidget())
        top = next((widget for widget in waiting if widget is not None and isValid(widget)), self.window)
        area = top.rect()
        if top is self.window and self.chance.random() < 0.85:
            shown = [dock for dock in self.window.docks.values() if not dock.visibleRegion().isEmpty()]
            if shown:
                dock = self.chance.choice(shown)
                top, area = dock, dock.rect()
        at = QPoint(self.chance.randint(0, max(area.width() - 1, 0)), self.chance.randint(0, max(area.height() - 1, 0)))
        # Without it, what PySide knows of its children goes, too.
        self._top = top
        widget = top.childAt(at) or top
        return (widget, widget.mapFrom(top, at)) if isValid(widget) else (self.window, QPoint(1, 1))

    def _press_and_release(self, widget: QWidget, at: QPoint) -> None:
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def _mouse(self, widget: QWidget, kind: QEvent.Type, at: QPoint, button: Any, held: Any) -> None:
        # What it did before may have ended it, as a choice from a menu does.
        if not isValid(widget):
            return
        there = QPointF(widget.mapToGlobal(at))
        send(widget, QMouseEvent(kind, QPointF(at), there, button, held, PLAIN))


def send(widget: QWidget, event: QEvent) -> None:
    """Let Qt deliver an event as its own loop does.

    In PySide 6.11 an exception of a handler ends the process if Python sends the event: shiboken takes its value for an
    exception, which in Python 3.11 it is only after somebody has caught it.
    """
    QCoreApplication.postEvent(widget, event)
    QApplication.processEvents()


def data_of(name: str) -> str:
    """Return what a data set is opened by."""
    return name if ":" in name else str(dataset_path(name))
