"""Look at other people's models before they are opened."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.limits import bounded
from models.core.npy import map_array
from models.importing.answers import recalled, remember
from models.protocol.importing import Inspect, Inspected
from models.vae.foreign import identity
from models.vae.inspection import inspected
from models.vae.model_file import is_foreign
from models.workers.decoder.session import Session

IMAGES_SHOWN = 4


def inspect(session: Session, request: Inspect) -> Inspected:
    """Return what is understood of a model of other people."""
    path = Path(request.path)
    found = session.reader.understand(path, request.answers)
    with bounded(path.name):
        return inspected(request.id, path, found, _images(session))


def is_new(path: str) -> bool:
    """Return whether a model is one of other people that no person has been asked about yet."""
    return is_foreign(Path(path)) and recalled(identity(Path(path))) is None


def keep_answers(path: str, answers: Mapping[str, str]) -> None:
    """Remember what a person has answered about a model; where that cannot be written, it is asked again next time."""
    with suppress(UserError):
        remember(identity(Path(path)), answers)


def _images(session: Session) -> NDArray[np.uint8] | None:
    """Return some of the open data, taken from all of it; None if there are none."""
    data = session.data_if_any()
    if data is None:
        return None
    images = map_array(data.images_path)
    places = np.linspace(0, len(images) - 1, IMAGES_SHOWN).astype(int)
    return np.ascontiguousarray(images[places])
