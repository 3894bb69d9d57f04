"""Decode, encode, draw and sample with the functions of a person's process, in jobs that wait for its answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.data.pictures import fitted_picture
from models.protocol.decoding import (
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
from models.protocol.messages import Request
from models.protocol.opening import ModelOpened, OpenLive
from models.vae import sampling
from models.vae.live import LiveVAE, joined
from models.workers.decoder.opening import drop_work_on_model
from models.workers.decoder.session import Session
from models.workers.decoder.warmup import warming_curves
from models.workers.loop import Handled, Job


def open_live(session: Session, request: OpenLive) -> ModelOpened:
    """Open the functions of a person's process as a model; work on the model before it is dropped."""
    vae = joined(request.address, request.key)
    drop_work_on_model(session)
    session.jobs.add(request, warming_curves(vae))
    info = vae.info(request.path)
    session.take_model(info, vae)
    return ModelOpened(request.id, info)


def _decoding(vae: LiveVAE, request: Decode) -> Job:
    z = sampling.checked_latents(vae, request.z)
    images, seconds = yield from vae.decoding(z)
    yield Decoded(request.id, images, seconds)


def _drawing(vae: LiveVAE, request: Draw) -> Job:
    drawn = sampling.drawn_latents(vae, request.centre, request.sigma, request.draws, request.seed)
    centre, _ = yield from vae.decoding(drawn.centre)
    mean, std = yield from vae.spreading(drawn.z)
    yield Drawn(request.id, centre[0], mean, std, drawn.kl)


def _encoding_images(vae: LiveVAE, request: EncodeImages) -> Job:
    images = sampling.checked_images(vae, request.images)
    codes = yield from vae.encoding(images)
    yield Encoded(request.id, images, codes.mu, codes.sigma)


def _encoding_file(vae: LiveVAE, request: EncodeFile) -> Job:
    image = fitted_picture(request.path, vae.architecture.image_shape)
    codes = yield from vae.encoding(image)
    yield Encoded(request.id, image, codes.mu, codes.sigma)


def _sampling(vae: LiveVAE, request: Sample) -> Job:
    eps, z = sampling.sample_latents(
        vae, request.source, request.n, request.seed, request.centre, request.sigma, request.spread
    )
    for tile in vae.turns(len(z)):
        images, _ = yield from vae.decoding(z[tile])
        yield SampleTile(request.id, tile.start, len(z), eps[tile], z[tile], images)


# What a live model is asked for; all else is done as with any other model.
JOBS: dict[type, Callable[[LiveVAE, Any], Job]] = {
    Decode: _decoding,
    Draw: _drawing,
    EncodeImages: _encoding_images,
    EncodeFile: _encoding_file,
    Sample: _sampling,
}


def answer(session: Session, request: Request) -> Handled:
    """Return the job that answers a request in :data:`JOBS` with the open live model; None if another is open."""
    job = JOBS.get(type(request))
    return None if job is None or not isinstance(session.vae, LiveVAE) else job(session.vae, request)
