"""The open model, data set and embedding of the decoder, and its jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo, ModelInfo
from models.core.trust import Usual
from models.data.opening import Found
from models.protocol.messages import Request
from models.vae.foreign import Reader
from models.vae.live import LiveVAE
from models.vae.model import VAE
from models.vae.posterior import Posteriors
from models.workers.decoder.warmup import Warmer
from models.workers.loop import Jobs

if TYPE_CHECKING:
    from models.paths.walk import Ways


class Session:
    """The open model, the open data set, the posteriors of the one by the other, and the jobs under way.

    ``vae`` is the open model ready to decode, None before the first one; ``reader`` reads model files; ``found`` are
    the data that were looked at last, until they are opened; ``asked_at`` is the time of the last request by
    ``time.monotonic``; ``usual`` is what is usual of the posteriors, None until somebody asks.
    """

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.asked_at = time.monotonic()
        self.warmer = Warmer(lambda: self.asked_at)
        self.reader = Reader()
        self.vae: VAE | None = None
        self.found: Found | None = None
        self.usual: Usual | None = None
        self._model: ModelInfo | None = None
        self._data: DataInfo | None = None
        self._posteriors: Posteriors | None = None
        self._ways: Ways | None = None

    def take_model(self, info: ModelInfo, vae: VAE) -> None:
        """Make ``vae``, which ``info`` describes, the open model."""
        if isinstance(self.vae, LiveVAE) and self.vae is not vae:
            self.vae.close()
        self.vae, self._model = vae, info
        self._keep(None)

    def take_data(self, data: DataInfo) -> None:
        """Make ``data`` the open data set."""
        self._data = data
        self._keep(None)

    def take_posteriors(self, posteriors: Posteriors) -> None:
        """Keep the posteriors of all images of the open data set by the open model."""
        self._keep(posteriors)

    def _keep(self, posteriors: Posteriors | None) -> None:
        """Keep posteriors, if there are any, and drop all that was worked out from those before."""
        self._posteriors, self._ways, self.usual = posteriors, None, None

    def model(self) -> VAE:
        """Return the open model; ValueError if there is none."""
        if self.vae is None:
            raise ValueError("no model is open")
        return self.vae

    def model_digest(self) -> str:
        """Return the digest of the open model; ValueError if there is no model."""
        if self._model is None:
            raise ValueError("no model is open")
        return self._model.digest

    def data_if_any(self) -> DataInfo | None:
        """Return the open data set, None if there is none."""
        return self._data

    def data_options(self) -> DataOptions:
        """Return how the data were read that the open model was trained on."""
        return AS_FOUND if self._model is None else self._model.data_options

    def data(self) -> DataInfo:
        """Return the open data set; ValueError if there is none."""
        if self._data is None:
            raise ValueError("no data set is open")
        return self._data

    def posteriors(self, missing: str) -> Posteriors:
        """Return the posteriors of all images; ValueError with the sentence ``missing`` if they are not known yet."""
        if self._posteriors is None:
            raise ValueError(missing)
        return self._posteriors

    def posteriors_if_any(self) -> Posteriors | None:
        """Return the posteriors of all images, None while they are not known."""
        return self._posteriors

    def ways(self) -> Ways:
        """Return what walks with the open model and its posteriors share."""
        from models.paths.walk import Ways

        if self._ways is None:
            self._ways = Ways()
        return self._ways

    def until_done(self, *kinds: type[Request]) -> Iterator[None]:
        """Yield while jobs of these kinds of request are under way."""
        while any(self.jobs.running(kind) for kind in kinds):
            yield None
