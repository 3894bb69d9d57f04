"""The process of the window: start it, notice that it cannot open, end it."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time

from latentscape.caller import Caller
from latentscape.own_path import command

# A window is there within a second or two; on a cold disk and a busy machine it takes longer.
OPENING_SECONDS = 120.0
LOOK_SECONDS = 0.02
GOODBYE_SECONDS = 1.5


class WindowError(RuntimeError):
    """The window could not be opened, or not do what was asked of it, and why."""


def open_window(caller: Caller) -> subprocess.Popen[bytes]:
    """Start the window and return its process when it is there; :class:`WindowError` says why it is not.

    What it needs to know to connect goes through its standard input, where nobody else sees it. It has a session of its
    own: Ctrl-C in a terminal, or the interruption of a notebook, is not meant for it.
    """
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        told.write(json.dumps({"address": caller.address, "key": caller.key.hex()}).encode())
        told.seek(0)
        process = subprocess.Popen(  # noqa: S603
            command("live"), stdin=told, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        end = time.monotonic() + OPENING_SECONDS
        while not caller.shown.wait(LOOK_SECONDS):
            if process.poll() is not None or time.monotonic() > end:
                end_window(process)
                errors.seek(0)
                raise WindowError(_reason(errors.read()))
    return process


def end_window(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a window that was asked to close, and end it by force if it does not."""
    try:
        process.wait(GOODBYE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _reason(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines() or ["the window did not open"]
    return lines[-1].removeprefix("latentscape: ")
