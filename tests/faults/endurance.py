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
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from explorer.app.startup import App, make_qt
from explorer.app.uncaught import Uncaught
from explorer.tour.meters import LoopMeter
from resources import dataset_path, model_path
from tests.faults.random_user import DATA, MODELS, User, data_of

WARM_UP_MINUTES, GROWTH = 10.0, 0.02
SHORT_MINUTES, SHORT_WARM_UP, SHORT_GROWTH = 30.0, 0.4, 0.10
# More of these than at the begin are growth, not chance.
HANDLES, THREADS = 3, 2
# Of the references to a singleton, so many may go while as many objects come and go.
LOST_REFERENCES = 0.2
SINGLETONS = {"None": None, "True": True, "False": False}
PACE_MS, DIALOG_MS, REST_SECONDS, PATIENCE = 12, 300, 1.5, 120.0


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
