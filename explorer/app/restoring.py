"""Bring a stored session back, part by part: what is damaged costs itself and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from explorer.app.path_session import restore_paths
from explorer.state import AppState
from explorer.state.display import Axes
from explorer.state.latent import POINT_NAMES, LatentSnapshot, Point, PointSource, SourceKind
from explorer.state.shelf import Belongings

LARGEST_SEED = 2**31 - 1
# That of a path.
LONGEST_TEXT = 4096
LARGEST_SIDE = 4096
T = TypeVar("T")
# What a value of another type, size or name raises while it is read.
NONSENSE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


class Restoring:
    """Reads a session into the state; :attr:`lost` are the names of the parts that make no sense."""

    def __init__(self, state: AppState, session: dict[str, Any]) -> None:
        self._state, self._session = state, session
        self.lost: list[str] = []

    def restore(self) -> list[str]:
        """Restore every part that can be, and return the names of the others."""
        parts: dict[str, Callable[[], None]] = {
            "points": self._points, "points of other models": self._left, "held value": self._hold, "seed": self._seed,
            "decode mode": self._mode, "filter": self._filter, "recent files": self._recent, "hints": self._hints,
            "paths": self._paths,
        }  # fmt: skip
        for name, part in parts.items():
            try:
                part()
            except NONSENSE:
                self.lost.append(name)
        return self.lost

    def _points(self) -> None:
        """Restore the points, and with them the plane and the dimension, which mean nothing without."""
        state, session = self._state, self._session
        state.latent.restore(self._latent(session))
        owner = self._read("the model of the points", lambda: _text(session.get("owner", "")), "")
        state.shelf.adopt(owner, self._read("its file", lambda: _text(session.get("owner_path", "")), ""))
        dims, view = state.latent.latent_dim, state.display
        view.set_axes(self._read("map axes", lambda: axes_from_json(session["axes"], dims), view.axes))
        view.set_dimension(self._read("dimension", lambda: _within(session["dimension"], dims), 0))

    def _latent(self, entry: dict[str, Any]) -> LatentSnapshot:
        """Return the points of an entry that can be read, ValueError if none can."""
        found = self._readable(entry["points"])
        if not found:
            raise ValueError("there is no point")
        points = tuple(found.values())
        current = self._read("the current point", lambda: _within(entry["current"], len(entry["points"])), 0)
        at = list(found).index(current) if current in found else 0
        dims = len(points[0].z)
        none: tuple[int, ...] = ()
        locked = self._read("locks", lambda: tuple(sorted({_within(dim, dims) for dim in entry["locked"]})), none)
        return LatentSnapshot(points, at, locked)

    def _read(self, name: str, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except NONSENSE:
            self.lost.append(name)
            return otherwise

    def _readable(self, entries: list[Any]) -> dict[int, Point]:
        """Return the points that can be read, by their place in the list."""
        points: dict[int, Point] = {}
        for place, entry in enumerate(entries):
            try:
                point = point_from_json(entry)
                if any(len(point.z) != len(other.z) or point.name == other.name for other in points.values()):
                    raise ValueError("it is none beside the others")
                points[place] = point
            except NONSENSE:
                self.lost.append(f"point {place + 1}")
        return points

    def _left(self) -> None:
        for digest, entry in self._session.get("left", {}).items():
            try:
                latent, dims = self._latent(entry), len(entry["points"][0]["z"])
                dimension, axes = _within(entry["dimension"], dims), axes_from_json(entry["axes"], dims)
                self._state.shelf.kept[digest] = Belongings(latent, dimension, axes, _text(entry["path"]))
            except NONSENSE:
                self.lost.append("the points of a model")

    def _hold(self) -> None:
        self._state.latent.set_hold("z" if self._session.get("hold") == "z" else "eps")

    def _seed(self) -> None:
        self._state.display.set_seed(_within(self._session["seed"], LARGEST_SEED + 1))

    def _mode(self) -> None:
        match self._session["decode_mode"]:
            case "mu" | "sample" | "mean" as mode:
                self._state.display.set_decode_mode(mode)
            case other:
                raise ValueError(f"there is no mode {other!r}")

    def _filter(self) -> None:
        self._state.display.set_active_only(bool(self._session.get("active_only")))

    def _hints(self) -> None:
        hints = self._session.get("hints")
        self._state.hints.offer(hints if isinstance(hints, list) else ())

    def _paths(self) -> None:
        restore_paths(self._state.paths, self._session.get("paths", {}))

    def _recent(self) -> None:
        self._state.model.set_recent([str(path) for path in list(self._session["recent"])])


def point_from_json(entry: dict[str, Any]) -> Point:
    """Return a stored point; raises one of :data:`NONSENSE` if it is none."""
    mu, sigma, z = (np.array(entry[key], np.float64) for key in ("mu", "sigma", "z"))
    if mu.ndim != 1 or sigma.ndim != 1 or z.ndim != 1 or not len(mu):
        raise ValueError("a vector is none")
    if entry["name"] not in set(POINT_NAMES):
        raise ValueError("it has no name")
    index = None if entry["index"] is None else _within(entry["index"], 2**62)
    kind: SourceKind = entry["kind"] if entry["kind"] in ("data", "picture") else "prior"
    text, model, data = (_text(entry[key]) for key in ("text", "model", "data"))
    return Point(entry["name"], mu, sigma, z, PointSource(kind, text, index, _image(entry), model, data))


def _image(entry: dict[str, Any]) -> NDArray[np.uint8] | None:
    """Return the stored image [h, w, 1 or 3] of a point, if it has one."""
    if entry["image"] is None:
        return None
    height, width, channels = (int(size) for size in entry["shape"])
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE and channels in (1, 3)):
        raise ValueError("it has no image of a plausible size")
    return np.frombuffer(base64.b64decode(entry["image"]), np.uint8).reshape(height, width, channels)


def axes_from_json(axes: object, dims: int) -> Axes:
    """Return the stored plane of a map of this many dimensions; raises one of :data:`NONSENSE` if it is none."""
    if axes == "pca":
        return "pca"
    if not isinstance(axes, list) or len(axes) != 2:
        raise TypeError("there are two axes")
    return _within(axes[0], dims), _within(axes[1], dims)


def _within(value: object, end: int) -> int:
    """Return a stored whole number from 0 on and below ``end``."""
    if not isinstance(value, int) or not 0 <= value < end:
        raise ValueError(f"{value!r} does not lie between 0 and {end - 1}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value[:LONGEST_TEXT]
