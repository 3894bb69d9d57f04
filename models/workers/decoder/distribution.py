"""Evaluate one univariate distribution: curves, single places, probabilities."""

from __future__ import annotations

from models.core.families import FAMILY_PARAMETERS
from models.curves import evaluate
from models.protocol.distribution import Curves, CurvesReady, Locate, Located, Probabilities, ProbabilitiesReady
from models.workers.decoder.session import Session
from models.workers.loop import Job


def curves(session: Session, request: Curves) -> CurvesReady | Job:
    """Return the curves of a family beside its reference; what is not traced yet is answered when it is.

    The families of a latent point are traced with the model, and an unknown one fails at once.
    """
    pair = request.family.name, request.reference.name
    if request.latent_dim > 0 or evaluate.is_prepared(*pair) or not set(pair) <= set(FAMILY_PARAMETERS):
        return evaluate.evaluate_curves(request)
    return _tracing(session, request, pair)


def _tracing(session: Session, request: Curves, pair: evaluate.Pair) -> Job:
    """Answer when another thread has traced the family; meanwhile pictures are decoded."""
    while not session.warmer.ready(pair):
        session.warmer.wish(pair)
        session.warmer.wait()
        yield None
    yield evaluate.evaluate_curves(request)


def locate(_: Session, request: Locate) -> Located:
    """Return the value that has a given noise or probability."""
    return evaluate.locate(request)


def probabilities(_: Session, request: Probabilities) -> ProbabilitiesReady:
    """Return the probabilities of many values."""
    return evaluate.evaluate_probabilities(request)
