"""Time from a mouse event to the end of the paint that shows its picture."""

from __future__ import annotations

from collections import deque
from time import perf_counter

import numpy as np
from PySide6.QtCore import QObject, Signal

WINDOW = 240


class LatencyMeter(QObject):
    """Times every drag, in milliseconds.

    Views call :meth:`input` where a mouse event arrives, the picture calls :meth:`painted`, the window closes the
    frame with :meth:`frame_ended`.

    Signals
    -------
    shown(float, float)
        The stamp of the input whose picture is on screen now, and the time at which the frame ended, in seconds.
    """

    shown = Signal(float, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stamp: float | None = None
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self._shown: float | None = None
        self._last: float | None = None

    @property
    def owing(self) -> bool:
        """Whether what answers the last input is not on screen yet."""
        return self.stamp != self._last

    def input(self, stamp: float | None = None) -> None:
        """Record that a mouse event arrived, now or at ``stamp`` (seconds of ``perf_counter``)."""
        self.stamp = perf_counter() if stamp is None else stamp

    def painted(self, stamp: float | None) -> None:
        """Record that the picture answering the input at ``stamp`` is in the frame being painted."""
        if stamp is not None and stamp != self._last:
            self._shown = stamp

    def frame_ended(self) -> None:
        """Record that the whole window has been painted."""
        if self._shown is not None:
            now = perf_counter()
            self.recent.append((now - self._shown) * 1e3)
            self._last, self._shown = self._shown, None
            self.shown.emit(self._last, now)

    def quantiles(self) -> tuple[float, float] | None:
        """Return the median and the 99th percentile of the last frames, or None before the first."""
        if not self.recent:
            return None
        p50, p99 = np.percentile(np.array(self.recent), [50, 99])
        return float(p50), float(p99)
