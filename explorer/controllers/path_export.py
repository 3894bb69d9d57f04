"""Export the walk: the decoder decodes its frames, a thread of the window's process writes them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal

from explorer.client.channels import Requests
from explorer.export.animations import Animation, CancelledError, write_animation
from explorer.export.walks import Recipe, write_recipe, write_table
from explorer.state import AppState
from explorer.state.paths import WalkExport
from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.walk_settings import TILE_FRAMES
from models.core.walks import Evidence, Walk
from models.protocol.decoding import Decode, Decoded
from models.protocol.messages import Reply

CHANNEL = "walk export"
# The thread looks so often whether it is to end.
TURN_SECONDS = 0.05


@dataclass(frozen=True)
class _Work:
    """All that the thread needs."""

    wanted: WalkExport
    walk: Walk
    evidence: Evidence | None
    recipe: Recipe
    frames: queue.SimpleQueue[Floats32]


class PathExportController(QObject):
    """Runs one export at a time, with the code of the command line."""

    _ticked = Signal(int, int)
    _ended = Signal(str)

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._reason = ""
        self._ticked.connect(state.paths.exported, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        state.paths.export_requested.connect(self.start)
        state.paths.export_stop_requested.connect(self.stop)
        state.workers.crashed.connect(self._lost)
        state.model.model_changed.connect(self._model_changed)

    def start(self, wanted: WalkExport) -> None:
        """Decode all frames tile by tile, and write them."""
        walk, model = self.state.paths.walk, self.state.model.model
        if walk is None or model is None:
            self.state.paths.end_export("There is no walk to export.")
            return
        self._wait_for_thread()
        self._cancel.clear()
        work = _Work(wanted, walk, self.state.paths.evidence, self._recipe(), queue.SimpleQueue())
        self._thread = threading.Thread(target=self._write, args=(work,), name="walk export", daemon=True)
        self._thread.start()
        self._decode(work, 0)

    def _recipe(self) -> Recipe:
        model, data, paths = self.state.model.model, self.state.model.data, self.state.paths
        name, digest = ("", "") if model is None else (model.name, model.digest)
        if data is None or not paths.settings.needs_data:
            return Recipe(name, digest, paths.key_array(), paths.settings)
        info = data.info
        return Recipe(name, digest, paths.key_array(), paths.settings, info.path, info.digest, info.options)

    def _decode(self, work: _Work, start: int) -> None:
        def answer(reply: Reply) -> None:
            if not isinstance(reply, Decoded):
                self._give_up("The frames could not be decoded. ")
                return
            work.frames.put(reply.images)
            if start + TILE_FRAMES < len(work.walk.z):
                self._decode(work, start + TILE_FRAMES)

        self._requests.ask(CHANNEL, lambda number: Decode(number, work.walk.z[start : start + TILE_FRAMES]), answer)

    def stop(self) -> None:
        """End the export, and leave no part of a file."""
        self._cancel.set()
        self._requests.cancel(CHANNEL)

    def close(self) -> None:
        """End the export and wait for the thread."""
        self.stop()
        self._wait_for_thread()

    def _give_up(self, reason: str) -> None:
        if self._thread is not None:
            self._reason = reason
            self.stop()

    def _model_changed(self) -> None:
        self._give_up("Another model was opened during the export. ")

    def _lost(self, role: str, _text: str, _again: bool) -> None:
        if role == "decoder":
            self._give_up("The decoder stopped during the export; try again when it is ready. ")

    def _wait_for_thread(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _finish(self, text: str) -> None:
        self._wait_for_thread()
        text, self._reason = f"{self._reason}{text}", ""
        self.state.paths.end_export(text)

    # --------------------------------------------------------------------------------------------- in the thread

    def _write(self, work: _Work) -> None:
        wanted = work.wanted
        animation = Animation(wanted.path, wanted.zoom, wanted.rate, wanted.play)
        try:
            frames = self._arriving(work)
            write_animation(animation, frames, len(work.walk.z), self._ticked.emit, self._cancel.is_set)
            if wanted.table is not None and work.evidence is not None:
                write_table(wanted.table, work.walk, work.evidence)
            if wanted.recipe is not None:
                write_recipe(wanted.recipe, work.recipe)
            self._ended.emit(f"{len(work.walk.z)} frames written to {wanted.path}.")
        except CancelledError:
            self._ended.emit(f"Stopped: {wanted.path.name} was not written.")
        except UserError as error:
            self._ended.emit(str(error))
        except MemoryError:
            self._ended.emit(f"{wanted.path}: not enough memory for frames of this size.")

    def _arriving(self, work: _Work) -> Iterator[Floats32]:
        """Yield the frames in the order in which the decoder sends them."""
        for _ in range(0, len(work.walk.z), TILE_FRAMES):
            tile = None
            while tile is None:
                if self._cancel.is_set():
                    raise CancelledError
                try:
                    tile = work.frames.get(timeout=TURN_SECONDS)
                except queue.Empty:
                    continue
            yield from tile
