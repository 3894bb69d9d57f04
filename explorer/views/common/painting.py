"""Guard the methods by which Qt paints: it must never see an exception leave one."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath

P = ParamSpec("P")
T = TypeVar("T")


def guarded(paint: Callable[P, None]) -> Callable[P, None]:
    """Report an exception of the paint method ``paint`` to ``sys.excepthook``, and return as if it had painted.

    Qt paints from within C++, which goes on calling other Python methods while an exception is pending: the process
    dies of it. A painter that was passed in gets its state back; one that was opened inside is closed.
    """

    @wraps(paint)
    def guard(*args: P.args, **kwargs: P.kwargs) -> None:
        painter = next((argument for argument in args if isinstance(argument, QPainter)), None)
        if painter is not None:
            painter.save()
        try:
            paint(*args, **kwargs)
        except Exception as error:
            _report(error)
        finally:
            if painter is not None:
                painter.restore()

    return guard


def answering(otherwise: Callable[[], T]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Report an exception of a method that Qt asks while it paints, and answer ``otherwise()`` instead."""

    def decorate(ask: Callable[P, T]) -> Callable[P, T]:
        @wraps(ask)
        def guard(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return ask(*args, **kwargs)
            except Exception as error:
                _report(error)
                return otherwise()

        return guard

    return decorate


def _report(error: Exception) -> None:
    sys.excepthook(type(error), error, error.__traceback__)
    # A painter that was opened in one of the frames ends with it.
    traceback.clear_frames(error.__traceback__)


@cache
def guard_plots() -> None:
    """Guard the items of pyqtgraph, whose axes end the process if a number is too much for them."""
    guards: dict[str, Callable[[Any], Any]] = {
        "paint": guarded, "boundingRect": answering(QRectF), "shape": answering(QPainterPath),
    }  # fmt: skip
    for kind in set(_subclasses(pg.QtWidgets.QGraphicsItem)):
        for name, guard in guards.items():
            if kind.__module__.startswith("pyqtgraph.") and name in vars(kind):
                setattr(kind, name, guard(vars(kind)[name]))


def _subclasses(kind: type) -> Iterator[type]:
    below: type
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)
