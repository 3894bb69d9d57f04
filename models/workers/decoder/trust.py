"""Judge whether a latent point lies where the data do."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from models.core.npy import map_array
from models.core.trust import Usual
from models.data.opening import load_images
from models.protocol.opening import Embed, OpenData
from models.protocol.trust import Judge, Judged
from models.vae.posterior import Posteriors
from models.vae.sampling import checked_latents
from models.vae.trust import judged, usual_of
from models.workers.decoder.session import Session
from models.workers.loop import Job


def judge(session: Session, request: Judge) -> Job:
    """Judge a point in the background once the data are encoded; a newer request replaces an older one."""
    checked_latents(session.model(), request.z[np.newaxis])
    session.jobs.cancel_kind(Judge)
    return _judging(session, request)


def _judging(session: Session, request: Judge) -> Job:
    yield from session.until_done(OpenData, Embed)
    posteriors = session.posteriors("a point is judged when the data have been encoded")
    data, usual = session.data(), (yield from _usual(session, posteriors))
    labels = None if data.labels_path is None else map_array(data.labels_path)
    trust = yield from judged(session.model(), posteriors, load_images(data), labels, usual, request.z)
    yield Judged(request.id, session.model_digest(), data.digest, trust)


def _usual(session: Session, posteriors: Posteriors) -> Generator[None, None, Usual]:
    """Return what is usual of the data, which is found out once."""
    if session.usual is None:
        session.usual = yield from usual_of(session.model().space, posteriors)
    return session.usual
