"""The decoder worker: one open model and one open data set, and answers in milliseconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from models.core.descriptions import DataInfo
from models.core.families import FAMILY_PARAMETERS, latent_member
from models.curves.evaluate import Pair, evaluate_curves, evaluate_probabilities, is_prepared, locate
from models.data.opening import load_images, opening_data
from models.data.pictures import fitted_picture
from models.numerics.tracing import is_tracing
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
from models.protocol.distribution import Curves, CurvesReady, Locate, Probabilities
from models.protocol.factors import FactorsMeasured, MeasureFactors
from models.protocol.lab import Gradients
from models.protocol.messages import Reply, Request
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel
from models.vae import posterior, posterior_cache, sampling
from models.vae.disentanglement import disentanglement, factors_of
from models.vae.model import VAE
from models.vae.model_file import OpenedModel, open_model
from models.workers.decoder.warmup import Warmer, importing_statistics
from models.workers.loop import Job, Jobs
from models.workers.loop import serve as serve_requests


def serve(connection: Connection) -> None:
    """Answer the requests of the window until it closes the connection."""
    jobs = Jobs()
    try:
        serve_requests(connection, DecoderWorker(jobs).handle, jobs)
    finally:
        if is_tracing():
            # Python would be torn down under a thread that is inside TensorFlow.
            sys.stdout.flush()
            os._exit(0)


class DecoderWorker:
    """What is open, and one method per kind of request: it returns the reply or starts a job."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._asked = time.monotonic()
        self._warmer = Warmer(lambda: self._asked)
        self._vae: VAE | None = None
        self._opened: OpenedModel | None = None
        self._data: DataInfo | None = None
        self._embedding: posterior.Embedding | None = None
        self._handlers: dict[type, Callable[[Any], Reply | None]] = {
            OpenModel: self._open_model,
            OpenData: self._open_data,
            Embed: self._embed,
            Decode: self._decode,
            Draw: self._draw,
            EncodeImages: self._encode_images,
            EncodeFile: self._encode_file,
            Curves: self._curves,
            Locate: locate,
            Probabilities: evaluate_probabilities,
            Aggregate: self._aggregate,
            MeasureFactors: self._measure_factors,
            Sample: self._sample,
            Gradients: self._gradients,
            Cancel: self._cancel,
        }

    def handle(self, request: Request) -> Reply | None:
        """Answer one request, or start its job and answer later."""
        self._asked = time.monotonic()
        handler = self._handlers.get(type(request))
        if handler is None:
            raise ValueError(f"the decoder does not know the request {type(request).__name__}")
        return handler(request)

    # ------------------------------------------------------------------------------------------------ answers

    def _open_model(self, request: OpenModel) -> ModelOpened:
        opened = open_model(request.path)
        # Work on the previous model would mix the two: whoever wants it asks again.
        self._jobs.cancel_kind(Embed, Aggregate, MeasureFactors, Sample, Gradients)
        if self._vae is not None and self._vae.architecture == opened.architecture:
            self._vae.assign(opened.parameters)
        else:
            self._vae = VAE(opened.architecture, opened.parameters)
            self._vae.decode(np.zeros((1, opened.architecture.latent_dim), np.float32))
            self._jobs.add(request, self._warm_job(self._vae))
        self._opened, self._embedding = opened, None
        return ModelOpened(request.id, opened.info)

    def _warm_job(self, vae: VAE) -> Job:
        """Trace and call what the first drag will need, after the first picture has been sent."""
        origin, x = np.zeros(vae.architecture.latent_dim, np.float32), np.zeros(2)
        vae.encode(np.zeros((1, *vae.architecture.image_shape), np.uint8))
        yield None
        sampling.draw(vae, origin, np.ones_like(origin), draws=2, seed=0)
        yield None
        yield from importing_statistics()
        posterior, prior = latent_member(vae.space.posterior), latent_member(vae.space.prior)
        evaluate_curves(Curves(0, posterior, prior, "z", 0.0, x, latent_dim=1))
        yield None
        locate(Locate(0, posterior, "u", 0.5))
        yield from vae.space.aggregate(origin[:1], origin[:1] + 1).curves(x)

    def _decode(self, request: Decode) -> Decoded:
        vae = self._model()
        z = sampling.checked_latents(vae, request.z)
        began = time.perf_counter()
        images = vae.decode(z)
        return Decoded(request.id, images, time.perf_counter() - began)

    def _draw(self, request: Draw) -> Drawn:
        drawing = sampling.draw(self._model(), request.centre, request.sigma, request.draws, request.seed)
        return Drawn(request.id, drawing.centre, drawing.mean, drawing.std, drawing.kl)

    def _encode_images(self, request: EncodeImages) -> Encoded:
        images = sampling.checked_images(self._model(), request.images)
        return Encoded(request.id, images, *self._model().encode(images))

    def _encode_file(self, request: EncodeFile) -> Encoded:
        image = fitted_picture(request.path, self._model().architecture.image_shape)
        return Encoded(request.id, image, *self._model().encode(image))

    def _curves(self, request: Curves) -> CurvesReady | None:
        pair = request.family.name, request.reference.name
        if request.latent_dim > 0 or is_prepared(*pair) or not set(pair) <= set(FAMILY_PARAMETERS):
            return evaluate_curves(request)
        self._jobs.add(request, self._curves_job(request, pair))
        return None

    def _curves_job(self, request: Curves, pair: Pair) -> Job:
        """Answer when another thread has traced the family; meanwhile pictures are decoded."""
        while not self._warmer.ready(pair):
            self._warmer.wish(pair)
            self._warmer.wait()
            yield None
        yield evaluate_curves(request)

    def _gradients(self, request: Gradients) -> None:
        self._jobs.add(request, self._gradients_job(request))

    def _gradients_job(self, request: Gradients) -> Job:
        # Only who opens the laboratory pays for it.
        from models.estimators import drawing_gradients

        answer = yield from drawing_gradients(request, self._vae)
        yield answer

    def _cancel(self, request: Cancel) -> None:
        self._jobs.cancel(request.job)

    # --------------------------------------------------------------------------------------------------- jobs

    def _open_data(self, request: OpenData) -> None:
        self._jobs.cancel_kind(OpenData, Embed, Aggregate, MeasureFactors)
        self._jobs.add(request, self._data_job(request))

    def _data_job(self, request: OpenData) -> Job:
        steps = opening_data(request.path)
        info = yield from steps
        self._data, self._embedding = info, None
        yield DataOpened(request.id, info)

    def _embed(self, request: Embed) -> None:
        self._model()
        self._jobs.cancel_kind(Embed)
        self._jobs.add(request, self._embed_job(request))

    def _embed_job(self, request: Embed) -> Job:
        yield from self._until_done(OpenData)
        model, data, vae = self._description(), self._dataset(), self._model()
        stored = posterior_cache.find(model.info.digest, data)
        if stored is None:
            images = load_images(data)
            sampling.checked_images(vae, images[:1])
            embedding = yield from posterior.embed(vae, images)
            stored = yield from posterior_cache.store(model.info.digest, data, embedding)
        self._embedding = stored.embedding
        summary = yield from posterior.summarize(stored.embedding, vae.divergence)
        yield Embedded(
            request.id, model.info.digest, data.digest, stored.mu_path, stored.sigma_path, summary
        )  # fmt: skip

    def _aggregate(self, request: Aggregate) -> None:
        if not 0 <= request.dim < self._model().architecture.latent_dim:
            raise ValueError(f"there is no latent dimension {request.dim}")
        self._jobs.cancel_kind(Aggregate)
        self._jobs.add(request, self._aggregate_job(request))

    def _aggregate_job(self, request: Aggregate) -> Job:
        yield from self._until_done(OpenData, Embed)
        if self._embedding is None:
            raise ValueError("the aggregate posterior needs the data to be encoded first")
        dim, x = request.dim, np.ascontiguousarray(request.x, np.float64)
        mixture = self._model().space.aggregate(self._embedding.mu[:, dim], self._embedding.sigma[:, dim])
        pdf, cdf = yield from mixture.curves(x)
        yield AggregateReady(request.id, dim, x, pdf, cdf)

    def _measure_factors(self, request: MeasureFactors) -> None:
        self._model()
        self._jobs.cancel_kind(MeasureFactors)
        self._jobs.add(request, self._factors_job(request))

    def _factors_job(self, request: MeasureFactors) -> Job:
        yield from self._until_done(OpenData, Embed)
        if self._embedding is None:
            raise ValueError("the factors are measured when the data have been encoded")
        data, result = self._dataset(), None
        known = factors_of(data)
        if known is not None:
            result = yield from disentanglement(self._embedding.mu, known)
        yield FactorsMeasured(request.id, self._description().info.digest, data.digest, result)

    def _sample(self, request: Sample) -> None:
        eps, z = sampling.sample_latents(
            self._model(),
            request.source,
            request.n,
            request.seed,
            request.centre,
            request.sigma,
            request.spread,
        )
        self._jobs.add(request, self._sample_job(request.id, eps, z))

    def _sample_job(self, identity: int, eps: np.ndarray, z: np.ndarray) -> Job:
        for start in range(0, len(z), sampling.TILE_IMAGES):
            tile = slice(start, start + sampling.TILE_IMAGES)
            yield SampleTile(identity, start, len(z), eps[tile], z[tile], self._model().decode(z[tile]))

    def _until_done(self, *kinds: type[Request]) -> Iterator[None]:
        while any(self._jobs.running(kind) for kind in kinds):
            yield None

    # ------------------------------------------------------------------------------------------- what is open

    def _model(self) -> VAE:
        if self._vae is None:
            raise ValueError("no model is open")
        return self._vae

    def _description(self) -> OpenedModel:
        if self._opened is None:
            raise ValueError("no model is open")
        return self._opened

    def _dataset(self) -> DataInfo:
        if self._data is None:
            raise ValueError("no data set is open")
        return self._data
