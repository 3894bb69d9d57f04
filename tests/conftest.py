"""Every test: offscreen unless a display is asked for, folders of its own, nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
from PySide6.QtCore import QSettings

from tests.display import Pointer, start_display
from tests.leftovers import Running, record_starts

_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--xvfb", action="store_true", help="run the tests marked xvfb, on a virtual X display")


def pytest_configure(config: pytest.Config) -> None:
    record_starts()
    if config.getoption("--xvfb"):
        config.add_cleanup(start_display())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    real = bool(config.getoption("--xvfb"))
    others = [item for item in items if (item.get_closest_marker("xvfb") is not None) != real]
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
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for file_format in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
        QSettings.setPath(file_format, QSettings.Scope.UserScope, str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread, timer, process or top-level widget that a test started outlives it."""
    before = Running.now()
    yield
    if request.node.stash.get(_FAILED, False):
        return  # the traceback itself keeps what the test made
    left = before.leftovers(patience=3.0)
    assert not left, f"left behind: {', '.join(left)}"


@pytest.fixture
def pointer() -> Iterator[Pointer]:
    """The pointer of the X display; for tests marked xvfb."""
    pointer = Pointer()
    yield pointer
    pointer.close()
