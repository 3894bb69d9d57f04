"""The session as JSON: points, choices, open files and the look of the window."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_data_path

from explorer.state import AppState
from explorer.state.display import Axes
from explorer.state.latent import Point, PointSource, SourceKind
from models.core.errors import UserError
from models.core.files import output_file, reason_of
from models.core.reading import read_file

VERSION = 1
LARGEST_BYTES = 20_000_000
LARGEST_SEED = 2**31 - 1


def session_path() -> Path:
    """Return where the session of this person is kept."""
    return user_data_path("latentscape") / "session.json"


def capture(state: AppState) -> dict[str, Any]:
    """Return the state of points, choices and open files as JSON values."""
    model, data, view, latent = state.model.model, state.model.data, state.display, state.latent
    return {
        "version": VERSION,
        "model": None if model is None else model.path,
        "data": None if data is None else data.info.path,
        "recent": state.model.recent,
        "points": [_point_to_json(point) for point in latent.points],
        "current": latent.index,
        "locked": np.flatnonzero(latent.locked).tolist(),
        "hold": latent.hold,
        "axes": view.axes if view.axes == "pca" else list(view.axes),
        "dimension": view.dimension,
        "decode_mode": view.decode_mode,
        "seed": view.seed,
        "active_only": view.active_only,
        "hints": list(state.hints.open),
    }


def restore(state: AppState, session: dict[str, Any]) -> None:
    """Put points and choices back; raises :class:`UserError` before anything is changed."""
    try:
        points = tuple(_point_from_json(entry) for entry in session["points"])
        dims = {len(point.z) for point in points}
        current, axes = int(session["current"]), session["axes"]
        plane: Axes = "pca" if axes == "pca" else (int(axes[0]), int(axes[1]))
        chosen, seed = int(session["dimension"]), int(session["seed"])
        mode, locked = session["decode_mode"], [int(dim) for dim in session["locked"]]
        recent = [str(path) for path in session["recent"]]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise UserError("session", f"it does not hold what it should ({error})") from error
    count = dims.pop() if len(dims) == 1 else 0
    if not 0 <= current < len(points) or not 0 <= chosen < count or mode not in ("mu", "sample", "mean"):
        raise UserError("session", "it contradicts itself")
    if not 0 <= seed <= LARGEST_SEED or (plane != "pca" and min(plane) < 0):
        raise UserError("session", "it contradicts itself")
    state.latent.replace_points(points, current)
    for dim in locked:
        if 0 <= dim < count:
            state.latent.set_locked(dim, True)
    state.latent.set_hold("z" if session.get("hold") == "z" else "eps")
    if plane == "pca" or max(plane) < count:
        state.display.set_axes(plane)
    state.display.set_dimension(chosen)
    state.display.set_seed(seed)
    state.display.set_decode_mode(mode)
    state.display.set_active_only(bool(session.get("active_only")))
    state.model.set_recent(recent)
    hints = session.get("hints")
    state.hints.offer(hints if isinstance(hints, list) else ())


def save(path: Path, session: dict[str, Any]) -> None:
    """Write a session, all of it or nothing; raises :class:`UserError`."""
    with output_file(path) as draft:
        draft.write_text(json.dumps(session), "utf-8")


def load(path: Path) -> dict[str, Any] | None:
    """Read a session; None if there is none; raises :class:`UserError` with the file and the reason."""
    try:
        session = json.loads(read_file(path, LARGEST_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(str(path), reason_of(error)) from error
    except (ValueError, RecursionError) as error:
        raise UserError(str(path), f"it is damaged ({error})") from error
    if not isinstance(session, dict) or session.get("version") != VERSION:
        raise UserError(str(path), "this is not a session of this version")
    return session


def _point_to_json(point: Point) -> dict[str, Any]:
    image = point.source.image
    return {
        "name": point.name,
        "mu": point.mu.tolist(),
        "sigma": point.sigma.tolist(),
        "z": point.z.tolist(),
        "kind": point.source.kind,
        "text": point.source.text,
        "index": point.source.index,
        "model": point.source.model,
        "data": point.source.data,
        "shape": None if image is None else list(image.shape),
        "image": None if image is None else base64.b64encode(image.tobytes()).decode(),
    }


def _point_from_json(entry: dict[str, Any]) -> Point:
    mu, sigma, z = (np.array(entry[key], np.float64) for key in ("mu", "sigma", "z"))
    if not (mu.ndim == 1 and mu.shape == sigma.shape == z.shape and len(mu)):
        raise ValueError("a point's vectors differ in length")
    if not (np.isfinite(mu).all() and np.isfinite(z).all() and np.isfinite(sigma).all() and (sigma > 0).all()):
        raise ValueError("a point is not finite")
    image = None
    if entry["image"] is not None:
        image = np.frombuffer(base64.b64decode(entry["image"]), np.uint8).reshape(entry["shape"])
    index = None if entry["index"] is None else int(entry["index"])
    kind: SourceKind = entry["kind"] if entry["kind"] in ("data", "picture") else "prior"
    model, data = str(entry["model"]), str(entry["data"])
    return Point(str(entry["name"]), mu, sigma, z, PointSource(kind, str(entry["text"]), index, image, model, data))
