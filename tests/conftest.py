"""Every test: offscreen unless a display is asked for, folders of its own, nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.app.startup import FIRST_MODEL, App
from explorer.state.latent import LatentSnapshot
from resources import model_path
from tests.desk import Desk, opened_app
from tests.display import Pointer, start_display
from tests.leftovers import Running, record_starts, shared
from tests.oracle import NumpyVAE

# Tests that run only when they are asked for, and then alone.
MARKS = ("xvfb", "slow")
_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--xvfb", action="store_true", help="run the tests marked xvfb, on a virtual X display")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, which take minutes")


def pytest_configure(config: pytest.Config) -> None:
    record_starts()
    if config.getoption("--xvfb"):
        config.add_cleanup(start_display())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = {mark for mark in MARKS if config.getoption(f"--{mark}")}
    others = [item for item in items if {mark for mark in MARKS if item.get_closest_marker(mark)} != chosen]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, caches, data and logs of a test lie in its own folder."""
    use_folders(tmp_path, monkeypatch)


def use_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let settings, caches, data and logs lie in ``folder``."""
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    monkeypatch.setenv("HOME", str(folder))
    for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(file_format, QSettings.Scope.UserScope, str(folder / "config"))


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread, timer, process or top-level widget that a test started outlives it."""
    before = Running.now()
    yield
    if request.node.stash.get(_FAILED, False):
        return  # the traceback itself keeps what the test made
    left = before.leftovers(patience=3.0)
    assert not left, f"left behind: {', '.join(left)}"


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of data sets and embeddings for all windows but those whose first start is tested."""
    return tmp_path_factory.mktemp("cache")


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
    before, failed = Running.now(), request.session.testsfailed
    with pytest.MonkeyPatch.context() as patch:
        use_folders(tmp_path_factory.mktemp("window"), patch)
        patch.setenv("LATENTSCAPE_CACHE", str(warm_cache))
        with opened_app(qapp) as app, shared(app, app.window):
            Desk(app, QtBot(request)).wait_ready()
            window = SharedWindow(app, app.state.latent.snapshot())
            yield window
            window.app = None
    del app
    if request.session.testsfailed == failed:
        left = before.leftovers(patience=3.0)
        assert not left, f"left behind: {', '.join(left)}"


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
    return NumpyVAE(model_path(FIRST_MODEL))


@pytest.fixture
def pointer() -> Iterator[Pointer]:
    """The pointer of the X display; for tests marked xvfb."""
    pointer = Pointer()
    yield pointer
    pointer.close()
