"""Guard the paint methods: Qt must never see an exception leave one."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from PySide6.QtGui import QPainter

P = ParamSpec("P")


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
            sys.excepthook(type(error), error, error.__traceback__)
            traceback.clear_frames(error.__traceback__)
        finally:
            if painter is not None:
                painter.restore()

    return guard
