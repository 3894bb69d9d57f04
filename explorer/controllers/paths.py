"""Find the walk of the path, decode its frames as they are shown, and move the point along it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer

from explorer.client.channels import Requests
from explorer.state import AppState
from models.core.history import run_of
from models.core.images import to_bytes
from models.core.walk_settings import TILE_FRAMES
from models.protocol.decoding import Decode, Decoded
from models.protocol.lifecycle import Dropped, Failed
from models.protocol.messages import Reply
from models.protocol.paths import FindWalk, WalkFound, WalkMeasured, WalkProgress

WALK, FILM = "walk", "film"


class PathsController(QObject):
    """Searches while the pane is shown; a change of the path drops the search that is under way."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._model_path = ""
        self._tiles: list[int] = []
        self._beat = QTimer(self)
        self._beat.timeout.connect(state.paths.advance)
        paths = state.paths
        paths.changed.connect(self._changed)
        paths.wanted_changed.connect(self._search)
        # What the evidence says, and the way on the data, depend on the images.
        for signal in (state.model.data_changed, state.model.embedding_changed):
            signal.connect(self._search_again)
        state.model.model_changed.connect(self._model_changed)
        paths.frames_wanted.connect(self._want)
        paths.frame_changed.connect(self._move)
        paths.playing_changed.connect(self._play)
        paths.stop_requested.connect(self._stop)
        state.workers.crashed.connect(self._lost)

    def _model_changed(self) -> None:
        model = self.state.model.model
        if model is not None:
            run = run_of(model.path)
            same = bool(run) and run == run_of(self._model_path)
            self._model_path = model.path
            if model.digest == self.state.paths.owner:
                self._search_again()
            elif not same:
                self.state.undo.forget_subject(self.state.paths)
            self.state.paths.use(model.digest, same)

    def _lost(self, role: str, _text: str, _again: bool) -> None:
        if role != "decoder":
            return
        self._tiles.clear()
        if self.state.paths.share is not None:
            self.state.paths.fail("The decoder stopped. Change the path to search again.")

    # ------------------------------------------------------------------------------------------------------ the walk

    def _changed(self) -> None:
        self._stop()
        self._search()

    def _search_again(self) -> None:
        self._stop()
        self.state.paths.forget_walk()
        self._search()

    def _search(self) -> None:
        """Request the walk if it is shown and not known."""
        paths = self.state.paths
        if not paths.wanted or not paths.complete or paths.walk is not None or not self._fits():
            return
        if paths.settings.needs_data and self.state.model.embedding is None:
            paths.fail("This kind of walk needs encoded data. Open data for the model.")
            return
        settings, keys = paths.settings, paths.key_array()
        paths.begin_search()
        self._requests.ask(WALK, lambda number: FindWalk(number, settings, keys), self._take)

    def _fits(self) -> bool:
        """Return whether the key points lie in the latent space of the open model."""
        model = self.state.model.model
        return model is not None and all(len(key.z) == model.latent_dim for key in self.state.paths.keys)

    def _take(self, reply: Reply) -> None:
        paths = self.state.paths
        match reply:
            case WalkProgress():
                paths.progress(reply.share)
            case WalkFound():
                paths.take_walk(reply.walk)
            case WalkMeasured():
                paths.take_evidence(reply.evidence)
            case Failed():
                paths.fail(reply.message)
            case Dropped():
                paths.fail("")

    def _stop(self) -> None:
        self._requests.cancel(WALK)
        self._requests.cancel(FILM)
        self._tiles.clear()

    # --------------------------------------------------------------------------------------------------- the frames

    def _want(self, tile: int) -> None:
        """Decode a tile of frames after those that were asked for before."""
        if tile not in self._tiles:
            self._tiles.append(tile)
            if len(self._tiles) == 1:
                self._decode()

    def _decode(self) -> None:
        walk = self.state.paths.walk
        if walk is None or not self._tiles:
            return
        tile = self._tiles[0]
        z = walk.z[tile * TILE_FRAMES : (tile + 1) * TILE_FRAMES]

        def answer(reply: Reply) -> None:
            self._tiles.remove(tile)
            if isinstance(reply, Decoded):
                self.state.paths.take_pictures(tile, to_bytes(reply.images))
            self._decode()

        self._requests.ask(FILM, lambda number: Decode(number, z), answer)

    # ----------------------------------------------------------------------------------------------------- walking

    def _move(self) -> None:
        """Move the current point to the current frame."""
        walk, latent = self.state.paths.walk, self.state.latent
        if walk is not None and self.state.decodable and walk.z.shape[1] == latent.latent_dim:
            self.state.latency.input()
            with latent.part("Walk along the path"):
                latent.set_z(walk.z[self.state.paths.frame].astype(np.float64))

    def _play(self) -> None:
        """Play with the rate of the path; the whole of it is one step to undo."""
        paths = self.state.paths
        if paths.playing:
            self.state.latent.begin("Play the path")
            self._beat.start(round(1000 / paths.rate))
            paths.go(paths.frame)
        else:
            self._beat.stop()
            self.state.latent.end()
