"""What tests of the window share: settings of their own, one real window per room and process, nothing left of it.

A conftest takes the fixtures by importing them; the tests of the science need none of them, and no Qt.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.startup import App
from resources import model_path
from tests.support.desk import MODEL, Desk, opened_app
from tests.support.display import Pointer
from tests.support.folders import use_folders
from tests.support.leftovers import guarded, has_failed
from tests.support.leftovers_of_qt import RunningWithQt, borrowed, record_starts, shared
from tests.support.oracle import NumpyVAE
from tests.support.start import Start

record_starts()


def use_settings(folder: Path) -> None:
    """Let Qt's settings lie in ``folder``."""
    for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(file_format, QSettings.Scope.UserScope, str(folder / "config"))


@pytest.fixture(autouse=True)
def own_settings(own_folders: None, nothing_left_behind: None, tmp_path: Path) -> None:
    """Settings of a test lie in its own folder, as everything else of the program does."""
    use_settings(tmp_path)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread, timer, process or top-level widget that a test started outlives it."""
    borrows = "desk" in request.fixturenames
    if borrows:
        request.getfixturevalue("shared_window").ensure_open(QtBot(request))
    with borrowed(really=borrows), guarded(RunningWithQt, lambda: has_failed(request.node)):
        yield


class SharedWindow:
    """One real window with its real engine for the tests of a room: opened when one of them asks for it.

    What a failed test has done to it is not handed on: it is closed, and opened anew.
    """

    def __init__(self, qt: QApplication, folder: Path, cache: Path) -> None:
        self._qt, self._folder, self._cache = qt, folder, cache
        self._closing = ExitStack()
        self._failed = False
        self.app: App | None = None
        self.start: Start | None = None

    def lend(self, qtbot: QtBot) -> Desk:
        """Return the window as if it had just opened."""
        assert self.app is not None
        assert self.start is not None
        desk = Desk(self.app, qtbot)
        desk.start_over(self.start)
        return desk

    def ensure_open(self, qtbot: QtBot) -> None:
        """Open the window unless it is open."""
        if self.app is not None:
            return
        # Only the window that a test has failed with is excused for what it leaves.
        self._failed = False
        with pytest.MonkeyPatch.context() as patch:
            use_folders(self._folder, patch)
            use_settings(self._folder)
            patch.setenv("LATENTSCAPE_CACHE", str(self._cache))
            self._closing.enter_context(guarded(RunningWithQt, lambda: self._failed))
            self.app = self._closing.enter_context(opened_app(self._qt))
            self._closing.enter_context(shared(self.app, self.app.window))
            Desk(self.app, qtbot).wait_ready()
        self.start = Start.of(self.app.state, self.app.window)

    def close(self, failed: bool = False) -> None:
        """Close it, and see that nothing of it is left; not after a failure, whose traceback keeps what it can."""
        self.app, self._failed = None, failed
        self._closing.close()


@pytest.fixture(scope="session")
def shared_window(
    qapp: QApplication, tmp_path_factory: pytest.TempPathFactory, warm_cache: Path
) -> Iterator[SharedWindow]:
    """The window of all tests of a room in this process."""
    window = SharedWindow(qapp, tmp_path_factory.mktemp("window"), warm_cache)
    yield window
    window.close()


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, shared_window: SharedWindow, qtbot: QtBot, warm_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:  # fmt: skip
    """The shared window as if it had just opened."""
    monkeypatch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
    desk = shared_window.lend(qtbot)
    yield desk
    vars(desk).clear()  # pytest holds the arguments of a test until the next one
    if has_failed(request.node):
        shared_window.close(failed=True)


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
