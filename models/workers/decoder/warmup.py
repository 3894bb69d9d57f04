"""Warm-up: what the first drag needs is compiled before it, and families are traced ahead in a thread.

Neither the first drag nor a decode waits for TensorFlow's tracing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

import numpy as np

from models.core.families import FACTS, latent_member
from models.curves.compiled import has_room, hold
from models.curves.evaluate import Pair, distance_tails, evaluate_curves, is_prepared, ks_p_value, locate, preparing
from models.numerics.tracing import TURN_SECONDS, beside, start_tracing
from models.protocol.distribution import Curves, Locate
from models.vae import sampling
from models.vae.model import VAE

# Nothing is traced ahead for so long after a request, and after a family became ready: then it is being dragged.
QUIET_SECONDS = 1.5
# Those that take seconds come first; the others are traced quickly once they are chosen.
LONGEST_FIRST = sorted(FACTS, key=lambda name: -FACTS[name].tracing)


def warming_up(vae: VAE) -> Iterator[None]:
    """Compile and call what the first drag with ``vae`` needs, yielding between the parts."""
    origin = np.zeros(vae.architecture.latent_dim, np.float32)
    if vae.architecture.has_encoder:
        vae.encode(np.zeros((1, *vae.architecture.image_shape), np.uint8))
        yield None
    sampling.draw(vae, origin, np.ones_like(origin), draws=2, seed=0)
    yield None
    yield from warming_curves(vae)


def warming_curves(vae: VAE) -> Iterator[None]:
    """Evaluate the curves of the model's own families once, yielding between the parts."""
    x, one = np.zeros(2), np.ones(1, np.float32)
    # What they need of SciPy is imported in a thread.
    yield from beside(partial(ks_p_value, 0.5, 1))
    yield from beside(distance_tails)
    # The laboratory would import them while somebody drags.
    yield from beside(partial(import_module, "models.estimators"))
    posterior, prior = latent_member(vae.space.posterior), latent_member(vae.space.prior)
    hold(posterior.name, prior.name)
    evaluate_curves(Curves(0, posterior, prior, "z", 0.0, x, latent_dim=1))
    yield None
    locate(Locate(0, posterior, "u", 0.5))
    yield from vae.space.aggregate(0.0 * one, one).curves(x)


class Warmer:
    """One thread that prepares the family wished for first, then others beside the same reference while there is room.

    ``last_request`` returns the time of the worker's last request, by ``time.monotonic``.
    """

    def __init__(self, last_request: Callable[[], float]) -> None:
        self._last_request = last_request
        self._changed = threading.Condition()
        self._wished: Pair | None = None
        self._begun: Pair | None = None
        self._prepared_at = 0.0
        self._thread: threading.Thread | None = None

    @property
    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def ready(self, pair: Pair) -> bool:
        """Return whether ``pair`` can be evaluated: it is traced, or tracing it has failed and will say why."""
        return is_prepared(*pair) or (self._begun == pair and not self._alive)

    def wish(self, pair: Pair) -> None:
        """Prepare ``pair`` before all others."""
        with self._changed:
            self._wished = pair
            self._changed.notify_all()
        if not self._alive:
            self._thread = start_tracing(partial(self._run, pair))

    def wait(self) -> None:
        """Wait for a moment, or until something was prepared."""
        with self._changed:
            self._changed.wait(TURN_SECONDS)

    def _run(self, first: Pair) -> None:
        reference = first[1]
        while (pair := self._next(reference)) is not None:
            reference = pair[1]
            self._prepare(pair)
            with self._changed:
                if self._wished == pair:
                    self._wished = None
                self._changed.notify_all()

    def _next(self, reference: str) -> Pair | None:
        with self._changed:
            if self._wished is not None:
                return self._wished
        if not has_room():
            return None
        others = ((name, reference) for name in LONGEST_FIRST)
        return next((pair for pair in others if not is_prepared(*pair)), None)

    def _prepare(self, pair: Pair) -> None:
        self._begun = pair
        for _ in self._steps(pair):
            if self._wished not in (None, pair):
                return
        self._prepared_at = time.monotonic()

    def _steps(self, pair: Pair) -> Iterator[None]:
        parts = preparing(*pair)
        while True:
            while self._wished is None and not self._quiet():
                with self._changed:
                    self._changed.wait(QUIET_SECONDS / 4)
            if next(parts, self) is self:
                return
            yield None

    def _quiet(self) -> bool:
        return time.monotonic() - max(self._last_request(), self._prepared_at) > QUIET_SECONDS
