"""Measure how the latent dimensions depend on the factors of variation of the data."""

from __future__ import annotations

from models.protocol.factors import FactorsMeasured, MeasureFactors
from models.protocol.opening import Embed, OpenData
from models.vae.disentanglement import disentanglement, factors_of
from models.workers.decoder.session import Session
from models.workers.loop import Job


def measure_factors(session: Session, request: MeasureFactors) -> Job:
    """Measure the factors in the background once the data are encoded; a newer request replaces an older one."""
    session.model()
    session.jobs.cancel_kind(MeasureFactors)
    return _measuring(session, request)


def _measuring(session: Session, request: MeasureFactors) -> Job:
    yield from session.until_done(OpenData, Embed)
    posteriors = session.posteriors("the factors are measured when the data have been encoded")
    data, result = session.data(), None
    known = factors_of(data)
    if known is not None:
        result = yield from disentanglement(posteriors.mu, known)
    yield FactorsMeasured(request.id, session.model_digest(), data.digest, result)
