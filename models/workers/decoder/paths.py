"""Walk through the latent space of the open model."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import partial
from importlib import import_module
from typing import TypeVar

import numpy as np

from models.core.npy import map_array
from models.core.steps import passed_on
from models.numerics.tracing import beside
from models.protocol.messages import Reply
from models.protocol.opening import Embed, OpenData
from models.protocol.paths import FindWalk, WalkFound, WalkMeasured, WalkProgress
from models.workers.decoder.session import Session
from models.workers.loop import Job

T = TypeVar("T")
SECONDS_PER_REPORT = 0.1


def find_walk(session: Session, request: FindWalk) -> Job:
    """Find a walk and its evidence in the background; a newer request replaces an older one."""
    session.model()
    session.jobs.cancel_kind(FindWalk)
    return _walking(session, request)


def _walking(session: Session, request: FindWalk) -> Job:
    # Only who walks pays for what they need of SciPy, and no drag waits for it.
    yield from beside(partial(import_module, "models.paths.walk"))
    from models.paths.evidence import Embedded, measuring
    from models.paths.walk import walking

    if request.settings.needs_data:
        yield from session.until_done(OpenData, Embed)
    vae, posteriors, data = session.model(), session.posteriors_if_any(), session.data_if_any()
    work = walking(vae, request.settings, request.keys, posteriors, session.ways())
    walk = yield from _reported(request.id, work)
    yield WalkFound(request.id, walk)
    labels = None if data is None or data.labels_path is None else np.array(map_array(data.labels_path))
    known = None if posteriors is None else Embedded(posteriors, labels)
    evidence = yield from _reported(request.id, measuring(vae, walk.z, request.settings.returns, known))
    yield WalkMeasured(request.id, evidence)


def _reported(identity: int, work: Generator[float, None, T]) -> Generator[Reply | None, None, T]:
    """Do some work, telling about ten times a second how much of it is done."""
    last = time.monotonic()

    def told(share: float) -> WalkProgress | None:
        nonlocal last
        if time.monotonic() - last <= SECONDS_PER_REPORT:
            return None
        last = time.monotonic()
        return WalkProgress(identity, share)

    return passed_on(work, told)
