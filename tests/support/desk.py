"""The real window with its real workers, and a user in front of it who looks, waits, and uses mouse and keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.app import main_window
from explorer.app.main_window import USUAL
from explorer.app.startup import FIRST_DATA, App
from explorer.controllers import training
from explorer.state.latent import Point
from explorer.state.model import OpenedData, OpenedEmbedding
from explorer.theme.colors import DARK
from explorer.theme.stylesheet import stylesheet
from explorer.views.distribution.plot import DistributionPlot, Handle
from explorer.views.open_data.dialog import PreviewDialog
from models.protocol.distribution import CurvesReady
from resources import dataset_path, model_path
from tests.support.start import Start
from tests.support.workers import fork_workers

PATIENCE_MS = 90_000
# The model of most tests: with more dimensions than the map can show.
MODEL = "mnist-vae-50"
AN_HOUR_MS = 3_600_000
CHANNELS = (
    "model", "data", "embedding", "picture", "draws", "curves", "thumbnails", "aggregate", "locate", "workbench",
    "probabilities", "lab", "factors", "neighbours", "trust", "import",
    "picture file", "preview", "data preview", "export", "reconstructions",
)  # fmt: skip
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
Place = QPoint | QPointF


@contextmanager
def opened_app(
    qt: QApplication,
    keep_session: bool = False,
    scheme: str | None = "dark",
    trainer_ahead: bool = False,
    model: str = MODEL,
) -> Iterator[App]:
    """Open the window, and close it in the end as a person does.

    Few tests train: the trainer starts when it is needed, or ``trainer_ahead`` of that as soon as the window has time,
    as it does for a person.
    """
    with pytest.MonkeyPatch.context() as patch:
        # A worker may start at any time: the trainer with the first training, both again after a crash.
        fork_workers(patch)
        app = _opened(qt, keep_session, scheme, trainer_ahead, model)
        app.show()
        try:
            yield app
        finally:
            app.state.run.finish(None)
            app.state.unsaved.set_models(())
            app.window.close()
            app.window.deleteLater()
            app.deleteLater()


def _opened(qt: QApplication, keep_session: bool, scheme: str | None, trainer_ahead: bool, model: str) -> App:
    """Make the window; what is changed for it does not reach one that is opened beside it."""
    with pytest.MonkeyPatch.context() as patch:
        if not trainer_ahead:
            patch.setattr(training, "PREPARE_AFTER_MS", AN_HOUR_MS)
        # The screen of the offscreen platform is smaller than anybody's.
        patch.setattr(main_window, "fitting", lambda screen: QSize(*USUAL))
        return App(qt, scheme, keep_session=keep_session, first=model)


class Desk:
    """One window and what a user does with it."""

    def __init__(self, app: App, qtbot: QtBot) -> None:
        self.app, self.qtbot = app, qtbot
        self.state, self.window, self.latent = app.state, app.window, app.state.latent

    @property
    def point(self) -> Point:
        """The current point."""
        return self.latent.point

    @property
    def curves(self) -> CurvesReady:
        """The curves of the chosen dimension."""
        answer = self.state.answers.distribution
        assert answer is not None
        return answer.curves

    @property
    def embedding(self) -> OpenedEmbedding:
        """The posteriors of all images."""
        embedding = self.state.model.embedding
        assert embedding is not None
        return embedding

    @property
    def data(self) -> OpenedData:
        """The open data set."""
        data = self.state.model.data
        assert data is not None
        return data

    # --------------------------------------------------------------------------------------------------- waiting

    def wait_ready(self) -> None:
        """Wait until the window shows everything it shows after opening."""
        self.qtbot.waitUntil(self._complete, timeout=PATIENCE_MS)
        self.settle()

    def _complete(self) -> bool:
        results, model = self.state.answers, self.state.model
        known = model.embedding is not None and results.aggregate is not None and results.distribution is not None
        return known and results.picture is not None and results.draws is not None

    def settle(self) -> None:
        """Wait until the decoder has answered all requests."""
        self.qtbot.waitUntil(self.idle, timeout=PATIENCE_MS)

    def rest(self) -> None:
        """Wait for all answers, also those that a drag puts off for long."""
        self.qtbot.waitUntil(lambda: self.state.pace.resting and self.idle(), timeout=PATIENCE_MS)

    def idle(self) -> bool:
        """Return whether no request is in flight, and nothing put off."""
        channels = (*CHANNELS, *(f"encode {point.name}" for point in self.latent.points))
        asked = any(self.app.decoder.requests.under_way(channel) for channel in channels)
        return not (asked or self.state.pace.waiting)

    def start_over(self, start: Start) -> None:
        """Return to how the window was when it had just opened."""
        self.settle()
        self._dress()
        self.reopen()
        start.return_to(self.state, self.window)
        self.settle()

    def _dress(self) -> None:
        """Choose the dark scheme, unless it is in use: another window may have dressed the program."""
        qt = QApplication.instance()
        assert isinstance(qt, QApplication)
        if qt.styleSheet() != stylesheet(DARK):
            self.app.theme.choose("dark")

    def reopen(self) -> None:
        """Open the model and the data that a window opens first."""
        state, model, data = self.state.model, str(model_path(MODEL)), str(dataset_path(FIRST_DATA))
        if state.model is None or state.model.path != model:
            state.request_model(model)
        if state.data is None or state.data.info.path != data:
            state.request_data(data)
        self.settle()

    # ----------------------------------------------------------------------------------------------------- mouse

    def press(self, widget: QWidget, at: Place) -> None:
        """Press the left button."""
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)

    def move(self, widget: QWidget, at: Place, held: Qt.MouseButton = NONE) -> None:
        """Move the mouse, with or without a button held."""
        self._mouse(widget, QEvent.Type.MouseMove, at, NONE, held)

    def release(self, widget: QWidget, at: Place) -> None:
        """Release the left button."""
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def click(self, widget: QWidget, at: Place) -> None:
        """Press and release in one place."""
        self.press(widget, at)
        self.release(widget, at)

    def double_click(self, widget: QWidget, at: Place) -> None:
        """Double-click, with the events that Qt sends."""
        self.click(widget, at)
        self._mouse(widget, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT)
        self.release(widget, at)

    def drag(self, widget: QWidget, path: Iterable[Place]) -> None:
        """Press at the first place, move through the others and release at the last."""
        places = list(path)
        self.press(widget, places[0])
        for place in places[1:]:
            self.move(widget, place, held=LEFT)
        self.release(widget, places[-1])

    def _mouse(
        self, widget: QWidget, kind: QEvent.Type, at: Place, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        place = QPointF(at)
        event = QMouseEvent(kind, place, QPointF(widget.mapToGlobal(place.toPoint())), button, held, PLAIN)
        QApplication.sendEvent(widget, event)

    def drop(self, *paths: Path | QUrl) -> None:
        """Drop files, or addresses, on the window."""
        data = QMimeData()
        data.setUrls([path if isinstance(path, QUrl) else QUrl.fromLocalFile(str(path)) for path in paths])
        place, copy = QPointF(400.0, 300.0), Qt.DropAction.CopyAction
        entering = QDragEnterEvent(place.toPoint(), copy, data, LEFT, PLAIN)
        QApplication.sendEvent(self.window, entering)
        assert entering.isAccepted()
        QApplication.sendEvent(self.window, QDropEvent(place, copy, data, LEFT, PLAIN))

    def drop_data(self, path: Path) -> None:
        """Drop data, and open them as they are shown."""
        self.drop(path)
        dialog = self.window.findChildren(PreviewDialog)[-1]
        self.qtbot.waitUntil(dialog.open_data.isEnabled, timeout=PATIENCE_MS)
        dialog.open_data.click()
        # Offscreen, nobody brings the window to the front again.
        with self.qtbot.waitActive(self.window):
            self.window.activateWindow()

    # ---------------------------------------------------------------------------------------------------- places

    def on_map(self, xy: NDArray[np.floating]) -> QPointF:
        """Return where plane coordinates [2] lie in the viewport of the map."""
        plot = self.window.map.plot
        return QPointF(plot.getViewBox().mapViewToScene(QPointF(*xy)))

    def plane_at(self, place: QPointF) -> NDArray[np.float64]:
        """Return the plane coordinates [2] under a place of the map's viewport."""
        at = self.window.map.plot.getViewBox().mapSceneToView(place)
        return np.array([at.x(), at.y()])

    def marker(self, name: str) -> QPointF:
        """Return where a named point stands in the viewport of the map."""
        return self.on_map(next(m.xy for m in self.window.map.plot.points.markers if m.name == name))

    def grip(self, plot: DistributionPlot, grip: str, shape: str = "") -> tuple[Handle, QPointF]:
        """Return a handle of a plot and a place in its viewport where no other handle is nearer."""
        handle = next(h for h in plot.layer.handles if h.grip == grip and shape in h.shape)
        place = plot.pixel_of(handle)
        if handle.shape == "h":
            place.setX(plot.width() * 0.55)
        elif handle.shape == "v":
            place.setY(plot.height() * 0.35)
        return handle, place
