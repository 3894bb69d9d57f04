"""Use the real window at random for minutes or hours, and fail if anything grows, is lost or raises.

``python -m tests.faults.endurance [--minutes 5] [--seed 1] [--out FILE.json]`` opens the window offscreen with workers
of its own, in folders of its own. Seeded, it clicks, drags, turns the wheel and types at random places of all panes,
menus and dialogs; opens models and data; starts, pauses and stops trainings. Before each sample it brings the window to
rest, always in the same state (a bundled model and its data, nothing running), so that the samples can be compared:
memory, file handles and threads of the window, the decoder and the trainer, references to Python's singletons, and the
gaps of the event loop since the sample before.

The exit code is 1 if there was an exception or an internal error anywhere, if a worker ended or hung, if the window did
not come to rest, or if something grew: after the first ten minutes memory by more than 2 %, handles or threads at all.
A run of less than half an hour is for a quick look and has a milder rule: after the first two fifths of it, 10 %, since
the workers are still compiling what they meet for the first time. What is compared is the most in the first and in the
last third of that time: a worker keeps the functions that were used last, and these take more or less.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from shiboken6 import isValid

from explorer.app.startup import App, make_qt
from explorer.app.uncaught import Uncaught
from explorer.tour.meters import LoopMeter
from models.core.settings import TrainSettings
from resources import dataset_path, model_path

WARM_UP_MINUTES, GROWTH = 10.0, 0.02
SHORT_MINUTES, SHORT_WARM_UP, SHORT_GROWTH = 30.0, 0.4, 0.10
# More of these than at the begin are growth, not chance.
HANDLES, THREADS = 3, 2
# Of the references to a singleton, so many may go while as many objects come and go.
LOST_REFERENCES = 0.2
SINGLETONS = {"None": None, "True": True, "False": False}
MODELS = ("mnist-vae-2", "mnist-vae-50", "sprites-vae-10")
DATA = ("mnist_10k", "sprites:600:3", "sprites:1500:4")
KEYS = (
    Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up,
    Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Escape,
    Qt.Key.Key_Delete, Qt.Key.Key_1, Qt.Key.Key_5, Qt.Key.Key_Period, Qt.Key.Key_Minus,
)  # fmt: skip
LETTERS = (Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_C, Qt.Key.Key_A, Qt.Key.Key_Slash)
LEFT, NONE, PLAIN = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
PACE_MS, DIALOG_MS, REST_SECONDS, PATIENCE = 12, 300, 1.5, 120.0


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
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def double_click(self) -> None:
        """Double-click somewhere."""
        widget, at = self._somewhere()
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)
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
        QApplication.sendEvent(widget, QWheelEvent(QPointF(at), there, QPoint(), turn, NONE, PLAIN, phase, False))

    def ask_menu(self) -> None:
        """Ask for a context menu; what is done next may choose from it."""
        widget, at = self._somewhere()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
        QApplication.sendEvent(widget, event)

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

    def _mouse(self, widget: QWidget, kind: QEvent.Type, at: QPoint, button: Any, held: Any) -> None:
        # What it did before may have ended it, as a choice from a menu does.
        if not isValid(widget):
            return
        there = QPointF(widget.mapToGlobal(at))
        QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(at), there, button, held, PLAIN))


def data_of(name: str) -> str:
    """Return what a data set is opened by."""
    return name if ":" in name else str(dataset_path(name))


class Endurance(QObject):
    """Lets a user act, brings the window to rest now and then, and takes samples."""

    def __init__(self, app: App, user: User, minutes: float) -> None:
        super().__init__(app)
        self.app, self.user, self.minutes = app, user, minutes
        self.samples: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self.began = time.monotonic()
        self._acting = False
        self._meter = LoopMeter(self)
        self._meter.start()
        self._meter.enter("use")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._closer = QTimer(self)
        self._closer.timeout.connect(close_dialog)
        self._next = time.monotonic() + self._between
        self._resting_since = self._calm_since = 0.0
        workers = app.state.workers
        workers.crashed.connect(lambda role, text, again: self.faults.append(f"{self._now()}: {text}"))
        workers.trouble_changed.connect(self._troubled)
        app.state.notices.noticed.connect(self._noticed)
        app.state.notices.logged.connect(self._noticed)

    @property
    def _between(self) -> float:
        """Seconds between two samples."""
        return max(min(60.0, 2.0 * self.minutes), 15.0)

    def start(self) -> None:
        """Begin."""
        self._timer.start(PACE_MS)
        self._closer.start(DIALOG_MS)

    def _now(self) -> str:
        return f"{(time.monotonic() - self.began) / 60:.2f} min"

    def _troubled(self, role: str) -> None:
        text = self.app.state.workers.trouble.get(role)
        if text:
            self.faults.append(f"{self._now()}: {text}")

    def _noticed(self, level: str, text: str) -> None:
        if "internal error" in text.lower() or "Traceback" in text:
            self.faults.append(f"{self._now()}: {text}")

    def _turn(self) -> None:
        # A dialog runs a loop of its own within an action.
        if self._acting:
            return
        self._acting = True
        try:
            if self._resting_since:
                self._rest()
            elif time.monotonic() >= self._next:
                self._begin_to_rest()
            else:
                self.user.act()
        finally:
            self._acting = False

    def _begin_to_rest(self) -> None:
        self._resting_since, self._calm_since = time.monotonic(), 0.0
        self._meter.enter(None)
        state, window = self.app.state, self.app.window
        close_all(window)
        state.run.queued.clear()
        if state.run.active:
            state.run.control("discard")
        state.lab.set_running(False)
        window.resize(1280, 800)
        window.reset_layout()
        window.show_pane("Distribution")

    def _rest(self) -> None:
        """Wait until nothing is under way in the state of rest, then take a sample and go on."""
        now = time.monotonic()
        if now - self._resting_since > PATIENCE:
            self.faults.append(f"{self._now()}: it did not come to rest in {PATIENCE:.0f} s")
            self._go_on()
        elif not self._calm():
            self._calm_since = 0.0
        elif not self._calm_since:
            self._calm_since = now
        elif now - self._calm_since > REST_SECONDS:
            self._take_sample()
            self._go_on()

    def _calm(self) -> bool:
        state, requests = self.app.state, self.app.decoder.requests
        if state.run.active or any(channel.under_way for channel in requests._channels.values()):
            return False
        model, data = state.model.model, state.model.data
        state.unsaved.set_models(())
        if data is None or data.info.path != data_of(DATA[0]):
            state.model.request_data(data_of(DATA[0]))
            return False
        if model is None or model.path != str(model_path(MODELS[0])):
            state.model.request_model(str(model_path(MODELS[0])))
            return False
        return state.model.embedding is not None

    def _take_sample(self) -> None:
        gc.collect()
        gaps = np.array(self._meter.gaps.pop("use", [0.0]))
        self.samples.append(
            {
                "minute": round((time.monotonic() - self.began) / 60, 2),
                "window": figures_of(os.getpid()),
                "decoder": figures_of(self.app.decoder.client.pid),
                "trainer": figures_of(self.app.trainer.client.pid),
                "references": {name: sys.getrefcount(one) for name, one in SINGLETONS.items()},
                "gaps_ms": {
                    "p50": round(float(np.percentile(gaps, 50)), 1), "p99": round(float(np.percentile(gaps, 99)), 1),
                    "max": round(float(gaps.max()), 1), "over_100": int((gaps > 100).sum()),
                },
            }
        )  # fmt: skip
        print(json.dumps(self.samples[-1]), flush=True)

    def _go_on(self) -> None:
        self._resting_since = 0.0
        self._next = time.monotonic() + self._between
        self._meter.enter("use")
        if time.monotonic() - self.began > 60.0 * self.minutes:
            self._timer.stop()
            self._closer.stop()
            self._meter.stop()
            self.app.window.close()
            QApplication.quit()


def figures_of(pid: int | None) -> dict[str, float]:
    """Return megabytes, handles and threads of a process; nothing if there is none."""
    if pid is None:
        return {}
    process = psutil.Process(pid)
    with process.oneshot():
        memory = process.memory_info().rss / 2**20
        return {"mb": round(memory, 1), "handles": process.num_fds(), "threads": process.num_threads()}


def close_dialog() -> None:
    """Close a menu or a dialog that waits for an answer, as Escape does."""
    popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
    if popup is not None:
        popup.close()
    elif isinstance(modal, QDialog):
        modal.reject()
    elif modal is not None:
        modal.close()


def close_all(window: QWidget) -> None:
    """Close all windows but the main one and its panes."""
    for widget in QApplication.topLevelWidgets():
        if widget is not window and widget.isVisible() and isinstance(widget, QDialog):
            widget.close()


def judge(samples: list[dict[str, Any]], minutes: float) -> list[str]:
    """Return what grew or was lost between the first samples after warming up and the last, as sentences."""
    short = minutes < SHORT_MINUTES
    warm = SHORT_WARM_UP * minutes if short else WARM_UP_MINUTES
    counted = [sample for sample in samples if sample["minute"] >= warm]
    if len(counted) < 2:
        return ["there are too few samples to compare"]
    third = max(len(counted) // 3, 1)
    first, last = counted[:third], counted[-third:]
    told = []
    for role in ("window", "decoder", "trainer"):
        allowed = {"mb": (SHORT_GROWTH if short else GROWTH, 0), "handles": (0.0, HANDLES), "threads": (0.0, THREADS)}
        for kind, (share, number) in allowed.items():
            before, after = (_most(part, role, kind) for part in (first, last))
            if before is not None and after is not None and after > before * (1.0 + share) + number:
                told.append(f"{kind} of the {role} grew from {before:g} to {after:g}")
    for name in SINGLETONS:
        before, after = (median(sample["references"][name] for sample in part) for part in (first, last))
        if after < before * (1.0 - LOST_REFERENCES):
            told.append(f"references to {name} went from {before:g} to {after:g}")
    return told


def _most(samples: list[dict[str, Any]], role: str, kind: str) -> float | None:
    return max((sample[role][kind] for sample in samples if sample[role]), default=None)


def own_folders(folder: Path) -> None:
    """Let everything the program writes lie in ``folder``."""
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())
    os.environ |= {"HOME": str(folder), "LATENTSCAPE_CACHE": str(folder / "cache"), "BROWSER": "true"}
    os.chdir(folder)


def endure(minutes: float, seed: int) -> dict[str, Any]:
    """Use the window for so long, and return what happened."""
    images = np.load(dataset_path(DATA[0]))["images"][:500]
    np.save("few.npy", images)
    qt = make_qt()
    app = App(qt, keep_session=False)
    Uncaught(app.state.notices, app).install()
    app.show()
    user = User(app, random.Random(seed), str(Path("few.npy").resolve()))
    endurance = Endurance(app, user, minutes)
    QTimer.singleShot(3000, endurance.start)
    qt.exec()
    app.close()
    told = [*endurance.faults, *judge(endurance.samples, minutes)]
    return {"minutes": minutes, "seed": seed, "done": dict(user.done), "faults": told, "samples": endurance.samples}


def main() -> int:
    """Run as the command line says, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    faulthandler.enable()
    out = None if given.out is None else given.out.resolve()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        own_folders(Path(folder))
        report = endure(given.minutes, given.seed)
        os.chdir("/")
    if out is not None:
        out.write_text(json.dumps(report, indent=1))
    print(json.dumps({key: value for key, value in report.items() if key != "samples"}, indent=1))
    return 1 if report["faults"] else 0


if __name__ == "__main__":
    # Workers import the main module, which would bring Qt into them; that of a command is none.
    command = "import sys; from tests.faults.endurance import main; sys.exit(main())"
    os.execv(sys.executable, [sys.executable, "-c", command, *sys.argv[1:]])
