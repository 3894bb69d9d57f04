"""The meters of the tour: gaps of the event loop, drags to pixels, times from the start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from time import perf_counter

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from explorer.state.latency import LatencyMeter
from models.core.memory import resident_bytes

TICK_MS = 4
IMPORT_TIMEOUT_SECONDS = 120.0


class LoopMeter(QObject):
    """A precise timer whose late ticks show where the event loop was held up; ``ticked`` drives the tour."""

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.phase: str | None = None
        self.gaps: dict[str, list[float]] = defaultdict(list)
        self._last: float | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Start ticking."""
        self._timer.start()

    def stop(self) -> None:
        """Stop ticking."""
        self._timer.stop()

    def enter(self, phase: str | None) -> None:
        """Count gaps for a phase from now on; None counts none."""
        self.phase, self._last = phase, None

    def _tick(self) -> None:
        now = perf_counter()
        if self._last is not None and self.phase is not None:
            self.gaps[self.phase].append((now - self._last) * 1e3)
        self._last = now
        self.ticked.emit()

    def figures(self) -> dict[str, dict[str, float]]:
        """Return p99 and the largest gap per phase, in milliseconds."""
        return {
            phase: {"p99": _round(np.percentile(gaps, 99)), "max": _round(max(gaps))}
            for phase, gaps in self.gaps.items()
        }


class DragMeter(QObject):
    """Counts every move: its latency ends when its own picture, or that of a newer move, is on screen.

    The interval of a frame is how long the mouse saw nothing new: from the last frame, or from the first move after it.
    """

    def __init__(self, meter: LatencyMeter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[float] = []
        self.latencies: dict[str, list[float]] = defaultdict(list)
        self.intervals: dict[str, list[float]] = defaultdict(list)
        self.phase = "idle"
        self._last_frame = 0.0
        meter.shown.connect(self._shown)

    def moved(self, stamp: float | None) -> None:
        """Count a move that was handed to the window; ``stamp`` is the time it arrived."""
        if stamp is not None:
            self._waiting.append(stamp)

    @property
    def settled(self) -> bool:
        """Whether all moves have been answered on screen."""
        return not self._waiting

    def _shown(self, stamp: float, now: float) -> None:
        answered = [move for move in self._waiting if move <= stamp]
        if answered:
            self.intervals[self.phase].append((now - max(self._last_frame, answered[0])) * 1e3)
        for move in answered:
            self._waiting.remove(move)
            self.latencies[self.phase].append((now - move) * 1e3)
        self._last_frame = now

    def per_decode(self, decode_ms: float) -> dict[str, dict[str, float]]:
        """Return median and p99 of the latency per phase, as multiples of a bare decode of ``decode_ms``."""
        return {
            phase: {name: _round(quantiles(values)[name] / decode_ms) for name in ("p50", "p99")}
            for phase, values in self.latencies.items()
        }

    def figures(self) -> dict[str, dict[str, dict[str, float]]]:
        """Return median, p99 and largest latency and interval per phase, in milliseconds."""
        return {
            "drag_to_pixels_ms": {phase: quantiles(values) for phase, values in self.latencies.items()},
            "frame_interval_ms": {phase: quantiles(values) for phase, values in self.intervals.items()},
        }


def quantiles(values: list[float]) -> dict[str, float]:
    """Return median, p99, maximum and number of some milliseconds."""
    p50, p99 = np.percentile(values, [50, 99])
    return {"p50": _round(p50), "p99": _round(p99), "max": _round(max(values)), "n": len(values)}


def _round(value: float) -> float:
    return round(float(value), 3)


def process_age() -> float:
    """Return the seconds since this process was started; without ``/proc``, the CPU seconds it has used."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return time.process_time()
    ticks = int(stat.read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def import_seconds() -> float:
    """Return how long ``import tensorflow`` alone takes in a fresh interpreter, start of Python not counted."""
    code = "import time; t = time.perf_counter(); import tensorflow; print(time.perf_counter() - t)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=IMPORT_TIMEOUT_SECONDS, check=True
    )
    return round(float(done.stdout.split()[-1]), 3)


def memory_mb() -> float | None:
    """Return the resident memory of this process in MB, None where it cannot be read."""
    held = resident_bytes()
    return round(held / 2**20, 1) if held else None
