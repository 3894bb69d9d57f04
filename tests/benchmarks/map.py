"""Measure how fast the latent map pans, and what its points cost.

python -m tests.benchmarks.map [--sizes 10000,100000,1000000,10000000] [--frames 200] [--json]

Points of ten classes are shown in the real pane, offscreen, and panned with the mouse at 60 Hz, whole and zoomed in by
four. A frame lasts from the mouse event to the end of the paint event that shows it; ``frame_alone_ms`` are without the
time in which other programs had the core, ``frame_cpu_ms`` what the window's thread computed. Beside it stand
ScatterPlotItem of pyqtgraph, up to the size at which a frame takes seconds, and datashader where it is installed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from explorer.app.startup import make_qt
from explorer.views.latent_map.pane import LatentMapPane
from tests.support.many_points import CLASSES, PANE, at_rest, empty_map, many_points, show_points

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
FRAME_S, TOO_SLOW_S = 1 / 60, 2.0
ZOOMS = (1.0, 4.0)


class Paints(QObject):
    """Counts the paint events of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count, and let everything pass."""
        self.count += event.type() == QEvent.Type.Paint
        return False


@contextmanager
def shown(count: int) -> Iterator[tuple[LatentMapPane, dict[str, float]]]:
    """Show points in the pane, and say how long that took, the longest gap of the event loop, the bytes of a point."""
    places, labels = many_points(count)
    with empty_map() as pane:
        QApplication.processEvents()
        gc.collect()
        before, start, others = resident(), time.perf_counter(), waited()
        show_points(pane, places, labels)
        gaps = [time.perf_counter() - start - (waited() - others)]
        while not at_rest(pane):
            turn, others = time.perf_counter(), waited()
            QApplication.processEvents()
            gaps.append(time.perf_counter() - turn - (waited() - others))
            time.sleep(0.0005)
        took = time.perf_counter() - start
        gc.collect()
        yield pane, {
            "shown_ms": 1e3 * took, "longest_gap_ms": 1e3 * max(gaps), "bytes_a_point": (resident() - before) / count,
        }  # fmt: skip


def resident() -> int:
    """Return the bytes of memory of this process that are no files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def waited() -> float:
    """Return for how many seconds this thread was ready to run and had no core."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def mouse(widget: QWidget, kind: QEvent.Type, place: QPointF, held: bool) -> None:
    """Send a mouse event with the left button."""
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    buttons = Qt.MouseButton.LeftButton if held else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, place, widget.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def panned(pane: LatentMapPane, frames: int) -> list[tuple[float, float, float]]:
    """Pan with the mouse around a circle; return the seconds of every frame: all, without other programs', computed."""
    viewport, taken = pane.plot.viewport(), []
    paints, middle = Paints(viewport), QPointF(viewport.width() * 0.55, viewport.height() * 0.1)
    mouse(viewport, QEvent.Type.MouseButtonPress, middle, held=True)
    for turn in np.linspace(0.0, 4.0 * np.pi, frames):
        place = middle + QPointF(90.0 * np.sin(turn), 60.0 * (1.0 - np.cos(turn)) + 4.0)
        seen, start, others, cpu = paints.count, time.perf_counter(), waited(), time.thread_time()
        mouse(viewport, QEvent.Type.MouseMove, place, held=True)
        while paints.count == seen and time.perf_counter() - start < TOO_SLOW_S:
            QApplication.processEvents()
        wall = time.perf_counter() - start
        taken.append((wall, wall - (waited() - others), time.thread_time() - cpu))
        rest_of_frame(start)
    mouse(viewport, QEvent.Type.MouseButtonRelease, middle, held=False)
    viewport.removeEventFilter(paints)
    return taken


def rest_of_frame(start: float) -> None:
    """Let the event loop do what else there is until the next frame begins."""
    while (left := start + FRAME_S - time.perf_counter()) > 0.0:
        QApplication.processEvents()
        time.sleep(min(left, 0.0005))


def hovered(pane: LatentMapPane, moves: int) -> list[float]:
    """Return how many seconds it takes to find the nearest point to places of the plot."""
    rng, taken = np.random.default_rng(1), []
    for place in rng.uniform((60, 20), (PANE[0] - 20, PANE[1] - 80), (moves, 2)):
        start, others = time.perf_counter(), waited()
        pane.plot._image_at(QPointF(*place))
        taken.append(time.perf_counter() - start - (waited() - others))
    return taken


def sharp(pane: LatentMapPane) -> float:
    """Return how many seconds the last view takes until nothing stands in for it."""
    start = time.perf_counter()
    pane.plot.getViewBox().translateBy(x=1e-3)
    QApplication.processEvents()
    while not at_rest(pane):
        QApplication.processEvents()
    return time.perf_counter() - start


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 99th percentile in milliseconds."""
    p50, p99 = 1e3 * np.percentile(seconds, [50, 99])
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


def of_the_map(count: int, frames: int) -> dict[str, Any]:
    """Return the figures of the map with so many points."""
    with shown(count) as (pane, figures):
        result: dict[str, Any] = {name: round(value, 2) for name, value in figures.items()}
        zoomed = []
        for zoom in ZOOMS:
            pane.plot.getViewBox().scaleBy((1.0 / zoom, 1.0 / zoom))
            result[f"sharp_ms_zoom_{zoom:g}"] = round(1e3 * sharp(pane), 2)
            zoomed += panned(pane, frames)
        for name, seconds in zip(
            ("frame_ms", "frame_alone_ms", "frame_cpu_ms"), zip(*zoomed, strict=True), strict=True
        ):
            result[name] = percentiles(seconds)
        result["nearest_ms"] = percentiles(hovered(pane, 300))
    return result


def of_pyqtgraph(count: int, frames: int) -> dict[str, float] | str:
    """Return the frame times of a ScatterPlotItem with so many points."""
    places, labels = many_points(count)
    plot = pg.PlotWidget()
    plot.resize(*PANE)
    brushes = np.array([pg.mkBrush(pg.intColor(label)) for label in range(CLASSES)], object)
    plot.addItem(pg.ScatterPlotItem(places[:, 0], places[:, 1], size=4, pen=None, brush=list(brushes[labels])))
    plot.setRange(xRange=(-4, 4), yRange=(-4, 4))
    plot.show()
    QApplication.processEvents()
    try:
        return _timed(
            lambda turn: (plot.getViewBox().translateBy(x=0.05 * np.sin(turn)), plot.viewport().repaint()), frames
        )
    finally:
        plot.close()
        plot.deleteLater()


def of_datashader(count: int, frames: int) -> dict[str, float] | str:
    """Return the times of datashader to shade a view of so many points."""
    try:
        import datashader
        import pandas as pd
    except ImportError:
        return "not installed"
    places, labels = many_points(count)
    frame = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "label": pd.Categorical(labels)})
    by = datashader.count_cat("label")

    def shade(turn: float) -> None:
        left = -4.0 + 0.5 * np.sin(turn)
        canvas = datashader.Canvas(*PANE, x_range=(left, left + 8.0), y_range=(-4.0, 4.0))
        datashader.transfer_functions.shade(canvas.points(frame, "x", "y", by))

    return _timed(shade, frames)


def _timed(draw: Callable[[float], object], frames: int) -> dict[str, float] | str:
    taken: list[float] = []
    for turn in np.linspace(0.0, 4.0 * np.pi, frames):
        start = time.perf_counter()
        draw(float(turn))
        taken.append(time.perf_counter() - start)
        if taken[-1] > TOO_SLOW_S:
            return f"a frame takes {taken[-1]:.1f} s"
    return percentiles(taken[1:])


def measure(sizes: tuple[int, ...] = SIZES, frames: int = 200, peers: bool = True) -> dict[str, Any]:
    """Return the figures of the map by the number of points, and of others beside it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    make_qt()
    maps = {str(count): of_the_map(count, frames) for count in sizes}
    result: dict[str, Any] = {
        "frame_ms": {count: figures.pop("frame_ms") for count, figures in maps.items()},
        "map": maps,
    }
    if peers:
        for name, peer in (("pyqtgraph", of_pyqtgraph), ("datashader", of_datashader)):
            result[name] = {str(count): peer(count, max(2, frames // 10)) for count in sizes}
    return result


def main() -> None:
    """Parse the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of points, between commas")
    parser.add_argument("--frames", type=int, default=200, help="frames at each zoom")
    parser.add_argument("--no-peers", action="store_true", help="measure nothing else beside the map")
    parser.add_argument("--json", action="store_true", help="on one line")
    options = parser.parse_args()
    figures = measure(tuple(int(size) for size in options.sizes.split(",")), options.frames, not options.no_peers)
    print(json.dumps(figures, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
