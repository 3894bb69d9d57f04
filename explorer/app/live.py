"""The window as a person's own Python process sees it: it is told of the points, and does what it is told."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice, QObject, Qt, QTimer, Signal

from explorer.client.live import Live
from explorer.controllers.decoder import DecoderController
from explorer.state import AppState
from latentscape.wire import Close, Done, Move, Points, Remark, Seen, Select, Shown, TakeSnapshot
from models.core.errors import UserError
from models.core.files import output_file

if TYPE_CHECKING:
    from explorer.app.main_window import MainWindow

LOOK_MS = 20
# A picture of the window waits for the newest answers, but not for ever.
SNAPSHOT_LOOKS = 500


class LiveLink(QObject):
    """The window's end of its line to the person's process; a thread reads it.

    Signals
    -------
    ended
        The window is to close: the process asks for it, or has gone.
    """

    ended = Signal()
    _arrived = Signal(object)

    def __init__(
        self, live: Live, state: AppState, decoder: DecoderController, window: MainWindow, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._connection, self.state, self._decoder, self._window = live.connection, state, decoder, window
        # The process has seen what it was told last; until then it is told nothing newer.
        self._seen, self._newer = True, False
        # An image that was selected before the images were encoded.
        self._wanted: int | None = None
        self._snapshots: list[str] = []
        self._looks = 0
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self._take_snapshot)
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)
        latent = state.latent
        for changed in (state.model.model_changed, latent.moved, latent.points_changed, latent.current_changed):
            changed.connect(self._tell_points)
        state.model.embedding_changed.connect(self._select_wanted)
        self._reader = threading.Thread(target=self._read, name="read-python", daemon=True)
        self._reader.start()
        self._send(Shown())

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _read(self) -> None:
        try:
            while True:
                self._arrived.emit(self._connection.recv())
        except (EOFError, OSError):
            self._arrived.emit(Close())
        except RuntimeError:
            # The window is gone.
            return

    def _take(self, message: object) -> None:
        match message:
            case Seen():
                self._seen = True
                if self._newer:
                    self._tell_points()
            case Remark(level, text, details):
                self.state.notices.notice(level, text)
                if details:
                    self.state.notices.log(details.rstrip())
            case Move() | Select() if not self._shows_live:
                self.state.notices.notice("info", "Python moves points of its own model, but another one is open.")
            case Move(z):
                with self.state.latent.step("Move from Python"):
                    self.state.latent.set_z(z)
            case Select(which):
                self._select(which)
            case TakeSnapshot(path):
                self._snapshots.append(path)
                self._looks = 0
                self._looking.start()
            case Close():
                self.ended.emit()

    @property
    def _shows_live(self) -> bool:
        """Whether the points are those of the process's model."""
        model = self.state.model.model
        return model is not None and model.live and self.state.decodable

    def _tell_points(self) -> None:
        latent = self.state.latent
        if not self._shows_live:
            return
        self._newer = not self._seen
        if self._seen:
            self._seen = False
            names = tuple(point.name for point in latent.points)
            self._send(Points(names, np.stack([point.z for point in latent.points]), latent.index))

    def _select(self, which: str | int) -> None:
        latent = self.state.latent
        names = [point.name for point in latent.points]
        if isinstance(which, int):
            self._select_image(which)
        elif which in names:
            latent.set_current(names.index(which))

    def _select_image(self, index: int) -> None:
        """Give the current point the code of an image, as soon as the images are encoded."""
        found = self.state.model.posterior_of(index)
        if found is not None:
            with self.state.latent.step(f"Select image {index}"):
                self.state.latent.set_posterior(*found)
        elif any(self._decoder.requests.under_way(channel) is not None for channel in ("data", "embedding")):
            self._wanted = index
        else:
            self.state.notices.notice("warning", f"There is no image {index} on the map.")

    def _select_wanted(self) -> None:
        wanted = self._wanted
        if wanted is not None and self.state.model.embedded:
            self._wanted = None
            self._select_image(wanted)

    # ------------------------------------------------------------------------------------------------- the snapshot

    def _take_snapshot(self) -> None:
        """Write the snapshots that were asked for once the window shows the newest."""
        self._looks += 1
        if (self._decoder.requests.busy or self.state.pace.waiting) and self._looks < SNAPSHOT_LOOKS:
            return
        self._looking.stop()
        paths, self._snapshots = self._snapshots, []
        for path in paths:
            self._send(Done(self._written(Path(path))))

    def _written(self, path: Path) -> str:
        """Write a picture of the window to a file and return why not, if it cannot be written."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._window.grab().save(buffer, "PNG")
        try:
            with output_file(path) as draft:
                draft.write_bytes(bytes(buffer.data().data()))
        except UserError as error:
            return str(error)
        return ""

    def _send(self, message: Shown | Points | Done) -> None:
        try:
            self._connection.send(message)
        except OSError:
            # The reader notices that the process has gone.
            return
