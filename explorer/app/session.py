"""The session as JSON: points, choices, open files and the look of the window."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from explorer.app.path_session import paths_to_json
from explorer.app.restoring import Restoring
from explorer.state import AppState
from explorer.state.display import Axes
from explorer.state.latent import LatentSnapshot, Point
from explorer.state.shelf import Belongings
from models.core.errors import UserError
from models.core.files import output_file, reason_of
from models.core.reading import read_file

VERSION = 1
LARGEST_BYTES = 20_000_000


def capture(state: AppState) -> dict[str, Any]:
    """Return the state of points, choices and open files as JSON values."""
    model, data, view, latent, shelf = state.model.model, state.model.data, state.display, state.latent, state.shelf
    return {
        "version": VERSION,
        "model": None if model is None else model.origin,
        "data": None if data is None else data.info.path,
        "recent": state.model.recent,
        **_latent_to_json(latent.snapshot()),
        "owner": shelf.owner,
        "owner_path": shelf.path,
        "left": {digest: _belongings_to_json(left) for digest, left in shelf.kept.items()},
        "hold": latent.hold,
        "axes": _axes_to_json(view.axes),
        "dimension": view.dimension,
        "decode_mode": view.decode_mode,
        "seed": view.seed,
        "active_only": view.active_only,
        "hints": list(state.hints.open),
        "paths": paths_to_json(state.paths),
    }


def restore(state: AppState, session: dict[str, Any]) -> list[str]:
    """Put points and choices back, all that can be; return what could not be, by name."""
    return Restoring(state, session).restore()


def save(path: Path, session: dict[str, Any]) -> None:
    """Write a session, all of it or nothing; raises :class:`UserError`."""
    with output_file(path) as draft:
        draft.write_text(_bounded(session), "utf-8")


def _bounded(session: dict[str, Any]) -> str:
    """Return a session as JSON that can be read again: points of the models left longest ago give way."""
    left = dict(session.get("left", {}))
    text = json.dumps(session)
    while len(text) > LARGEST_BYTES and left:
        del left[next(iter(left))]
        text = json.dumps(session | {"left": left})
    return text


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


def _axes_to_json(axes: Axes) -> str | list[int]:
    return axes if axes == "pca" else list(axes)


def _belongings_to_json(left: Belongings) -> dict[str, Any]:
    place = {"dimension": left.dimension, "axes": _axes_to_json(left.axes), "path": left.path}
    return {**_latent_to_json(left.latent), **place}


def _latent_to_json(snapshot: LatentSnapshot) -> dict[str, Any]:
    points = [_point_to_json(point) for point in snapshot.points]
    return {"points": points, "current": snapshot.current, "locked": list(snapshot.locked)}


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
        "image": None if image is None else base64.b64encode(np.ascontiguousarray(image).tobytes()).decode(),
    }
