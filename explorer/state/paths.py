"""The path: its key points, how they are joined, the walk that was found, and its current frame."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from explorer.state.gestures import Gestures
from models.core.arrays import Floats64, Vector
from models.core.walk_settings import MOST_KEYS, TILE_FRAMES, Play, WalkSettings
from models.core.walks import Evidence, Walk

Bytes = NDArray[np.uint8]
TILES_KEPT = 16
# A key point that has left its image is not called by it alone.
MOVED = ", moved"


@dataclass(frozen=True)
class PathKey:
    """A key point: what it is called, and its z."""

    name: str
    z: tuple[float, ...]


@dataclass(frozen=True)
class PathSnapshot:
    """All that undo brings back."""

    keys: tuple[PathKey, ...] = ()
    settings: WalkSettings = field(default_factory=WalkSettings)


@dataclass(frozen=True)
class WalkExport:
    """What is written of the walk; ``table`` and ``recipe`` are files beside it, if they are wanted."""

    path: Path
    zoom: int
    rate: float
    play: Play
    table: Path | None = None
    recipe: Path | None = None


class PathState(Gestures):
    """The path of the open model; those of other models wait for their return.

    Signals
    -------
    changed
        Key points or settings changed: another walk is wanted.
    walk_changed
        :attr:`walk`, :attr:`evidence`, :attr:`share` or :attr:`fault` changed.
    frame_changed
        Another frame became current.
    film_changed
        Pictures of frames came.
    wanted_changed, playing_changed
        The walk is wanted, or played, or no more.
    frames_wanted(int)
        A tile of frames is to be decoded.
    stop_requested
        The search for the walk is to end.
    export_requested(WalkExport), export_stop_requested, exported(int, int), export_ended(str)
        An export, its progress and its end.
    """

    changed = Signal()
    walk_changed = Signal()
    frame_changed = Signal()
    film_changed = Signal()
    wanted_changed = Signal()
    playing_changed = Signal()
    frames_wanted = Signal(int)
    stop_requested = Signal()
    export_requested = Signal(object)
    export_stop_requested = Signal()
    exported = Signal(int, int)
    export_ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = PathSnapshot()
        self.owner = ""
        self.left: dict[str, PathSnapshot] = {}
        self.walk: Walk | None = None
        self.evidence: Evidence | None = None
        self.share: float | None = None
        self.fault = ""
        self.frame = 0
        self.wanted = self.playing = self.exporting = False
        self.play_mode: Play = "loop"
        self.rate = 20
        self._back = False
        self._film: OrderedDict[int, Bytes] = OrderedDict()

    # -------------------------------------------------------------------------------------------------- what is asked

    @property
    def keys(self) -> tuple[PathKey, ...]:
        """The key points, in the order of walking."""
        return self._now.keys

    @property
    def settings(self) -> WalkSettings:
        """How they are joined."""
        return self._now.settings

    @property
    def complete(self) -> bool:
        """Whether there are enough key points for a walk."""
        return len(self.keys) >= self.settings.fewest_keys

    def key_array(self) -> Floats64:
        """Return the key points as an array [k, d]."""
        return np.array([key.z for key in self.keys])

    def snapshot(self) -> PathSnapshot:
        """Return key points and settings."""
        return self._now

    def restore(self, snapshot: PathSnapshot) -> None:
        """Return to key points and settings as they were."""
        self._now = snapshot
        self.forget_walk()
        self.changed.emit()

    def add_key(self, name: str, z: Vector) -> None:
        """Add a key point at the end of the path; no more than a path may have."""
        if len(self.keys) < MOST_KEYS:
            self._set_keys(f"Add {name} to the path", (*self.keys, PathKey(name, tuple(z.tolist()))))

    def move_key(self, index: int, z: Vector) -> None:
        """Move a key point to ``z`` [d]; it keeps its place on the path, and is called moved."""
        moved = PathKey(f"{self.keys[index].name.removesuffix(MOVED)}{MOVED}", tuple(z.tolist()))
        keys = (*self.keys[:index], moved, *self.keys[index + 1 :])
        self._set_keys(f"Move {self.keys[index].name} on the path", keys)

    def remove_key(self, index: int) -> None:
        """Remove a key point from the path."""
        kept = tuple(key for place, key in enumerate(self.keys) if place != index)
        self._set_keys(f"Remove {self.keys[index].name} from the path", kept)

    def reverse(self) -> None:
        """Walk the other way."""
        self._set_keys("Reverse the path", self.keys[::-1])

    def clear(self) -> None:
        """Remove all key points from the path."""
        self._set_keys("Clear the path", ())

    def _set_keys(self, text: str, keys: Sequence[PathKey]) -> None:
        with self.part(text):
            self.restore(replace(self._now, keys=tuple(keys)))

    def change(self, **values: Any) -> None:  # noqa: ANN401
        """Change settings, as one step; those that stay the same are none."""
        settings = replace(self.settings, **values)
        if settings != self.settings:
            with self.part("Change the path"):
                self.restore(replace(self._now, settings=settings))

    def use(self, owner: str, same: bool) -> None:
        """Let the path be that of another model, by its digest; ``same`` says that it is one at another time."""
        if owner == self.owner:
            return
        if not same and self.owner:
            self.left[self.owner] = self._now
        before = self._now if same or not self.owner else replace(self._now, keys=())
        self.owner = owner
        self.restore(self.left.pop(owner, before))

    # ------------------------------------------------------------------------------------------------- what was found

    def set_wanted(self, wanted: bool) -> None:
        """Record whether the walk is shown."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.wanted_changed.emit()

    def begin_search(self) -> None:
        """Record that a search for the walk is under way."""
        self.share, self.fault = 0.0, ""
        self.walk_changed.emit()

    def progress(self, share: float) -> None:
        """Record how much of the search is done."""
        self.share = share
        self.walk_changed.emit()

    def take_walk(self, walk: Walk) -> None:
        """Show a walk; its evidence follows."""
        self.walk, self.evidence = walk, None
        self._film.clear()
        self.frame = min(self.frame, len(walk.z) - 1)
        self.walk_changed.emit()

    def take_evidence(self, evidence: Evidence) -> None:
        """Show the evidence along the walk."""
        self.evidence, self.share = evidence, None
        self.walk_changed.emit()

    def fail(self, reason: str) -> None:
        """Say why there is no walk."""
        self.share, self.fault = None, reason
        self.walk_changed.emit()

    def stop(self) -> None:
        """Give up the search."""
        self.stop_requested.emit()
        self.fail("Stopped. Change the path to search again.")

    def forget_walk(self) -> None:
        """Forget the walk: another one is wanted."""
        self.walk = self.evidence = self.share = None
        self.fault, self.frame = "", 0
        self._film.clear()
        self.set_playing(False)
        self.walk_changed.emit()

    def picture(self, frame: int) -> Bytes | None:
        """Return the picture of a frame, uint8 [h, w, c]; one that is not there is asked for."""
        tile = self._film.get(frame // TILE_FRAMES)
        if tile is None:
            self.frames_wanted.emit(frame // TILE_FRAMES)
            return None
        self._film.move_to_end(frame // TILE_FRAMES)
        picture: Bytes = tile[frame % TILE_FRAMES]
        return picture

    def take_pictures(self, tile: int, pictures: Bytes) -> None:
        """Keep the pictures of a tile, uint8 [n, h, w, c], and drop those that were looked at longest ago."""
        self._film[tile] = pictures
        while len(self._film) > TILES_KEPT:
            self._film.popitem(last=False)
        self.film_changed.emit()

    # ---------------------------------------------------------------------------------------------------- walking

    def go(self, frame: int) -> None:
        """Go to a frame."""
        if self.walk is not None:
            self.frame = min(max(frame, 0), len(self.walk.z) - 1)
            self.frame_changed.emit()

    def set_play(self, mode: Play, rate: int) -> None:
        """Choose what happens at the end of the walk, and how many frames per second are shown."""
        playing = self.playing
        self.set_playing(False)
        self.play_mode, self.rate, self._back = mode, rate, False
        self.set_playing(playing)

    def set_playing(self, playing: bool) -> None:
        """Play the walk, or stop."""
        playing = playing and self.walk is not None
        if playing != self.playing:
            self.playing, self._back = playing, False
            if playing and self.walk is not None and self.frame == len(self.walk.z) - 1:
                self.frame = 0
            self.playing_changed.emit()

    def advance(self) -> None:
        """Go to the next frame of the walk that is played."""
        if self.walk is None:
            return
        last, step = len(self.walk.z) - 1, -1 if self._back else 1
        following = self.frame + step
        if not 0 <= following <= last:
            if self.play_mode == "once":
                self.set_playing(False)
                return
            self._back = self.play_mode == "ping-pong" and following > last
            following = self.frame + (-1 if self._back else 1) if self.play_mode == "ping-pong" else 0
        self.go(following)

    # ------------------------------------------------------------------------------------------------------ export

    def export(self, wanted: WalkExport) -> None:
        """Ask for an export."""
        self.exporting = True
        self.export_requested.emit(wanted)

    def stop_export(self) -> None:
        """Ask for the export to end."""
        self.export_stop_requested.emit()

    def end_export(self, text: str) -> None:
        """Record how the export has ended, in one sentence."""
        self.exporting = False
        self.export_ended.emit(text)
