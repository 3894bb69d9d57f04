"""Lay out the points of the map: few of them at once, many in a thread, so that the window never waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from explorer.views.latent_map.cells import PIECE, Cells, Coordinates
from explorer.views.latent_map.density import Palette, Pyramid, pyramid_of
from explorer.views.latent_map.names import class_places
from models.core.arrays import Floats32, Matrix
from models.core.geometry import Projection

# More points than these take longer than a frame.
AT_ONCE = 50_000
# Of more points than these, a sample says where the names of the classes stand.
NAMED_BY = 20_000

Labels = NDArray[np.int64]
Steps = Generator[None, None, "Laid"]


@dataclass(frozen=True)
class Laid:
    """Points that were laid out, with the places of the names of their classes, and pictures if they are many."""

    cells: Cells
    labels: Labels
    names: dict[int, str]
    places: dict[int, Matrix]
    pyramid: Pyramid


def laid_at_once(xy: Coordinates, labels: Labels, names: dict[int, str]) -> Laid:
    """Lay out some points, without pictures."""
    step = max(1, len(xy) // NAMED_BY)
    places = class_places(np.asarray(xy[::step], np.float64), np.asarray(labels[::step]), tuple(names))
    return Laid(Cells(xy, labels, tuple(names) or (-1,)), labels, names, places, Pyramid([]))


NOTHING = laid_at_once(np.zeros((0, 2)), np.zeros(0, np.int64), {})


def laying(plane: Projection, means: Floats32, labels: Labels, names: dict[int, str], palette: Palette) -> Steps:
    """Project ``means`` [n, d] and lay them out with pictures of the classes of the ``palette``, in steps."""
    xy = np.empty((len(means), 2), np.float32)
    for start in range(0, len(means), PIECE):
        part = slice(start, start + PIECE)
        xy[part] = plane.cloud_to_plane(means[part])
        yield
    laid = laid_at_once(xy, labels, names)
    yield
    return (yield from picturing(laid, palette))


def picturing(laid: Laid, palette: Palette) -> Steps:
    """Give points that are laid out pictures of the classes of the ``palette``, in steps."""
    pyramid = yield from pyramid_of(laid.cells, palette)
    return Laid(laid.cells, laid.labels, laid.names, laid.places, pyramid)


class Layouter(QObject):
    """Does the newest work that was asked for, in a thread; ``busy`` while it does.

    Signals
    -------
    laid(Laid)
        The newest work is done.
    failed(str)
        It could not be done, for this reason.
    """

    laid = Signal(object)
    failed = Signal(str)
    _finished = Signal(object, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.busy = False
        self._number = 0
        self._thread: threading.Thread | None = None
        self._finished.connect(self._finish)

    def ask(self, work: Callable[[], Steps]) -> None:
        """Do ``work`` instead of what is under way."""
        self.stop()
        self.busy = True
        arguments = work, self._number, self._thread
        self._thread = threading.Thread(target=self._do, args=arguments, name="lay-map", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Drop the work under way."""
        self._number += 1
        self.busy = False

    def close(self) -> None:
        """Drop the work under way and wait until its thread has ended."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def _do(self, work: Callable[[], Steps], number: int, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        try:
            answer: Laid | str | None = self._result(work(), number)
        except MemoryError:
            answer = "there is not enough memory for a map of this many points"
        except OSError as error:
            answer = str(error)
        if answer is not None and number == self._number:
            self._finished.emit(answer, number)

    def _result(self, steps: Steps, number: int) -> Laid | None:
        """Return the result of some work, None if other work is wanted meanwhile."""
        while number == self._number:
            try:
                next(steps)
            except StopIteration as end:
                laid: Laid = end.value
                return laid
        return None

    def _finish(self, answer: object, number: int) -> None:
        if number != self._number:
            return
        self.busy = False
        if isinstance(answer, str):
            self.failed.emit(answer)
        else:
            self.laid.emit(answer)
