"""Find the images that lie nearest to a latent point."""

from __future__ import annotations

import numpy as np

from models.core.arrays import Floats32
from models.data.opening import load_images
from models.protocol.neighbours import FindNeighbours, NeighboursFound
from models.protocol.opening import Embed, OpenData
from models.vae.live import decoded
from models.vae.neighbours import Place, nearest
from models.vae.sampling import checked_latents
from models.workers.decoder.session import Session
from models.workers.loop import Job


def find_neighbours(session: Session, request: FindNeighbours) -> Job:
    """Compare all images in the background once the data are encoded; a newer request replaces an older one."""
    z = checked_latents(session.model(), request.z[np.newaxis].astype(np.float32))
    session.jobs.cancel_kind(FindNeighbours)
    return _finding(session, request, z)


def _finding(session: Session, request: FindNeighbours, z: Floats32) -> Job:
    yield from session.until_done(OpenData, Embed)
    posteriors = session.posteriors("neighbours are found when the data have been encoded")
    data, picture = session.data(), None
    if request.metric == "pixels":
        picture = (yield from decoded(session.model(), z))[0]
    place, family = Place(request.z, request.sigma, picture), session.model().space.posterior
    indices, distances = yield from nearest(place, posteriors, load_images(data), request.metric, family, request.count)
    yield NeighboursFound(request.id, session.model_digest(), data.digest, request.metric, indices, distances)
