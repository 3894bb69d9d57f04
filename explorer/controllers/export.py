"""Export samples: the decoder draws, a thread of the window's process writes, so that nothing waits for a disk."""

from __future__ import annotations

import queue
import threading

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal

from explorer.client.channels import Answer, Requests
from explorer.export.names import remove_earlier
from explorer.export.series import Series
from explorer.state import AppState
from explorer.state.export import PREVIEW_IMAGES, ExportSettings
from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.files import naming
from models.protocol.decoding import Sample, SampleTile
from models.protocol.messages import Reply

REPORT_EVERY = 16


class ExportController(QObject):
    """Runs one export at a time; previews share nothing with it but the way of drawing."""

    _ticked = Signal(int, int)
    _ended = Signal(str)

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._tiles: queue.SimpleQueue[SampleTile | None] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._reason = ""
        self._ticked.connect(state.export.progressed, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        state.export.preview_requested.connect(self.preview)
        state.export.start_requested.connect(self.start)
        state.export.cancel_requested.connect(self.cancel)
        state.workers.crashed.connect(self._worker_lost)

    def preview(self, settings: ExportSettings) -> None:
        """Draw the first images of what would be exported."""
        self._ask("preview", settings, min(settings.count, PREVIEW_IMAGES), self._previewed)

    def _previewed(self, reply: Reply) -> None:
        if isinstance(reply, SampleTile):
            self.state.export.set_preview(reply.images)

    def start(self, settings: ExportSettings) -> None:
        """Draw all images and write them as they come."""
        model = self.state.model.model
        if model is None:
            self.state.export.finish("There is no model to sample from yet.")
            return
        self._wait_for_thread()
        mu, sigma = self._spread(settings)
        self._cancel.clear()
        series = Series(
            settings.folder, mu, sigma, settings.seed, model.name, model.digest, settings.zoom, settings.pictures,
            settings.sheet, settings.tables, self._tick, self._cancel.is_set, self._image(settings),
        )  # fmt: skip
        self._tiles = queue.SimpleQueue()
        arguments = (series, self._tiles, settings.replace)
        self._thread = threading.Thread(target=self._write, args=arguments, name="export", daemon=True)
        self._thread.start()
        self._ask("export", settings, settings.count, self._drawn)

    def cancel(self) -> None:
        """Stop drawing and writing; what is written stays."""
        self._cancel.set()
        self._requests.cancel("export")
        self._tiles.put(None)

    def close(self) -> None:
        """Stop and wait for the thread."""
        self.cancel()
        self._wait_for_thread()

    def _wait_for_thread(self) -> None:
        """Join the thread: told to stop, or having said how it ended, it is gone within one picture."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _worker_lost(self, role: str, text: str, again: bool) -> None:
        if role == "decoder" and self._thread is not None:
            self._reason = "The decoder stopped during the export; try again when it is ready. "
            self.cancel()

    def _spread(self, settings: ExportSettings) -> tuple[Floats32, Floats32]:
        point = self.state.latent.point
        ones = np.ones(len(point.z), np.float32)
        match settings.source:
            case "prior":
                return 0 * ones, ones
            case "around":
                return point.z.astype(np.float32), np.float32(settings.spread) * ones
            case "posterior":
                return point.mu.astype(np.float32), point.sigma.astype(np.float32)

    def _image(self, settings: ExportSettings) -> str:
        """Return the name of the image that the samples come from, empty if there is none."""
        point = self.state.latent.point
        moved = settings.source == "around" and not point.untouched
        return "" if settings.source == "prior" or moved else self.state.model.image_name(point)

    def _ask(self, channel: str, settings: ExportSettings, count: int, answer: Answer) -> None:
        mu, sigma = self._spread(settings)
        if self.state.model.model is not None:
            self._requests.ask(
                channel,
                lambda n: Sample(n, settings.source, count, settings.seed, mu, sigma, settings.spread),
                answer,
            )

    def _drawn(self, reply: Reply) -> None:
        if isinstance(reply, SampleTile):
            self._tiles.put(reply)
        else:
            self.cancel()

    def _tick(self, written: int, total: int) -> None:
        if written % REPORT_EVERY == 0 or written == total:
            self._ticked.emit(written, total)

    def _write(self, series: Series, tiles: queue.SimpleQueue[SampleTile | None], replace: bool) -> None:
        try:
            if replace:
                with naming(series.folder):
                    remove_earlier(series.folder)
            self._ended.emit(_write_all(series, tiles))
        except UserError as error:
            self._ended.emit(str(error))
        except MemoryError:
            self._ended.emit(f"{series.folder}: not enough memory for a contact sheet of this size.")

    def _finish(self, text: str) -> None:
        self._wait_for_thread()
        self._requests.cancel("export")
        text, self._reason = f"{self._reason}{text}", ""
        self.state.export.finish(text)


def _write_all(series: Series, tiles: queue.SimpleQueue[SampleTile | None]) -> str:
    while (tile := tiles.get()) is not None and series.add(tile):
        if tile.start + len(tile.z) >= tile.total:
            series.finish()
            return series.outcome(tile.total)
    written = series.written if series.pictures else 0
    return f"Stopped: {written} samples written to {series.folder}."
