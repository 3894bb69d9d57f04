"""Start-up and wiring: state, controllers, window; the decoder is started before anything is built."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from explorer.app import remembering, session
from explorer.app.desktop import DesktopSession
from explorer.app.files import open_path
from explorer.app.garbage import Collector
from explorer.app.live import LiveLink
from explorer.app.main_window import MainWindow
from explorer.app.session_file import Autosave, SessionFile
from explorer.app.signals import ClosingSignals
from explorer.app.uncaught import Uncaught
from explorer.client.launcher import Launched
from explorer.client.live import Live
from explorer.controllers.decoder import DecoderController
from explorer.controllers.export import ExportController
from explorer.controllers.keras_export import KerasExportController
from explorer.controllers.path_export import PathExportController
from explorer.controllers.runs import RunsController
from explorer.controllers.training import TrainingController
from explorer.state import AppState
from explorer.state.hints import HINTS
from explorer.theme.theme import Theme
from models.core.data_options import AS_FOUND, DataOptions
from models.core.errors import UserError
from models.core.files import is_there
from models.core.foreign import is_model
from models.core.sprite_names import is_sprites
from models.core.text import printable
from resources import dataset_path, model_path

# Two dimensions: the map shows the whole of the latent space.
FIRST_MODEL, FIRST_DATA = "mnist-vae-2", "mnist_10k"
SWITCH_SECONDS = 0.001
# The exit code of a process that a signal ended is its number and this.
SIGNALLED = 128
# NumPy loads these when first used, 25 ms of a held-up event loop; here they load before there is a window.
LOADED_AHEAD = ("numpy.ma", "numpy.random")


class App(QObject):
    """One window with its workers and its session; the bundled model ``first`` opens where no session says another.

    With ``live``, it is a window on the model of that process instead.
    """

    def __init__(
        self,
        qt: QApplication,
        scheme: str | None = None,
        keep_session: bool = True,
        launched: Launched | None = None,
        first: str = FIRST_MODEL,
        live: Live | None = None,
    ) -> None:
        super().__init__()
        self.state = AppState(self)
        self.decoder = DecoderController(self.state, self)
        opener, bundled = self.decoder.opening, str(model_path(first))
        self.trainer = TrainingController(self.state, opener, self)
        self.runs = RunsController(self.state, self.trainer.client, opener, bundled, self)
        self.exporter = ExportController(self.state, self.decoder.requests, self)
        self.path_exporter = PathExportController(self.state, self.decoder.requests, self)
        self.keras_exporter = KerasExportController(self.state, self)
        self._session = SessionFile() if keep_session else None
        self._autosave: Autosave | None = None
        self._closed = False
        stored, complaints = self._load_session()
        self._opened_first = {key: stored.get(key) for key in ("model", "data")}
        self._start_decoder(stored, bundled, launched, live)
        new = keep_session and not stored and not complaints
        complaints += [*self.decoder.client.remarks, *_missing(stored)]
        chosen = scheme or stored.get("scheme")
        self.theme = Theme(qt, self, str(chosen) if chosen else None)
        self.window = MainWindow(self.state, self.theme)
        self.window.closing.connect(self.close)
        self._live = None if live is None else self._linked(live)
        self.collector = Collector(self)
        self.collector.start()
        self.state.workers.restart_requested.connect(self._restart)
        complaints += self._restore(stored)
        self._keep_saving()
        self.desktop = DesktopSession(self.window, self._autosave, self)
        if complaints:
            self.state.notices.notice("warning", " ".join(complaints))
        if new:
            self.state.hints.offer(HINTS)

    def _start_decoder(
        self, stored: dict[str, Any], bundled: str, launched: Launched | None, live: Live | None
    ) -> None:
        if live is not None:
            self.decoder.start_live(live, launched)
            return
        model = _existing(stored.get("model"), Path(bundled))
        data = _existing(stored.get("data"), dataset_path(FIRST_DATA))
        self.decoder.start(model, data, bundled, launched)

    def show(self) -> None:
        """Show the window."""
        self.window.show()

    def open(self, paths: Sequence[str], latents: str = "", beside: DataOptions = AS_FOUND) -> None:
        """Open files named on the command line, and the codes in a file with the model among them or without one.

        The images and columns of the codes are those ``beside``.
        """
        for path in paths:
            open_path(self.state, path)
        if latents:
            codes = str(Path(latents).absolute())
            self.state.importing.open_latents(codes, beside)
            if not any(is_model(Path(path)) for path in paths):
                self.state.model.request_model(codes)

    def close(self) -> None:
        """Save the session and end the workers, once."""
        if self._closed:
            return
        self._closed = True
        self.collector.stop()
        if self._live is not None:
            self._live.close()
        self._end_session()
        self.window.leave_panes()
        self.exporter.close()
        self.path_exporter.close()
        self.keras_exporter.close()
        self.trainer.close()
        self.decoder.close()

    def _linked(self, live: Live) -> LiveLink:
        link = LiveLink(live, self.state, self.decoder, self.window, self)
        link.ended.connect(self.end)
        return link

    def end(self) -> None:
        """Close because the process ends whose model is shown, or asks for it; nobody is asked."""
        self.window.hide()
        self.close()
        QApplication.exit(0)

    def _restart(self, role: str) -> None:
        (self.trainer if role == "trainer" else self.decoder).restart()

    def close_for(self, number: int) -> None:
        """Close because the system asks for it: nobody is asked, since what is not saved is there at the next start."""
        self.close()
        QApplication.exit(SIGNALLED + number)

    # ----------------------------------------------------------------------------------------------- the session

    def _load_session(self) -> tuple[dict[str, Any], list[str]]:
        if self._session is None:
            return {}, []
        told = list(filter(None, [self._session.remark]))
        try:
            return self._session.load(), told
        except UserError as error:
            return {}, [*told, f"The last session could not be read, so a new one was started: {error}"]

    def _restore(self, stored: dict[str, Any]) -> list[str]:
        if not stored:
            return []
        lost = session.restore(self.state, stored)
        look = stored.get("look")
        if isinstance(look, dict):
            self.window.restore_look({key: text for key, text in look.items() if isinstance(text, str)})
        lost += remembering.recall(self.state, stored)
        return [f"Of the last session, this could not be restored: {', '.join(dict.fromkeys(lost))}."] if lost else []

    def _keep_saving(self) -> None:
        """Save the session a few seconds after each change from now on."""
        path = None if self._session is None else self._session.path
        if path is not None:
            self._autosave = Autosave(self.state, path, self._captured, self)
            self._autosave.failed.connect(self._cannot_save)
            self.theme.changed.connect(self._autosave.later)

    def _captured(self) -> dict[str, Any]:
        """Return the session as it is; what has not been opened yet is still that of the last one."""
        now = session.capture(self.state) | remembering.captured(self.state)
        now |= {"scheme": self.theme.choice, "look": self.window.save_look()}
        return now | {key: path for key, path in self._opened_first.items() if now[key] is None}

    def _cannot_save(self, reason: str) -> None:
        text = f"The session cannot be saved, so this window will not be restored at the next start: {reason}"
        self.state.notices.notice("warning", text)

    def _end_session(self) -> None:
        complaint = "" if self._autosave is None else self._autosave.close()
        if complaint:
            # The terminal may be gone.
            with suppress(OSError):
                sys.stderr.write(printable(f"latentscape: the session could not be saved: {complaint}") + "\n")
        if self._session is not None:
            self._session.release()


def _existing(stored: object, bundled: Path) -> str:
    return stored if isinstance(stored, str) and _there(stored) else str(bundled)


def _missing(stored: dict[str, Any]) -> list[str]:
    paths = (stored.get("model"), stored.get("data"))
    gone = [path for path in paths if isinstance(path, str) and not _there(path)]
    text = f"Files of the last session are missing: {', '.join(gone)}. Bundled ones are shown instead."
    return [text] if gone else []


def _there(path: str) -> bool:
    """Return whether a file is there; generated data always are."""
    return is_sprites(path) or is_there(path)


def make_qt() -> QApplication:
    """Return the one QApplication, set up for this program."""
    sys.setswitchinterval(SWITCH_SECONDS)
    for name in LOADED_AHEAD:
        import_module(name)
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    qt = QApplication(["latentscape"])
    qt.setApplicationName("latentscape")
    qt.setApplicationDisplayName("Latentscape")
    return qt


def run_app(
    paths: Sequence[str],
    launched: Launched | None = None,
    latents: str = "",
    live: Live | None = None,
    beside: DataOptions = AS_FOUND,
) -> int:
    """Open the window, wait until it is closed, and return the exit code.

    ``latents`` is a file of codes to explore with a model or without, and what lies ``beside`` them. ``launched`` is a
    decoder started ahead, so that TensorFlow is imported while Qt is; ``live`` is a person's own Python process, whose
    model is opened.
    """
    qt = make_qt()
    # What a person's process answers for is gone with it.
    app = App(qt, keep_session=live is None, launched=launched, live=live)
    Uncaught(app.state.notices, app).install()
    signals = ClosingSignals(app)
    signals.asked.connect(app.close_for)
    signals.install()
    app.desktop.follow(qt)
    app.show()
    app.open(paths, latents, beside)
    try:
        return qt.exec()
    finally:
        # The loop may have been ended without the window having been closed.
        app.close()
        signals.remove()
