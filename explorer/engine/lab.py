"""Keeps the laboratory supplied with batches of gradients while it runs and is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QTimer

from explorer.engine.newest import Requests
from explorer.state import AppState
from explorer.state.lab import LabSettings
from models import protocol as p

BATCH, ELBO_BATCH = 1000, 100
# Between two batches, so that a drag beside them keeps its frames.
PAUSE_MS = 30
NO_IMAGE = "The ELBO needs an image: click one on the latent map."


class Lab(QObject):
    """Asks for the next batch when the last one has come; batches of other settings are dropped."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(PAUSE_MS)
        self._next.timeout.connect(self._ask)
        state.lab.settings_changed.connect(self._ask)
        state.lab.running_changed.connect(self._ask)
        for moved in (state.latent.moved, state.latent.current_changed, state.view.dimension_changed):
            moved.connect(self._point_moved)

    def _point_moved(self) -> None:
        """The ELBO is that of the current point."""
        lab = self.state.lab
        if lab.running and lab.settings.on_elbo:
            lab.restart()

    def _ask(self) -> None:
        lab = self.state.lab
        if not lab.running or lab.complete:
            return
        settings, seed = lab.settings, self.state.view.seed + 1_000_003 * lab.batches
        problem = self._problem(settings)
        if problem is None:
            lab.fail(NO_IMAGE)
            return
        count = ELBO_BATCH if settings.on_elbo else BATCH

        def answer(reply: p.Reply) -> None:
            if _same(lab.settings, settings):
                if isinstance(reply, p.GradientsReady):
                    lab.take(reply)
                    self._next.start()
                elif isinstance(reply, p.Failed):
                    lab.fail(reply.message)

        self._requests.ask("lab", lambda number: p.Gradients(number, problem, count, seed), answer)

    def _problem(self, settings: LabSettings) -> p.Problem | None:
        if settings.discrete:
            return p.Discrete(settings.theta, settings.target, settings.temperature)
        if settings.objective != "elbo":
            return p.Continuous(settings.objective, settings.family, settings.k)
        point, dim = self.state.latent.point, self.state.view.dimension
        if point.source.image is None:
            return None
        image = np.ascontiguousarray(point.source.image[np.newaxis])
        at = p.ElboPoint(image, point.z.astype(np.float32), dim)
        family = self.state.model.posterior(float(point.mu[dim]), float(point.sigma[dim]))
        return p.Continuous("elbo", family, 0.0, at)


def _same(one: LabSettings, other: LabSettings) -> bool:
    """Return whether two settings draw the same numbers, whatever of them is shown."""
    return replace(one, parameter=other.parameter) == other
