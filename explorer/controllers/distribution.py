"""Request everything about single distributions: curves, aggregate posteriors, probabilities."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from explorer.client.channels import Requests
from explorer.state import AppState
from explorer.state.answers import DistributionAnswer
from models.core.families import Family
from models.protocol.decoding import Aggregate, AggregateReady
from models.protocol.distribution import Curves, CurvesReady, Locate, Located, Probabilities, ProbabilitiesReady
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply

AGGREGATE_POINTS = 400
SIGMAS = 4.0


class DistributionController(QObject):
    """The newest request of each kind wins; the answers go into the state."""

    def __init__(self, state: AppState, requests: Requests, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state, self._requests = state, requests
        self._follow_latent()
        self._follow_workbench()

    def _follow_latent(self) -> None:
        latent, model, display = self.state.latent, self.state.model, self.state.display
        latent.moved.connect(self._point_moved)
        for changed in (latent.current_changed, latent.points_changed, model.model_changed):
            changed.connect(self.ask_place)
        model.data_changed.connect(self._data_changed)
        model.embedding_changed.connect(self.ask_aggregate)
        display.seed_changed.connect(self.ask_place)
        display.dimension_changed.connect(self._dimension_changed)
        display.slider_scale_changed.connect(self.ask_probabilities)
        display.locate_requested.connect(self.locate)

    def _follow_workbench(self) -> None:
        state = self.state
        state.display.seed_changed.connect(self.ask_workbench)
        state.distribution.mode_changed.connect(self.ask_workbench)
        state.distribution.gripped.connect(self.ask_workbench)
        state.workbench.family_changed.connect(self._drop_workbench)
        state.workbench.changed.connect(self.ask_workbench)

    @property
    def _ready(self) -> bool:
        return self.state.decodable and self.state.display.dimension < self.state.latent.latent_dim

    def _data_changed(self) -> None:
        self.state.answers.forget_aggregate()
        self.ask_place()

    def _dimension_changed(self) -> None:
        self.ask_place()
        self.ask_aggregate()

    def _point_moved(self) -> None:
        """Ask at once if the curves are what is dragged; otherwise the picture comes first."""
        if self.state.distribution.dragging:
            self.ask_place()
        else:
            self.state.pace.later(self.ask_place)

    def ask_place(self) -> None:
        """Request where z stands: on the curves of the chosen dimension, and on the sliders of all."""
        self.ask_curves()
        self.ask_probabilities()

    def ask_curves(self) -> None:
        """Request the curves of the chosen dimension at the current point."""
        if not self._ready:
            return
        dim, point, model = self.state.display.dimension, self.state.latent.point, self.state.model
        z, mu, sigma = float(point.z[dim]), float(point.mu[dim]), float(point.sigma[dim])
        low, high = model.range_of(dim)
        span = min(low, z, mu - SIGMAS * sigma), max(high, z, mu + SIGMAS * sigma)
        family, prior, norm = model.posterior(mu, sigma), model.prior, float(point.z @ point.z)
        # Only of a normal prior is the squared norm χ².
        dims = len(point.z) if model.prior_family == "Normal" else 0
        scores, asked = self.state.display.bank(dim), model.model

        def answer(reply: Reply) -> None:
            if isinstance(reply, CurvesReady) and model.model is asked:
                self.state.answers.set_distribution(DistributionAnswer(dim, family, prior, norm**0.5, reply))
            elif isinstance(reply, Failed):
                self.state.distribution.fail("model", reply.message)

        self._requests.ask(
            "curves", lambda n: Curves(n, family, prior, "z", z, scores, span, norm, dims), answer
        )  # fmt: skip

    def ask_workbench(self) -> None:
        """Request the curves of the workbench while it is shown; the range rests during a drag."""
        distribution, bench = self.state.distribution, self.state.workbench
        if not distribution.on_workbench:
            return
        family, reference = bench.family, bench.reference
        anchor, value, scores = bench.anchor, bench.value, distribution.scores
        shown = distribution.shown
        stamp = self.state.latency.stamp
        span = shown.curves.span if distribution.dragging and shown is not None else None

        def answer(reply: Reply) -> None:
            if isinstance(reply, CurvesReady):
                if (bench.family, bench.anchor, bench.value) == (family, anchor, value):
                    bench.answer(reply.place)
                self.state.answers.set_workbench(DistributionAnswer(None, family, reference, 0.0, reply, stamp))
            elif isinstance(reply, Failed):
                self.state.distribution.fail("workbench", reply.message)

        self._requests.ask(
            "workbench", lambda n: Curves(n, family, reference, anchor, value, scores, span), answer
        )  # fmt: skip

    def _drop_workbench(self) -> None:
        """Cancel the request for the last family, which may take seconds to be traced: nobody waits for it."""
        self._requests.cancel("workbench")

    def locate(self, dim: int, anchor: str, value: float) -> None:
        """Move z of a dimension to where u or ε of its posterior, or u of the prior, has this value.

        What comes for another model, point or posterior than it was asked for is too late.
        """
        asked, family = self._subject(dim), self._family(dim, anchor)

        def answer(reply: Reply) -> None:
            if isinstance(reply, Located) and self._subject(dim) == asked and self._family(dim, anchor) == family:
                self.state.latent.set_component("z", dim, reply.z)
            self.state.latent.await_answer(self._requests.under_way("locate") is not None)

        self.state.latent.await_answer(True)
        self._requests.ask("locate", lambda n: Locate(n, family, "eps" if anchor == "eps" else "u", value), answer)

    def _subject(self, dim: int) -> tuple[object, ...]:
        """Return what a dimension belongs to: the model, by its digest, and the point; nothing if it has none such."""
        model, latent = self.state.model.model, self.state.latent
        return () if model is None or dim >= latent.latent_dim else (model.digest, latent.point.name)

    def _family(self, dim: int, anchor: str) -> Family:
        """Return what u or ε belong to: the prior, or the posterior of a dimension of the current point."""
        point, model = self.state.latent.point, self.state.model
        return model.prior if anchor == "u of p" else model.posterior(float(point.mu[dim]), float(point.sigma[dim]))

    def ask_probabilities(self) -> None:
        """Request where z stands in every dimension, while sliders show that."""
        scale, model, point = self.state.display.slider_scale, self.state.model, self.state.latent.point
        if scale == "z" or not self._ready:
            self.state.answers.set_probabilities(None)
            return
        family = model.prior if scale == "prior" else model.posterior(0.0, 1.0)
        loc, deviation = (point.mu, point.sigma) if scale == "posterior" else (0.0 * point.mu, 0.0 * point.sigma + 1.0)

        def answer(reply: Reply) -> None:
            if isinstance(reply, ProbabilitiesReady):
                self.state.answers.set_probabilities(reply.u)

        self._requests.ask(
            "probabilities", lambda n: Probabilities(n, family, loc, deviation, point.z), answer
        )  # fmt: skip

    def ask_aggregate(self) -> None:
        """Request the aggregate posterior of the chosen dimension."""
        dim, embedding = self.state.display.dimension, self.state.model.embedding
        self.state.answers.forget_aggregate()
        if embedding is not None and dim < embedding.latent_dim:
            x = np.linspace(*self.state.model.range_of(dim), AGGREGATE_POINTS)
            self._requests.ask("aggregate", lambda n: Aggregate(n, dim, x), self._aggregated)

    def _aggregated(self, reply: Reply) -> None:
        if isinstance(reply, AggregateReady) and reply.dim == self.state.display.dimension:
            self.state.answers.set_aggregate(reply)
