"""A virtual X display and its pointer, moved by events of the X server, as by a hand, rather than by Qt."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint

SCREEN = "1600x1000x24"


def start_display() -> Callable[[], None]:
    """Start Xvfb and point Qt at it; return a function that stops it."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]
    try:
        server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise pytest.UsageError("--xvfb needs the program Xvfb; `make test` installs it") from None
    finally:
        os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    if not number:
        raise pytest.UsageError("Xvfb did not start")
    os.environ.update(DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb")

    def stop() -> None:
        server.terminate()
        server.wait()

    return stop


class Pointer:
    """The one pointer of the X display, driven through the XTEST extension."""

    def __init__(self) -> None:
        self._x11 = ctypes.CDLL("libX11.so.6")
        self._xtest = ctypes.CDLL("libXtst.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(None))
        if not self._display:
            raise RuntimeError("there is no X display")

    def move(self, to: QPoint) -> None:
        """Move to a point of the screen, in pixels."""
        self._xtest.XTestFakeMotionEvent(self._display, -1, to.x(), to.y(), ctypes.c_ulong(0))
        self._x11.XSync(self._display, 0)

    def press(self, button: int = 1) -> None:
        """Press a button: 1 left, 2 middle, 3 right; 4 and 5 are the wheel."""
        self._button(button, down=True)

    def release(self, button: int = 1) -> None:
        """Release a button."""
        self._button(button, down=False)

    def close(self) -> None:
        """Close the connection to the display."""
        self._x11.XCloseDisplay(self._display)

    def _button(self, button: int, *, down: bool) -> None:
        self._xtest.XTestFakeButtonEvent(self._display, button, int(down), ctypes.c_ulong(0))
        self._x11.XSync(self._display, 0)
