"""What a drag paints first, and what may wait: on a slow machine the rest follows piece by piece between frames."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from statistics import median
from time import perf_counter

from PySide6.QtCore import QObject, QTimer

from explorer.state.latency import LatencyMeter

# Quicker frames have room for everything.
FRAME_MS = 16.0
FRAMES = 8
PAUSE_MS = 10
# What takes the decoder long waits so long, so that the next picture finds it idle.
MOMENT_MS = 150
# What has waited so long is done together, but for no longer than this between two frames.
LONGEST_MS, TOGETHER_MS = 60.0, 4.0

Piece = Callable[[], None]


class _Delay(QObject):
    """Does pieces a moment after the first was asked for, or, if it ``restarts``, after the last was."""

    def __init__(self, do: Callable[[Piece], None], restarts: bool, parent: QObject) -> None:
        super().__init__(parent)
        self.pieces: dict[Piece, None] = {}
        self._do, self._restarts = do, restarts
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._end)

    def ask(self, piece: Piece) -> None:
        """Do ``piece`` when the moment is over."""
        self.pieces[piece] = None
        if self._restarts or not self._timer.isActive():
            self._timer.start(MOMENT_MS)

    def _end(self) -> None:
        pieces, self.pieces = list(self.pieces), {}
        for piece in pieces:
            self._do(piece)


class Pace(QObject):
    """Does what need not be in the next frame: at once while frames are quick, else one piece between two of them.

    A piece that is asked for again while it waits is done once, and keeps its turn.
    """

    def __init__(self, latency: LatencyMeter, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latency = latency
        self._waiting: dict[Piece, float] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._do_some)
        self._rare = _Delay(self.later, False, self)
        self._resting = _Delay(self.later, True, self)
        latency.shown.connect(self._after_frame)

    @property
    def strained(self) -> bool:
        """Whether the last frames of a drag took longer than a frame of the screen."""
        newest = list(islice(reversed(self._latency.recent), FRAMES))
        return len(newest) == FRAMES and median(newest) > FRAME_MS

    @property
    def waiting(self) -> bool:
        """Whether something has been put off."""
        return bool(self._waiting)

    @property
    def resting(self) -> bool:
        """Whether nothing has been put off, not even for a moment."""
        return not (self._waiting or self._rare.pieces or self._resting.pieces)

    def later(self, piece: Piece) -> None:
        """Do ``piece`` now, or between the next frames."""
        if not self.strained:
            self._waiting.pop(piece, None)
            piece()
            return
        self._waiting.setdefault(piece, perf_counter())
        if not self._timer.isActive():
            self._timer.start(PAUSE_MS)

    def rarely(self, piece: Piece) -> None:
        """Do ``piece`` after a moment, and once in it however often it is asked for."""
        self._rare.ask(piece)

    def at_rest(self, piece: Piece) -> None:
        """Do ``piece`` when nobody has asked for it for a moment: not while a drag goes on."""
        self._resting.ask(piece)

    def _after_frame(self) -> None:
        """Go on as soon as what the mouse waits for is on screen."""
        if self._waiting:
            self._timer.start(0)

    def _do_some(self) -> None:
        """Do the first piece, and those after it that have waited too long, while there is time."""
        began = perf_counter()
        for place, (piece, since) in enumerate(list(self._waiting.items())):
            early, busy = (began - since) * 1e3 <= LONGEST_MS, (perf_counter() - began) * 1e3 > TOGETHER_MS
            if (early and (place or self._latency.owing)) or (busy and place):
                break
            del self._waiting[piece]
            piece()
        if self._waiting:
            self._timer.start(PAUSE_MS)
