"""The decoder worker: one open model and one open data set, and answers in milliseconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from models.numerics.tracing import is_tracing, spare_the_old
from models.protocol.decoding import Aggregate, Cancel, Decode, Draw, EncodeFile, EncodeImages, Sample
from models.protocol.distribution import Curves, Locate, Probabilities
from models.protocol.factors import MeasureFactors
from models.protocol.importing import Inspect
from models.protocol.lab import Gradients
from models.protocol.messages import Request
from models.protocol.neighbours import FindNeighbours
from models.protocol.opening import Embed, OpenData, OpenLive, OpenModel, PreviewData
from models.protocol.paths import FindWalk
from models.protocol.trust import Judge
from models.workers.decoder import (
    decoding,
    distribution,
    factors,
    importing,
    lab,
    live,
    neighbours,
    opening,
    paths,
    trust,
)
from models.workers.decoder.session import Session
from models.workers.line import Line
from models.workers.loop import Handled, Jobs
from models.workers.loop import serve as serve_requests

# One handler per kind of request: it gets the session and the request.
HANDLERS: dict[type, Callable[[Session, Any], Handled]] = {
    OpenModel: opening.open_model,
    OpenLive: live.open_live,
    Inspect: importing.inspect,
    OpenData: opening.open_data,
    PreviewData: opening.preview_data,
    Embed: opening.embed,
    Decode: decoding.decode,
    Draw: decoding.draw,
    EncodeImages: decoding.encode_images,
    EncodeFile: decoding.encode_file,
    Aggregate: decoding.aggregate,
    Sample: decoding.sample,
    Cancel: decoding.cancel,
    Curves: distribution.curves,
    Locate: distribution.locate,
    Probabilities: distribution.probabilities,
    Gradients: lab.gradients,
    MeasureFactors: factors.measure_factors,
    FindNeighbours: neighbours.find_neighbours,
    Judge: trust.judge,
    FindWalk: paths.find_walk,
}


def serve(line: Line) -> None:
    """Handle the requests of the window until it closes the pipe."""
    spare_the_old()
    jobs = Jobs()
    try:
        serve_requests(line, DecoderWorker(jobs).handle, jobs)
    finally:
        if is_tracing():
            # Python would be torn down under a thread that is inside TensorFlow.
            sys.stdout.flush()
            os._exit(0)


class DecoderWorker:
    """Passes each request to its handler."""

    def __init__(self, jobs: Jobs) -> None:
        self._session = Session(jobs)

    def handle(self, request: Request) -> Handled:
        """Return the reply to ``request``, or the job that replies; ValueError if it is not for the decoder."""
        self._session.asked_at = time.monotonic()
        handler = HANDLERS.get(type(request))
        if handler is None:
            raise ValueError(f"the decoder does not know the request {type(request).__name__}")
        return live.answer(self._session, request) or handler(self._session, request)
