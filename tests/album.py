"""Pictures of every pane, in every size of the window and both schemes, for the eye.

``python -m tests.album --out DIR`` writes ``DIR/SIZE-SCHEME/PANE.png``; ``--size``, ``--scheme`` and ``--pane`` take
some of them. A size like ``2560x1440@2`` has two screen pixels a pixel, and gets a process of its own: Qt takes the
factor only at its start.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from explorer.app.startup import FIRST_MODEL, App, make_qt
from explorer.state.hints import HINTS
from resources import model_path
from tests.support.desk import CHANNELS, MODEL
from tests.support.places import ROOT

SIZES = ("960x640", "1280x800", "1440x900", "2560x1440@2")
SCHEMES = ("dark", "light")
PATIENCE_SECONDS = 300.0
STILL_SECONDS = 0.25


@dataclass(frozen=True)
class Size:
    """A size of the window in pixels, each of ``factor`` × ``factor`` pixels of the screen."""

    width: int
    height: int
    factor: int = 1

    @classmethod
    def read(cls, text: str) -> Size:
        """Return the size that ``text`` says, such as 960x640 or 2560x1440@2."""
        match = re.fullmatch(r"(\d+)x(\d+)(?:@(\d))?", text)
        if match is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not a size like 960x640 or 2560x1440@2")
        return cls(int(match[1]), int(match[2]), int(match[3] or 1))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f"@{self.factor}" if self.factor > 1 else "")


class Photographer:
    """Puts the window into every state worth a picture, and takes it."""

    def __init__(self, app: App) -> None:
        self.app, self.state, self.window = app, app.state, app.window
        self.scenes: dict[str, Callable[[], None]] = {
            "distribution": self._distribution, "moved": self._moved, "logarithmic": self._logarithmic,
            "workbench": self._workbench, "lab": self._lab, "factors": self._pane("Factors"),
            "neighbours": self._pane("Neighbours"),
            "path": self._path,
            "training": self._pane("Training"), "log": self._pane("Log"), "start": self._start,
        }  # fmt: skip

    def prepare(self, train: bool) -> None:
        """Wait for the first pictures, train for two epochs so that there is a run to see, and select two images."""
        state = self.state
        self._wait(self._complete)
        if train:
            from models.core.settings import TrainSettings

            state.run.start(self.window.training.form.data_path() or "", replace(TrainSettings(), epochs=2))
            self._wait(lambda: not state.run.active)
            self._open(MODEL)
        self.window.map.select(42)
        state.latent.add_point()
        self.window.map.select(7)

    def _open(self, model: str) -> None:
        self.state.model.request_model(str(model_path(model)))
        self._settle()
        self._wait(self._complete)

    def _complete(self) -> bool:
        return self.state.model.embedding is not None and self.state.answers.draws is not None

    def take(self, scene: str, out: Path) -> None:
        """Take one picture."""
        self.scenes[scene]()
        self._settle()
        out.mkdir(parents=True, exist_ok=True)
        self.window.grab().save(str(out / f"{scene}.png"))
        if scene == "start":
            self.state.hints.dismiss()
            self._open(MODEL)

    def _pane(self, title: str) -> Callable[[], None]:
        return lambda: self.window.show_pane(title)

    def _path(self) -> None:
        """Walk through the points, and stand in the middle."""
        self.window.show_pane("Path")
        self.state.paths.clear()
        self.window.paths.form.add_all.click()
        self._wait(lambda: self.state.paths.evidence is not None)
        self.state.paths.go(30)

    def _distribution(self) -> None:
        self.window.show_pane("Distribution")
        self.state.display.set_logarithmic(False)
        self.state.distribution.set_mode("model")

    def _start(self) -> None:
        """Look as at the first start, with its model and the first of the callouts."""
        self._distribution()
        self._open(FIRST_MODEL)
        self.state.latent.replace_points(self.state.latent.points[:1], 0)
        self.state.hints.offer(HINTS)

    def _moved(self) -> None:
        """Move z far out in one dimension, where labels and numbers come close."""
        self._distribution()
        self.state.latent.set_component("eps", self.state.display.dimension, 6.0)

    def _logarithmic(self) -> None:
        self._distribution()
        self.state.display.set_logarithmic(True)

    def _workbench(self) -> None:
        self._distribution()
        self.state.distribution.set_mode("workbench")

    def _lab(self) -> None:
        from explorer.state.lab import PRESETS

        self.window.show_pane("Lab")
        self.state.lab.choose(PRESETS[0])
        until = monotonic() + 2.0
        self._wait(lambda: monotonic() > until)
        self.state.lab.set_running(False)

    def _settle(self) -> None:
        """Wait until nothing is asked of the decoder, and the still layers have been painted."""
        self._wait(lambda: not any(self.app.decoder.requests.under_way(channel) for channel in CHANNELS))
        until = monotonic() + STILL_SECONDS
        self._wait(lambda: monotonic() > until)
        self._wait(lambda: all(layer.resting for layer in self.window.map.plot.still))

    @staticmethod
    def _wait(done: Callable[[], bool]) -> None:
        from PySide6.QtTest import QTest

        until = monotonic() + PATIENCE_SECONDS
        while not done():
            if monotonic() > until:
                raise TimeoutError(f"the window was not ready within {PATIENCE_SECONDS:.0f} s")
            QTest.qWait(20)


def take_pictures(out: Path, sizes: Sequence[Size], schemes: Sequence[str], panes: Sequence[str], train: bool) -> None:
    """Open the window and take pictures of ``sizes`` of one factor."""
    qt = make_qt()
    app = App(qt, schemes[0], keep_session=False, first=MODEL)
    app.show()
    photographer = Photographer(app)
    try:
        photographer.prepare(train)
        for scheme in schemes:
            app.theme.choose(scheme)
            for size in sizes:
                app.window.resize(size.width, size.height)
                app.window.reset_layout()
                for scene in panes or photographer.scenes:
                    photographer.take(scene, out / f"{size}-{scheme}")
    finally:
        # A question about them would wait for an answer.
        app.state.run.finish(None)
        app.state.unsaved.set_models(())
        app.window.close()


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.album", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=Size.read, action="append", help=f"default: {', '.join(SIZES)}")
    parser.add_argument("--scheme", choices=SCHEMES, action="append")
    parser.add_argument("--pane", action="append", default=[])
    parser.add_argument("--no-training", dest="train", action="store_false", help="leave the Training pane empty")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Take the pictures asked for, those of every factor in a process of its own; return the exit status."""
    given = _arguments(words)
    sizes, schemes = given.size or [Size.read(text) for text in SIZES], given.scheme or SCHEMES
    factors = sorted({size.factor for size in sizes})
    here = float(os.environ.get("QT_SCALE_FACTOR", "0"))
    if factors == [here]:
        take_pictures(given.out, sizes, schemes, given.pane, given.train)
        return 0
    return max(_in_own_process(factor, [s for s in sizes if s.factor == factor], given, schemes) for factor in factors)


def _in_own_process(factor: int, sizes: Sequence[Size], given: argparse.Namespace, schemes: Sequence[str]) -> int:
    command = [sys.executable, "-m", "tests.album", "--out", str(given.out.resolve())]
    command += [word for size in sizes for word in ("--size", str(size))]
    command += [word for scheme in schemes for word in ("--scheme", scheme)]
    command += [word for pane in given.pane for word in ("--pane", pane)]
    command += [] if given.train else ["--no-training"]
    with tempfile.TemporaryDirectory(prefix="latentscape-album-") as folder:
        own = {f"XDG_{kind}_HOME": folder for kind in ("CONFIG", "DATA", "STATE")}
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **own, "QT_SCALE_FACTOR": str(factor)}
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
