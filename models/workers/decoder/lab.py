"""Compare estimators of a gradient."""

from __future__ import annotations

from models.protocol.lab import Continuous, Gradients
from models.vae.live import LiveVAE
from models.workers.decoder.session import Session
from models.workers.loop import Job


def gradients(session: Session, request: Gradients) -> Job:
    """Draw single-sample gradients of every estimator, with the open model if there is one.

    ValueError for the ELBO of a live model.
    """
    of_model = isinstance(request.problem, Continuous) and request.problem.point is not None
    if of_model and isinstance(session.vae, LiveVAE):
        raise ValueError(f"{session.vae.description.title} is a Python function, through which no gradient flows")
    return _drawing(session, request)


def _drawing(session: Session, request: Gradients) -> Job:
    # Only who opens the laboratory pays for it.
    from models.estimators import drawing_gradients

    answer = yield from drawing_gradients(request, session.vae)
    yield answer
