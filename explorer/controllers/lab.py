"""Supply the laboratory with batches of gradients while it runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QTimer

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.lab import LabSettings
from models.protocol.lab import Continuous, Discrete, ElboPoint, Gradients, GradientsReady, Problem
from models.protocol.lifecycle import Dropped, Failed
from models.protocol.messages import Reply

# The first batch; the slowest estimator of those that follow takes about so long, for a drag may wait for that.
FIRST_BATCH, FIRST_ELBO_BATCH = 500, 20
BUDGET_MS = 3.0
FEWEST, MOST = 10, 1000
# Between two batches, so that a drag beside them keeps its frames.
PAUSE_MS = 30
NO_IMAGE = "The ELBO needs an image: click one on the latent map."


class LabController(QObject):
    """Requests the next batch when the last one has arrived; batches of other settings are dropped."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(PAUSE_MS)
        self._next.timeout.connect(self.ask)
        self._count = FIRST_BATCH
        state.lab.settings_changed.connect(self._settings_changed)
        state.lab.running_changed.connect(self.ask)
        for moved in (state.latent.moved, state.latent.current_changed, state.display.dimension_changed):
            moved.connect(self._point_moved)

    def _point_moved(self) -> None:
        """Restart an ELBO: it is that of the current point."""
        lab = self.state.lab
        if lab.running and lab.settings.on_elbo:
            lab.restart()

    def _settings_changed(self) -> None:
        """Draw with the new settings; the exact gradient of an ELBO is computed when the point rests."""
        on_elbo = self.state.lab.settings.on_elbo
        self._count = FIRST_ELBO_BATCH if on_elbo else FIRST_BATCH
        if on_elbo:
            # Its answer would be that of another point.
            self._requests.cancel("lab")
            self._next.start()
        else:
            self.ask()

    def ask(self) -> None:
        """Request the next batch, if one is wanted."""
        lab = self.state.lab
        if not lab.running or lab.complete:
            return
        settings, seed = lab.settings, self.state.display.seed + 1_000_003 * lab.batches
        problem = self._problem(settings)
        if problem is None:
            lab.fail(NO_IMAGE)
            return
        count = self._count

        def answer(reply: Reply) -> None:
            self._take(reply, settings)

        self._requests.ask("lab", lambda number: Gradients(number, problem, count, seed), answer)

    def _take(self, reply: Reply, settings: LabSettings) -> None:
        lab, fresh = self.state.lab, _same(self.state.lab.settings, settings)
        if isinstance(reply, GradientsReady):
            if fresh or settings.alike(lab.settings):
                lab.take(reply, fresh)
            if fresh:
                self._count = adapted_count(reply)
                self._next.start()
        elif isinstance(reply, Dropped):
            self._next.start()
        elif isinstance(reply, Failed) and fresh:
            lab.fail(reply.message)

    def _problem(self, settings: LabSettings) -> Problem | None:
        if settings.discrete:
            return Discrete(settings.theta, settings.target, settings.temperature)
        if settings.integrand != "elbo":
            return Continuous(settings.integrand, settings.family, settings.k)
        point, dim = self.state.latent.point, self.state.display.dimension
        if point.source.image is None:
            return None
        image = np.ascontiguousarray(point.source.image[np.newaxis])
        at = ElboPoint(image, point.z.astype(np.float32), dim)
        family = self.state.model.posterior(float(point.mu[dim]), float(point.sigma[dim]))
        return Continuous("elbo", family, 0.0, at)


def _same(one: LabSettings, other: LabSettings) -> bool:
    """Return whether two settings draw the same numbers, whichever of them are shown."""
    return replace(one, parameter=other.parameter) == other


def adapted_count(reply: GradientsReady) -> int:
    """Return how many samples the slowest estimator draws within the budget; at most half or twice those of before."""
    slowest, count = max((part.microseconds, len(part.gradients)) for part in reply.estimates)
    wanted = 1e3 * BUDGET_MS / max(slowest, 1e-3)
    return int(min(max(wanted, 0.5 * count, FEWEST), 2.0 * count, MOST))
