"""A window on a model, from the side of the process that the model lives in."""

from __future__ import annotations

import atexit
import subprocess
import tempfile
from pathlib import Path
from queue import Empty
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from latentscape.caller import Caller
from latentscape.functions import as_array
from latentscape.window import WindowError, end_window, open_window
from latentscape.wire import Close, Move, Points, Select, TakeSnapshot, ToWindow

SNAPSHOT_SECONDS = 30.0
# The window is there before its decoder has loaded TensorFlow and opened the model.
FIRST_SECONDS = 120.0


class View:
    """The window of :func:`latentscape.explore`, as long as it is open; as a context manager it closes at the end.

    The model is answered for by threads of this process, so that a script or a notebook goes on meanwhile, and the
    window closes when this process ends.
    """

    def __init__(self, caller: Caller, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._caller, self._folder = caller, folder
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)
        try:
            self._process = open_window(caller)
        except BaseException:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether the window has been closed."""
        return self._caller.gone.is_set()

    @property
    def z(self) -> NDArray[np.float64]:
        """The current point [d]; of a closed window, where it was last. Setting it moves the point."""
        points = self._points()
        z: NDArray[np.float64] = points.z[points.current].copy()
        return z

    @z.setter
    def z(self, value: Any) -> None:  # noqa: ANN401
        z = as_array(value, "z").astype(np.float64)
        dims = self._caller.description.latent_dim
        if z.shape != (dims,) or not np.isfinite(z).all():
            raise ValueError(f"z should be {dims} finite numbers, not {list(z.shape)}")
        self._tell(Move(z))

    @property
    def points(self) -> dict[str, NDArray[np.float64]]:
        """All points of the window by name, each [d]."""
        points = self._points()
        return {name: z.copy() for name, z in zip(points.names, points.z, strict=True)}

    def select(self, which: str | int) -> None:
        """Make the point of a name current, such as ``"B"``, or move the current one to an image, by its number."""
        if isinstance(which, str) and which not in self._points().names:
            raise ValueError(f"there is no point {which!r}, only {', '.join(self._points().names)}")
        self._tell(Select(which if isinstance(which, str) else int(which)))

    def snapshot(self, path: str | Path) -> Path:
        """Write a picture of the window to a PNG file, once it shows the newest, and return its path.

        WindowError if that cannot be written, or the window is closed.
        """
        target = Path(path).absolute()
        self._tell(TakeSnapshot(str(target)))
        try:
            done = self._caller.done.get(timeout=SNAPSHOT_SECONDS)
        except Empty as error:
            raise WindowError("the window takes no picture: it is stopped, or has no time") from error
        if done.fault:
            raise WindowError(done.fault)
        return target

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the window is closed, or for ``timeout`` seconds; return whether it is. Ctrl-C closes it."""
        try:
            closed = self._caller.gone.wait(timeout)
        except KeyboardInterrupt:
            self.close()
            raise
        if closed:
            self.close()
        return closed

    def close(self) -> None:
        """Close the window."""
        atexit.unregister(self.close)
        self._caller.tell(Close())
        if self._process is not None:
            end_window(self._process)
        self._caller.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Return the view."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the window."""
        self.close()

    def __repr__(self) -> str:
        """Return the title, and whether the window is open."""
        return f"<View of {self._caller.description.title!r}, {'closed' if self.closed else 'open'}>"

    def _points(self) -> Points:
        self._caller.told.wait(FIRST_SECONDS)
        if self._caller.points is None:
            raise WindowError("the window has told nothing of its points")
        return self._caller.points

    def _tell(self, message: ToWindow) -> None:
        self._points()
        if not self._caller.tell(message):
            raise WindowError("the window has been closed")
