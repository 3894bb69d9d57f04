"""Open models and data sets, and embed the images of the one with the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject

from explorer.client.channels import Build, Requests
from explorer.client.live import Live
from explorer.controllers.points import PointsController
from explorer.state import AppState
from explorer.state.model import descends
from models.core.data_options import DataOptions
from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.protocol.importing import Inspected
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, Opening, OpenModel


class Opener(Protocol):
    """Opens models and data sets, for controllers that need that done."""

    def open_model(self, path: str) -> None:
        """Open a model file."""

    def open_data(self, path: str, options: DataOptions | None = None) -> None:
        """Open a data set, read by some options or as the last time."""


class OpeningController(QObject):
    """Knows what is open, so that a restarted worker can open it again."""

    def __init__(
        self, state: AppState, requests: Requests, points: PointsController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.state, self._requests, self._points = state, requests, points
        self._model_path: str | None = None
        self._label: int | None = None
        self._data_path: str | None = None
        self._fallback: str | None = None
        self._live: Live | None = None
        self._postponed: Build | None = None
        # Data that the person has seen and asked for, not open yet, and how often the decoder ended over them.
        self._previewed: tuple[str, DataOptions] | None = None
        self._ended = 0
        # A model that the person asked for, whose data have not been looked for yet.
        self._wanted: str | None = None
        state.model.open_model_requested.connect(self._open_wanted)
        state.model.open_data_requested.connect(self._open_chosen)
        state.model.class_requested.connect(self._open_class)
        state.importing.open_requested.connect(self._open_answered)
        state.preview.open_requested.connect(self._open_previewed)
        state.preview.stop_requested.connect(self._stop_data)
        state.export.finished.connect(self._open_postponed)

    def prepare(self, model_path: str, data_path: str, fallback: str) -> None:
        """Set what is opened as soon as there is a worker, and the model to open if that one cannot be."""
        self._model_path, self._data_path, self._fallback = model_path, data_path, fallback
        self._label = None

    def prepare_live(self, live: Live) -> None:
        """Set the model of a person's own Python process, with its data, as what is opened when there is a worker."""
        self._live, self._model_path, self._data_path = live, live.path, live.description.data or None

    def reopen(self) -> None:
        """Open the model and the data in a worker that has just been started."""
        if self._model_path is not None:
            self._open_class(self._label)
        if self._data_path is not None:
            self.open_data(self._data_path)
        if self._previewed is not None:
            self.open_data(*self._previewed)

    def crashed(self, reason: str, again: bool) -> None:
        """Give up data that the person asked for if the worker stays off, or has ended over them before."""
        if self._previewed is None:
            return
        self._ended += 1
        if self._ended > 1 or not again:
            self._previewed = None
            self.state.preview.fail(f"The decoder stopped: {reason}.")

    def open_model(self, path: str) -> None:
        """Open a model; if that fails, the open one stays. A running export is finished first."""
        self._ask_model(self._request(path))

    def _request(self, path: str, **options: Any) -> Build:  # noqa: ANN401 the fields of OpenModel
        """Return what asks for the model at ``path``, or for that of a person's own Python process."""
        live = self._live
        return partial(OpenModel, path=path, **options) if live is None or path != live.path else live.request

    def _ask_model(self, build: Build) -> None:
        if self.state.export.running:
            self._postponed = build
            return
        self._requests.ask("model", build, self._model_opened)

    def open_data(self, path: str, options: DataOptions | None = None) -> None:
        """Open a data set, read by some options or as the last time; if that fails, the open one stays."""
        by = self.state.catalogue.options_of(path) if options is None else options
        self._requests.ask("data", lambda number: OpenData(number, path, by), self._data_opened)

    def _open_wanted(self, path: str) -> None:
        """Open the model that the person has chosen, who is asked about one of other people."""
        self._wanted = path
        self._ask_model(self._request(path, ask=True))

    def _open_answered(self, path: str, answers: Mapping[str, str]) -> None:
        self._wanted = path
        self._ask_model(self._request(path, answers=answers))

    def _open_class(self, label: int | None) -> None:
        """Open the model once more, if it is a conditional one held at this class."""
        path = self._model_path
        if path is not None:
            self._ask_model(self._request(path, label=label))

    def _open_chosen(self, path: str) -> None:
        """Open the data that the person has chosen: no others take their place."""
        self._wanted = None
        self.open_data(path)

    def _open_previewed(self, path: str, options: DataOptions) -> None:
        """Open the data that the person has seen, as they were shown."""
        self._wanted = None
        self._previewed, self._ended = (path, options), 0
        self.open_data(path, options)

    def _stop_data(self) -> None:
        """Open no data."""
        self._previewed = None
        self._requests.cancel("data")

    def _open_postponed(self) -> None:
        build, self._postponed = self._postponed, None
        if build is not None:
            self._ask_model(build)

    def _model_opened(self, reply: Reply) -> None:
        if isinstance(reply, Failed) and self.state.model.model is None and self._fallback is not None:
            path, self._fallback = self._fallback, None
            self.open_model(path)
        if isinstance(reply, Failed):
            self.state.importing.take_latents()
        if isinstance(reply, Inspected):
            self.state.importing.show(reply)
        if isinstance(reply, ModelOpened):
            self._model_path = reply.model.origin
            self._label = reply.model.label if reply.model.classes else None
            before = self.state.model.model
            with self.state.model.replaced(reply.model):
                self._points.fit(reply.model, before)
            self._remember(reply.model)
            self._ask_embedding()
            if not self._open_codes(reply.model, before):
                self._offer_data()

    def _open_codes(self, model: ModelInfo, before: ModelInfo | None) -> bool:
        """Open the codes that came with the model, or those of before if it is the same one with other answers."""
        data = self.state.model.data
        path = self.state.importing.take_latents() if self._is_wanted(model) else ""
        options = self.state.importing.options if path else None
        if not path and data is not None and before is not None and before.digest == data.info.codes_of:
            path = data.info.path if descends(model, before) and model.digest != before.digest else ""
        if path:
            self._wanted = None
            self.open_data(path, options)
        return path != ""

    def _remember(self, model: ModelInfo) -> None:
        """Put a model that the person has chosen at the head of the recent ones."""
        if model.has_decoder and self._is_wanted(model) and not self.state.unsaved.is_draft(model.path):
            self.state.model.remember(model.origin)

    def _data_opened(self, reply: Reply) -> None:
        if isinstance(reply, Opening):
            self.state.preview.report(reply.done, reply.total)
        if isinstance(reply, Failed):
            self._previewed = None
            self.state.preview.fail(reply.message)
        if isinstance(reply, DataOpened):
            with self._reading(reply.data.path):
                self.state.model.set_data(reply.data)
                self._data_path = reply.data.path
                self._ask_embedding()
                self._offer_data()
            if self._previewed is not None and reply.data.path == self._previewed[0]:
                self._previewed = None
                self.state.preview.finish()

    def _offer_data(self) -> None:
        """Open the data of a model that the person has just opened, if it cannot encode the open data."""
        model, data = self.state.model.model, self.state.model.data
        if model is None or data is None or not self._is_wanted(model) or self._opening_data:
            return
        self._wanted = None
        if self.state.model.compatible:
            return
        if not model.has_encoder:
            self.state.notices.notice("info", f"{self.state.model.misfit} Explore it with the prior.")
            return
        own = self.state.catalogue.data_of(model)
        if own is not None and own != data.info.path:
            self.open_data(own)
            text = f"{model.name} cannot encode {data.info.name}, so its own data are opened: {Path(own).name}."
        else:
            text = f"{model.name} was trained on {model.dataset or 'other data'}: open them to see the map."
        self.state.notices.notice("info", text)

    def _is_wanted(self, model: ModelInfo) -> bool:
        return self._wanted is not None and Path(model.origin) in (Path(self._wanted), Path(self._wanted).absolute())

    @property
    def _opening_data(self) -> bool:
        return self._requests.under_way("data") is not None

    def _ask_embedding(self) -> None:
        if self.state.model.compatible:
            self._requests.ask("embedding", Embed, self._embedded)

    def _embedded(self, reply: Reply) -> None:
        model, data = self.state.model.model, self.state.model.data
        if not isinstance(reply, Embedded) or model is None or data is None:
            return
        if (reply.model_digest, reply.data_digest) == (model.digest, data.info.digest):
            with self._reading(reply.mu_path):
                self.state.model.set_embedding(reply)
                self._points.follow_embedding()

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        """Say so if what the decoder has laid out cannot be read any more: its folder may be gone."""
        try:
            yield
        except OSError as error:
            self.state.notices.notice("error", f"{path}: {reason_of(error)}")
        except UserError as error:
            self.state.notices.notice("error", str(error))
