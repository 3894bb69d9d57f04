"""Decode, encode, draw and sample with the open model."""

from __future__ import annotations

import time

import numpy as np

from models.core.arrays import Floats32
from models.data.pictures import fitted_picture
from models.protocol.decoding import (
    Aggregate,
    AggregateReady,
    Cancel,
    Decode,
    Decoded,
    Draw,
    Drawn,
    Encoded,
    EncodeFile,
    EncodeImages,
    Sample,
    SampleTile,
)
from models.protocol.opening import Embed, OpenData
from models.vae import sampling
from models.workers.decoder.session import Session
from models.workers.loop import Job


def decode(session: Session, request: Decode) -> Decoded:
    """Return the mean images of some latents, and the seconds of the bare call."""
    vae = session.model()
    z = sampling.checked_latents(vae, request.z)
    began = time.perf_counter()
    images = vae.decode(z)
    return Decoded(request.id, images, time.perf_counter() - began)


def draw(session: Session, request: Draw) -> Drawn:
    """Return the image of a point, and mean and spread of the images of draws around it."""
    drawing = sampling.draw(session.model(), request.centre, request.sigma, request.draws, request.seed)
    return Drawn(request.id, drawing.centre, drawing.mean, drawing.std, drawing.kl)


def encode_images(session: Session, request: EncodeImages) -> Encoded:
    """Return the posteriors of some images."""
    images = sampling.checked_images(session.model(), request.images)
    return Encoded(request.id, images, *session.model().encode(images))


def encode_file(session: Session, request: EncodeFile) -> Encoded:
    """Return the posterior of a picture file, treated as the data that the model was trained on."""
    shape, options = session.model().architecture.image_shape, session.data_options()
    image = fitted_picture(request.path, shape, options)
    return Encoded(request.id, image, *session.model().encode(image))


def aggregate(session: Session, request: Aggregate) -> Job:
    """Evaluate an aggregate posterior in the background; a newer request replaces an older one."""
    if not 0 <= request.dim < session.model().architecture.latent_dim:
        raise ValueError(f"there is no latent dimension {request.dim}")
    session.jobs.cancel_kind(Aggregate)
    return _aggregating(session, request)


def _aggregating(session: Session, request: Aggregate) -> Job:
    yield from session.until_done(OpenData, Embed)
    posteriors = session.posteriors("the aggregate posterior needs the data to be encoded first")
    dim, x = request.dim, np.ascontiguousarray(request.x, np.float64)
    mixture = session.model().space.aggregate(posteriors.mu[:, dim], posteriors.sigma[:, dim])
    pdf, cdf = yield from mixture.curves(x)
    yield AggregateReady(request.id, dim, x, pdf, cdf)


def sample(session: Session, request: Sample) -> Job:
    """Draw latents at once and decode them in the background, tile by tile."""
    eps, z = sampling.sample_latents(
        session.model(), request.source, request.n, request.seed, request.centre, request.sigma, request.spread
    )
    return _sampling(session, request.id, eps, z)


def _sampling(session: Session, identity: int, eps: Floats32, z: Floats32) -> Job:
    for start in range(0, len(z), sampling.TILE_IMAGES):
        tile = slice(start, start + sampling.TILE_IMAGES)
        yield SampleTile(identity, start, len(z), eps[tile], z[tile], session.model().decode(z[tile]))


def cancel(session: Session, request: Cancel) -> None:
    """Drop a background job."""
    session.jobs.cancel(request.job)
