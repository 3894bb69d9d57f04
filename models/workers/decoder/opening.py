"""Open models and data sets, and embed the one by the other."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np

from models.core.descriptions import DataInfo
from models.core.steps import passed_on
from models.data.latents import holds_latents
from models.data.opening import Found, laid_out, load_images, recognized
from models.data.preview import first_look, preview_of
from models.data.source import Share, Steps
from models.numerics.tracing import note_dropped
from models.protocol.decoding import Aggregate, Decode, Draw, EncodeFile, EncodeImages, Sample
from models.protocol.factors import MeasureFactors
from models.protocol.importing import Inspect, Inspected
from models.protocol.lab import Gradients
from models.protocol.messages import Reply
from models.protocol.neighbours import FindNeighbours
from models.protocol.opening import (
    DataOpened,
    DataPreviewed,
    Embed,
    Embedded,
    ModelOpened,
    OpenData,
    Opening,
    OpenModel,
    PreviewData,
)
from models.protocol.paths import FindWalk
from models.protocol.trust import Judge
from models.vae import posterior_cache
from models.vae.codes import opening_codes, preview_of_codes
from models.vae.live import LiveVAE
from models.vae.model import VAE
from models.vae.model_file import OpenedModel
from models.vae.posterior import Posteriors, summarize
from models.vae.posterior import embed as encode_all
from models.vae.sampling import checked_images
from models.vae.scatter import Scatter, is_scatter, open_scatter
from models.workers.decoder import importing
from models.workers.decoder.session import Session
from models.workers.decoder.warmup import warming_curves, warming_up
from models.workers.loop import Job

T = TypeVar("T")
SECONDS_PER_REPORT = 0.1


def open_model(session: Session, request: OpenModel) -> ModelOpened | Inspected:
    """Open a model; work on the model before it is dropped, since it would mix the two.

    Of a file of other people what was understood is the answer, where a person has still to be asked about it.
    """
    if is_scatter(Path(request.path)):
        return _open_latents(session, request)
    if request.ask and importing.is_new(request.path):
        return importing.inspect(session, Inspect(request.id, request.path))
    opened = session.reader.open(request.path, request.answers, request.label)
    session.reader.forget()
    if request.answers is not None:
        importing.keep_answers(request.path, request.answers)
    drop_work_on_model(session)
    if session.vae is None or session.vae.architecture != opened.architecture:
        vae = _compiled(opened)
        note_dropped()
        session.jobs.add(request, warming_up(vae))
    else:
        vae = session.vae
        vae.assign(opened.parameters)
    session.take_model(opened.info, vae)
    return ModelOpened(request.id, opened.info)


def _open_latents(session: Session, request: OpenModel) -> ModelOpened:
    """Open the latents of a file in the place of a model."""
    scatter, info = open_scatter(Path(request.path))
    drop_work_on_model(session)
    session.jobs.add(request, warming_curves(scatter))
    session.take_model(info, scatter)
    return ModelOpened(request.id, info)


def drop_work_on_model(session: Session) -> None:
    """Drop all jobs that work on the open model, since another takes its place; to decode is a job of live models."""
    session.jobs.cancel_kind(Embed, Aggregate, MeasureFactors, FindNeighbours, Judge, FindWalk, Sample, Gradients)
    session.jobs.cancel_kind(Decode, Draw, EncodeImages, EncodeFile)


def _compiled(opened: OpenedModel) -> VAE:
    """Return the model after its first decode, so that the first picture need not wait for it."""
    vae = VAE(opened.architecture, opened.parameters)
    vae.decode(np.zeros((1, opened.architecture.latent_dim), np.float32))
    return vae


def open_data(session: Session, request: OpenData) -> Job:
    """Open a data set in the background; work on the one before it is dropped."""
    session.jobs.cancel_kind(OpenData, PreviewData, Embed, Aggregate, MeasureFactors, FindNeighbours, Judge, FindWalk)
    return _opening(session, request)


def _opening(session: Session, request: OpenData) -> Job:
    path, vae = Path(request.path), session.vae
    own = isinstance(vae, Scatter) and vae.path == path
    if vae is not None and (own or holds_latents(path, vae.architecture.latent_dim)):
        data = yield from reported(request.id, opening_codes(vae, session.model_digest(), path, request.options))
    else:
        found = yield from _found(session, request, afresh=False)
        # What lies there later is looked at again.
        session.found = None
        data = yield from reported(request.id, laid_out(found, request.options))
    if isinstance(vae, LiveVAE):
        data = vae.named(data)
    session.take_data(data)
    yield DataOpened(request.id, data)


def preview_data(session: Session, request: PreviewData) -> Job:
    """Look at a data set in the background, without using it."""
    session.jobs.cancel_kind(PreviewData)
    return _previewing(session, request)


def _previewing(session: Session, request: PreviewData) -> Job:
    path, vae = Path(request.path), session.vae
    if vae is not None and holds_latents(path, vae.architecture.latent_dim):
        steps = preview_of_codes(vae, path, request.options)
    else:
        session.found = yield from _found(session, request, request.afresh)
        if request.afresh:
            first = yield from reported(request.id, first_look(session.found, request.options))
            if first is not None:
                yield DataPreviewed(request.id, first)
        steps = preview_of(session.found, request.options)
    preview = yield from reported(request.id, steps)
    yield DataPreviewed(request.id, preview)


def _found(session: Session, request: OpenData | PreviewData, afresh: bool) -> Generator[Reply | None, None, Found]:
    """Return what lies at a path; what a preview has read is not read twice."""
    if not afresh and session.found is not None and str(session.found.path) == request.path:
        return session.found
    return (yield from reported(request.id, recognized(request.path)))


def reported(identity: int, steps: Steps[T]) -> Generator[Reply | None, None, T]:
    """Do some work, telling about ten times a second how much of it is done."""
    last = time.monotonic()

    def told(share: Share) -> Opening | None:
        nonlocal last
        if share is None or time.monotonic() - last <= SECONDS_PER_REPORT:
            return None
        last = time.monotonic()
        return Opening(identity, *share)

    return passed_on(steps, told)


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
        posteriors = yield from _encoding(vae, data)
        stored = yield from posterior_cache.store(digest, data, posteriors)
    session.take_posteriors(stored.posteriors)
    summary = yield from summarize(stored.posteriors, vae.divergence)
    yield Embedded(request.id, digest, data.digest, stored.mu_path, stored.sigma_path, summary)


def _encoding(vae: VAE, data: DataInfo) -> Generator[None, None, Posteriors]:
    images = load_images(data)
    checked_images(vae, images[:1])
    return (yield from vae.embedding(data, images) if isinstance(vae, LiveVAE) else encode_all(vae, images))
