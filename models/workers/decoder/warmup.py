"""Traces families ahead in a thread, so that neither the first drag nor a decode waits for TensorFlow's tracing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from models.core.families import FACTS
from models.curves.evaluate import Pair, is_prepared, ks_p_value, preparing
from models.numerics.tracing import TURN_SECONDS, beside, keep_traced, start_tracing

# What nobody waits for rests so long after a request, and after a family is there: then it is dragged.
QUIET_SECONDS = 1.5
# Those that take seconds come first; the others are soon traced when they are chosen.
LONGEST_FIRST = sorted(FACTS, key=lambda name: -FACTS[name].tracing)


def importing_statistics() -> Iterator[None]:
    """Import in a thread what the first curves need of SciPy, and yield while it lasts."""
    return beside(partial(ks_p_value, 0.5, 1))


class Warmer:
    """One thread that prepares what is wished first, then every other family beside the same reference.

    ``last_request`` returns when the worker was last asked for something, by ``time.monotonic``.
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
        others = ((name, reference) for name in LONGEST_FIRST)
        return next((pair for pair in others if not is_prepared(*pair)), None)

    def _prepare(self, pair: Pair) -> None:
        self._begun = pair
        for _ in self._steps(pair):
            if self._wished not in (None, pair):
                return
        keep_traced()
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
