"""What tests of the window share: settings of their own, one real window per module, nothing of it left behind.

A conftest takes the fixtures by importing them; the tests of the science need none of them, and no Qt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.startup import App
from explorer.state.latent import LatentSnapshot
from resources import model_path
from tests.support.desk import MODEL, Desk, opened_app
from tests.support.display import Pointer
from tests.support.folders import use_folders
from tests.support.leftovers import guarded, has_failed
from tests.support.leftovers_of_qt import RunningWithQt, record_starts, shared
from tests.support.oracle import NumpyVAE

record_starts()


def use_settings(folder: Path) -> None:
    """Let Qt's settings lie in ``folder``."""
    for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(file_format, QSettings.Scope.UserScope, str(folder / "config"))


@pytest.fixture(autouse=True)
def own_settings(own_folders: None, tmp_path: Path) -> None:
    """Settings of a test lie in its own folder, as everything else of the program does."""
    use_settings(tmp_path)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread, timer, process or top-level widget that a test started outlives it."""
    with guarded(RunningWithQt, lambda: has_failed(request.node)):
        yield


@dataclass
class SharedWindow:
    """A window in use by a module, and the points it opened with; None once it is closed."""

    app: App | None
    start: LatentSnapshot


@pytest.fixture(scope="module")
def shared_window(
    request: pytest.FixtureRequest, qapp: QApplication, tmp_path_factory: pytest.TempPathFactory, warm_cache: Path
) -> Iterator[SharedWindow]:
    """One real window with its real engine for the tests of a module; nothing of it outlives the module."""
    failed, folder = request.session.testsfailed, tmp_path_factory.mktemp("window")
    with guarded(RunningWithQt, lambda: request.session.testsfailed != failed):
        with pytest.MonkeyPatch.context() as patch:
            use_folders(folder, patch)
            use_settings(folder)
            patch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
            with opened_app(qapp) as app, shared(app, app.window):
                Desk(app, QtBot(request)).wait_ready()
                window = SharedWindow(app, app.state.latent.snapshot())
                yield window
                window.app = None
        del app


@pytest.fixture
def desk(shared_window: SharedWindow, qtbot: QtBot) -> Iterator[Desk]:
    """The window of the module as if it had just opened."""
    assert shared_window.app is not None
    desk = Desk(shared_window.app, qtbot)
    desk.start_over(shared_window.start)
    yield desk
    vars(desk).clear()  # pytest holds the arguments of a module's last test until the module is closed


@pytest.fixture(scope="session")
def oracle() -> NumpyVAE:
    """The bundled model of 50 dimensions in NumPy."""
    return NumpyVAE(model_path(MODEL))


@pytest.fixture
def pointer() -> Iterator[Pointer]:
    """The pointer of the X display; for tests marked xvfb."""
    pointer = Pointer()
    yield pointer
    pointer.close()
