"""Compare estimators of a gradient."""

from __future__ import annotations

from models.protocol.lab import Gradients
from models.workers.decoder.session import Session
from models.workers.loop import Job


def gradients(session: Session, request: Gradients) -> Job:
    """Draw single-sample gradients of every estimator, with the open model if there is one."""
    # Only who opens the laboratory pays for it.
    from models.estimators import drawing_gradients

    answer = yield from drawing_gradients(request, session.vae)
    yield answer
