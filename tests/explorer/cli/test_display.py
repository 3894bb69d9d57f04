"""What a window needs of the system: where it is missing, one sentence says so, and Qt does not end the process."""

from __future__ import annotations

import os
import sys

import pytest

from explorer.cli import window
from explorer.cli.display import check_display, choose_binding, libraries_told
from models.core.errors import UserError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "display: there is none to open a window on; `latentscape tour"),
        ({"WAYLAND_DISPLAY": "nothing-there"}, "display: there is none to open a window on"),
        ({"DISPLAY": ":4711"}, "display: there is none at DISPLAY=':4711', or it refuses this program"),
        ({"QT_QPA_PLATFORM": "xcb", "DISPLAY": ":4711"}, "display: there is none at DISPLAY=':4711'"),
        ({"QT_QPA_PLATFORM": "windows"}, "QT_QPA_PLATFORM: Qt has no platform 'windows'; choose from .*offscreen.*xcb"),
    ],
)
def test_a_display_that_is_not_there_is_said(
    environment: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=sentence):
        check_display()
    # Before a worker is started, and before Qt is there.
    monkeypatch.setattr(window, "_launch_decoder", lambda: pytest.fail("a worker was started"))
    with pytest.raises(UserError, match=sentence):
        window.open_window([])


def test_a_platform_without_a_display_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen:size=640x480")
    check_display()


@pytest.mark.parametrize(
    ("library", "way_on"), [("libxcb-cursor.so.0", "`sudo apt install libxcb-cursor0`"), ("libnew.so.9", "install it")]
)
@pytest.mark.parametrize("kind", [ImportError, OSError])
def test_a_library_that_qt_lacks_is_named(kind: type[Exception], library: str, way_on: str) -> None:
    with pytest.raises(UserError, match=f"Qt needs the library {library}.*{way_on}"), libraries_told():
        raise kind(f"{library}: cannot open shared object file: No such file or directory")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ImportError, match="cannot import name"), libraries_told():
        raise ImportError("cannot import name 'x' from 'y'")


def test_another_binding_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYQTGRAPH_QT_LIB", "PyQt5")
    choose_binding()
    assert os.environ["PYQTGRAPH_QT_LIB"] == "PySide6"
