"""Folders that cannot be written are replaced by temporary ones; files that cannot be looked at are gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.core.files import is_file, is_folder, is_there
from models.core.folders import CACHE_VARIABLE, cache_root, unwritable, usable_cache, usable_folder

# The kernel makes no folder there, not even for root.
NOWHERE = Path("/proc/nowhere")
# As long as no file system takes it.
LONG = "x" * 300


def test_a_cache_that_can_be_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "new" / "cache"))
    assert usable_cache() == ""
    assert cache_root() == tmp_path / "new" / "cache"
    assert list(cache_root().iterdir()) == []


def test_a_cache_that_cannot_be_written_is_replaced_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(NOWHERE / "cache"))
    assert usable_cache().startswith(f"The cache {NOWHERE / 'cache'} cannot be written (no such file or directory).")
    assert unwritable(cache_root()) == ""
    # The processes that are started from now on use the same.
    assert os.environ[CACHE_VARIABLE] == str(cache_root())
    assert usable_cache() == ""


@pytest.mark.parametrize("folder", [NOWHERE / "log", Path("/") / LONG / "log", Path("/dev/null/log")])
def test_a_folder_that_cannot_be_written_is_replaced(folder: Path) -> None:
    other = usable_folder(folder)
    assert other.name == "log"
    assert unwritable(other) == ""
    assert usable_folder(folder) == other


@pytest.mark.parametrize("look", [is_there, is_file, is_folder])
def test_what_cannot_be_looked_at_is_gone(look: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert look(tmp_path) == (look is not is_file)
    for path in (tmp_path / LONG, str(tmp_path / LONG), "\0", tmp_path / "none", "/dev/null/x"):
        assert not look(path)
    (tmp_path / "file").touch()
    for errno in ("EACCES", "ENOTCONN", "EIO", "ESTALE"):
        # A dead mount cannot be had without one.
        code = getattr(__import__("errno"), errno)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "stat", lambda *_, code=code, **__: (_ for _ in ()).throw(OSError(code, "dead")))
            assert not look(tmp_path)
            assert not look(tmp_path / "file")
