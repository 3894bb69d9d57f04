"""A tour of the real window with real workers: it drags, slides, trains, exports, pictures and times."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from explorer.app.startup import App, make_qt
from explorer.client.launcher import Launched
from explorer.state.export import ExportSettings
from explorer.state.lab import PRESETS
from explorer.state.training.run import RunStatus
from explorer.tour.hands import Hands
from explorer.tour.meters import DragMeter, LoopMeter, import_seconds, memory_mb, process_age, quantiles
from models.core.files import output_file
from models.core.settings import TrainSettings
from models.core.text import printable

# Its figures are those of a usual number of dimensions.
MODEL = "mnist-vae-50"
TIMEOUT_SECONDS = 120.0
MOVES = 300  # of the point; sliders, grips and the Lab take a part of them
MOVES_AT_ONCE = 50
SAMPLES = 16
ESTIMATES = 1000
SETTLE_TICKS = 25
Step = Callable[[], bool]


class Tour(QObject):
    """Runs a script of steps, one per tick of the loop meter; each waits for what it has asked for."""

    def __init__(self, app: App, out: Path, born: float, families: Sequence[str], moves: int) -> None:
        super().__init__()
        self.app, self.out, self._born, self._families, self._moves = app, out, born, families, moves
        self.state, self.window = app.state, app.window
        self.loop, self.drags = LoopMeter(self), DragMeter(app.state.latency, self)
        self.hands = Hands(app.window, self.drags)
        self.times: dict[str, float] = {}
        self.report: dict[str, Any] = {}
        self.failure = ""
        self._script, self._until, self._deadline = self._steps(), _at_once, 0.0
        self._exported: str | None = None
        self.loop.ticked.connect(self._advance)
        self.window.decoded.large.painted.connect(self._picture_painted)
        self.state.export.finished.connect(self._export_finished)

    def start(self) -> None:
        """Begin, with the window just shown."""
        self._deadline = perf_counter() + TIMEOUT_SECONDS
        self.loop.enter("start")
        self.loop.start()

    def _since_birth(self) -> float:
        return round(perf_counter() - self._born, 3)

    def _picture_painted(self) -> None:
        self.times.setdefault("window_shown_s", self._since_birth())
        if self.state.answers.picture is not None:
            self.times.setdefault("first_decode_s", self._since_birth())

    def _export_finished(self, text: str) -> None:
        self._exported = text

    def _advance(self) -> None:
        if perf_counter() > self._deadline:
            self._end(f"no answer within {TIMEOUT_SECONDS:.0f} s while it was: {self.loop.phase}")
        elif self._until():
            try:
                self._until = next(self._script)
                self._deadline = perf_counter() + TIMEOUT_SECONDS
            except StopIteration:
                self._end("")

    def _end(self, failure: str) -> None:
        self.loop.stop()
        self.failure = failure
        QApplication.exit(1 if failure else 0)

    # --------------------------------------------------------------------------------------------------- script

    def _steps(self) -> Iterator[Step]:
        yield self._ready
        yield _ticks(SETTLE_TICKS)
        self.loop.enter("idle")
        yield from self.hands.drag_point(self._moves)
        yield from self.hands.move_sliders(self._part(5))
        yield from self.hands.drag_grips(self._part(7.5))
        yield from self._visit_tabs()
        yield from self._settle()
        yield from self._workbench()
        yield from self._laboratory()
        yield from self._train()
        yield from self._export()
        yield from self._picture_tabs()

    def _part(self, divisor: float) -> int:
        """Return a part of the moves, at least one."""
        return max(round(self._moves / divisor), 1)

    def _ready(self) -> bool:
        results, model = self.state.answers, self.state.model
        known = model.embedding is not None and results.aggregate is not None
        return known and results.picture is not None and results.draws is not None

    def _settle(self) -> Iterator[Step]:
        yield self._settled
        yield _ticks(SETTLE_TICKS)

    def _settled(self) -> bool:
        return self.drags.settled

    def _visit_tabs(self) -> Iterator[Step]:
        for name in ("Neighbours", "Path", "Lab", "Factors", "Training", "Log", "Distribution"):
            self.window.show_pane(name)
            yield from self._settle()
        self._take_picture("window")
        self._take_picture("distribution")

    def _workbench(self) -> Iterator[Step]:
        """Drag parameters, u and ε of several families; each move ends with its curves on screen."""
        self.window.show_pane("Distribution")
        self.drags.phase = "workbench"
        self.state.distribution.set_mode("workbench")
        for family in self._families:
            self.loop.enter(None)
            self.state.workbench.choose(family)
            yield self._bench_answered
            yield _ticks(SETTLE_TICKS)
            self.loop.enter("workbench")
            yield from self.hands.drag_workbench(self._part(7.5))
            yield from self._settle()
        self._take_picture("workbench")
        self.state.distribution.set_mode("model")
        self.drags.phase = "idle"

    def _bench_answered(self) -> bool:
        shown = self.state.distribution.shown
        return shown is not None and shown.family == self.state.workbench.family

    def _laboratory(self) -> Iterator[Step]:
        """Let the laboratory draw, dragging the point beside it."""
        self.window.show_pane("Lab")
        self.loop.enter("laboratory")
        self.drags.phase = "laboratory"
        self.state.lab.choose(PRESETS[0])
        yield from self.hands.drag_point(self._part(3))
        yield self._estimated
        yield from self._settle()
        self._take_picture("lab")
        self.state.lab.set_running(False)
        self.window.show_pane("Distribution")

    def _estimated(self) -> bool:
        """Return whether the laboratory has something to show; on a busy machine the drag is over before."""
        return self.state.lab.count >= ESTIMATES

    def _picture_tabs(self) -> Iterator[Step]:
        """Picture the tabs that have something to show only now."""
        for name in ("Log", "Neighbours", "Factors", "Training"):
            self.window.show_pane(name)
            yield from self._settle()
            self._take_picture(name.lower())

    def _take_picture(self, name: str) -> None:
        # Drawing and compressing a picture of the window is no part of its use.
        self.loop.enter(None)
        with output_file(self.out / f"{name}.png") as draft:
            self.window.grab().save(str(draft))

    def _train(self) -> Iterator[Step]:
        self.loop.enter("training")
        self.drags.phase = "training"
        self.state.run.start(self.window.training.form.data_path() or "", replace(TrainSettings(), epochs=1))
        for _ in range(0, self._moves, MOVES_AT_ONCE):
            yield from self.hands.drag_point(MOVES_AT_ONCE)
        yield self._trained
        yield from self._settle()
        self.report["training"] = {
            "unsaved_model": bool(self.state.unsaved.models),
            "test_elbo": self.state.run.test["elbo"].values[-1:],
        }

    def _trained(self) -> bool:
        """Return whether the run is over; its last evaluation, which takes longer than the epoch, is skipped."""
        run = self.state.run
        if run.evaluated is not None and run.status is RunStatus.RUNNING:
            run.control("stop")
        return not run.active

    def _export(self) -> Iterator[Step]:
        self.loop.enter("export")
        self.drags.phase = "export"
        self.state.export.start(ExportSettings(self.out, count=SAMPLES, seed=self.state.display.seed))
        yield self._is_exported
        self.report["export"] = self._exported

    def _is_exported(self) -> bool:
        return self._exported is not None

    # --------------------------------------------------------------------------------------------------- report

    def figures(self) -> dict[str, Any]:
        """Return all that was measured; times in seconds or milliseconds as their names say."""
        import pyqtgraph
        import PySide6

        hello = self.state.workers.hello["decoder"]
        decode = quantiles([1e3 * seconds for seconds in self.state.answers.decode_call_seconds])["p50"]
        return {
            **self.times,
            "import_tensorflow_s": import_seconds(),
            "import_tensorflow_in_worker_s": round(hello.import_seconds, 3),
            **self.drags.figures(),
            "event_loop_gap_ms": self.loop.figures(),
            "decode_call_ms": decode,
            "drag_to_pixels_per_decode": self.drags.per_decode(decode),
            "memory_mb": memory_mb(),
            **self.report,
            "size": [self.window.width(), self.window.height()],
            "versions": {
                "python": sys.version.split()[0],
                "tensorflow": hello.tensorflow,
                "pyside6": PySide6.__version__,
                "pyqtgraph": pyqtgraph.__version__,
                "platform": QApplication.platformName(),
            },
        }


def _at_once() -> bool:
    return True


def _ticks(count: int) -> Step:
    left = iter(range(count))
    return lambda: next(left, None) is None


def run_tour(
    out: Path,
    size: tuple[int, int],
    scheme: str | None,
    families: Sequence[str],
    moves: int = MOVES,
    launched: Launched | None = None,
) -> int:
    """Run the tour and write its pictures and ``tour.json`` into ``out``; return the exit code.

    ``families`` are dragged on the workbench, the point moves ``moves`` times; ``launched`` is a decoder started
    ahead, as for the window.
    """
    born = perf_counter() - process_age()
    out.mkdir(parents=True, exist_ok=True)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    qt = make_qt()
    app = App(qt, scheme, keep_session=False, launched=launched, first=MODEL)
    app.window.resize(*size)
    app.window.reset_layout()
    app.show()
    tour = Tour(app, out, born, families, moves)
    tour.start()
    code = qt.exec()
    memory = memory_mb()
    app.close()
    if tour.failure:
        sys.stderr.write(printable(f"latentscape tour: {tour.failure}") + "\n")
        return code or 1
    with output_file(out / "tour.json") as draft:
        draft.write_text(json.dumps(tour.figures() | {"memory_mb": memory}, indent=2) + "\n")
    return code
