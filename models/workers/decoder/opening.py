"""Open models and data sets, and embed the one by the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.data.latents import holds_latents
from models.data.opening import load_images, opening_data
from models.numerics.tracing import note_dropped
from models.protocol.decoding import Aggregate, Sample
from models.protocol.factors import MeasureFactors
from models.protocol.importing import Inspect, Inspected
from models.protocol.lab import Gradients
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel
from models.vae import posterior_cache
from models.vae.codes import opening_codes
from models.vae.model import VAE
from models.vae.model_file import OpenedModel
from models.vae.posterior import embed as encode_all
from models.vae.posterior import summarize
from models.vae.sampling import checked_images
from models.workers.decoder import importing
from models.workers.decoder.session import Session
from models.workers.decoder.warmup import warming_up
from models.workers.loop import Job


def open_model(session: Session, request: OpenModel) -> ModelOpened | Inspected:
    """Open a model; work on the model before it is dropped, since it would mix the two.

    Of a file of other people what was understood is the answer, where a person has still to be asked about it.
    """
    if request.ask and importing.is_new(request.path):
        return importing.inspect(session, Inspect(request.id, request.path))
    opened = session.reader.open(request.path, request.answers, request.label)
    session.reader.forget()
    if request.answers is not None:
        importing.keep_answers(request.path, request.answers)
    session.jobs.cancel_kind(Embed, Aggregate, MeasureFactors, Sample, Gradients)
    if session.vae is None or session.vae.architecture != opened.architecture:
        vae = _compiled(opened)
        note_dropped()
        session.jobs.add(request, warming_up(vae))
    else:
        vae = session.vae
        vae.assign(opened.parameters)
    session.take_model(opened, vae)
    return ModelOpened(request.id, opened.info)


def _compiled(opened: OpenedModel) -> VAE:
    """Return the model after its first decode, so that the first picture need not wait for it."""
    vae = VAE(opened.architecture, opened.parameters)
    vae.decode(np.zeros((1, opened.architecture.latent_dim), np.float32))
    return vae


def open_data(session: Session, request: OpenData) -> Job:
    """Open a data set in the background; work on the one before it is dropped."""
    session.jobs.cancel_kind(OpenData, Embed, Aggregate, MeasureFactors)
    return _opening(session, request)


def _opening(session: Session, request: OpenData) -> Job:
    path, vae = Path(request.path), session.vae
    if vae is not None and holds_latents(path, vae.architecture.latent_dim):
        data = yield from opening_codes(vae, session.model_digest(), path)
    else:
        data = yield from opening_data(request.path)
    session.take_data(data)
    yield DataOpened(request.id, data)


def embed(session: Session, request: Embed) -> Job:
    """Encode all images in the background once the data set is open; a newer request replaces an older one."""
    session.model()
    session.jobs.cancel_kind(Embed)
    return _embedding(session, request)


def _embedding(session: Session, request: Embed) -> Job:
    yield from session.until_done(OpenData)
    digest, data, vae = session.model_digest(), session.data(), session.model()
    stored = yield from posterior_cache.find(digest, data, vae.architecture.latent_dim)
    if stored is None:
        images = load_images(data)
        checked_images(vae, images[:1])
        posteriors = yield from encode_all(vae, images)
        stored = yield from posterior_cache.store(digest, data, posteriors)
    session.take_posteriors(stored.posteriors)
    summary = yield from summarize(stored.posteriors, vae.divergence)
    yield Embedded(request.id, digest, data.digest, stored.mu_path, stored.sigma_path, summary)
