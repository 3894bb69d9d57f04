"""What Qt needs before a window can open, asked first: Qt itself ends the process where it is missing."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from models.core.errors import UserError

PLATFORM = "QT_QPA_PLATFORM"
WITHOUT = "`latentscape tour --out DIR` works without one"
# Of the libraries that are missing most often, how Debian and Ubuntu call them.
PACKAGES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}


def choose_binding() -> None:
    """Let pyqtgraph take the Qt that this program has, whatever others on this computer are told to take."""
    os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"


def check_display() -> None:
    """Return if Qt can open a window here; UserError says what it lacks."""
    if sys.platform != "linux":
        return
    named = os.environ.get(PLATFORM, "").split(";")[0].split(":")[0]
    if named:
        _check_platform(named)
    elif not _wayland_is_there():
        if not os.environ.get("DISPLAY"):
            raise UserError("display", "there is none to open a window on", WITHOUT)
        _check_x11()


@contextmanager
def libraries_told() -> Iterator[None]:
    """Turn what the system says of a library that Qt lacks into :class:`UserError`."""
    try:
        yield
    except (ImportError, OSError) as error:
        if missing := _missing(error):
            raise missing from error
        raise


def _check_platform(name: str) -> None:
    """Check the platform that the environment asks for."""
    known = sorted(path.stem.removeprefix("libq") for path in _plugins().glob("libq*.so"))
    if name == "xcb":
        _check_x11()
    elif known and name.split("-", maxsplit=1)[0] not in known:
        raise UserError(PLATFORM, f"Qt has no platform {name!r}", f"choose from {', '.join(known)}, or unset it")


def _check_x11() -> None:
    plugin = _plugins() / "libqxcb.so"
    if plugin.exists():
        with libraries_told():
            ctypes.CDLL(str(plugin))
    if not _answers():
        shown = os.environ.get("DISPLAY", "")
        raise UserError("display", f"there is none at DISPLAY={shown!r}, or it refuses this program", WITHOUT)


def _answers() -> bool:
    """Return whether the X display takes connections; True if that cannot be asked."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not refused


def _wayland_is_there() -> bool:
    name, folder = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        return bool(name) and Path(folder, str(name)).exists()
    except OSError:
        return False


def _missing(error: Exception) -> UserError | None:
    found = re.match(r"(lib\S+\.so\S*): cannot open shared object file", str(error))
    if found is None:
        return None
    package = PACKAGES.get(found[1])
    way_on = f"on Debian and Ubuntu, `sudo apt install {package}` installs it" if package else "install it"
    return UserError("display", f"Qt needs the library {found[1]}, which is missing", way_on)


def _plugins() -> Path:
    """Return the folder of Qt's platforms, without importing Qt."""
    spec = find_spec("PySide6")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0] if folders else "", "Qt", "plugins", "platforms")
