"""The paths of the models in a session: key points and settings, as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from explorer.state.paths import PathKey, PathSnapshot, PathState
from models.core.errors import UserError
from models.core.walk_settings import WalkSettings
from models.core.walks import checked_keys

LONGEST_NAME = 200


def paths_to_json(paths: PathState) -> dict[str, Any]:
    """Return the paths of all models that have one, by the digest of the model."""
    known = {**paths.left, paths.owner: paths.snapshot()}
    return {owner: _to_json(path) for owner, path in known.items() if owner and path != PathSnapshot()}


def restore_paths(paths: PathState, stored: dict[str, Any]) -> None:
    """Keep stored paths for when their models are opened; ValueError or the like if one makes no sense."""
    paths.left.update({str(owner): _from_json(entry) for owner, entry in stored.items()})


def _to_json(path: PathSnapshot) -> dict[str, Any]:
    return {"keys": [[key.name, list(key.z)] for key in path.keys], "settings": asdict(path.settings)}


def _from_json(entry: dict[str, Any]) -> PathSnapshot:
    keys = tuple(PathKey(str(name)[:LONGEST_NAME], tuple(float(value) for value in z)) for name, z in entry["keys"])
    try:
        settings = WalkSettings(**entry["settings"])
        if keys:
            checked_keys(np.array([key.z for key in keys] * 2), settings, len(keys[0].z))
    except UserError as error:
        raise ValueError(str(error)) from error
    return PathSnapshot(keys, settings)
