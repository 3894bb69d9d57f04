"""Files and folders that are written whole or not at all, one by one and many together."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from models.core import files
from models.core.drafts import sweep
from models.core.errors import UserError
from models.core.files import remove_unfinished, whole_file, whole_folder, write_together
from models.training.storage.lock import LOCK_FILE, RunLock


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the disk refuse to flush anything, for the reason ``number``."""

    def refusing(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("models.core.files.os.fsync", refusing)


def test_a_file_takes_the_place_of_another_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.txt"
    for text in ("one", "two"):
        with whole_file(path) as draft:
            draft.write_text(text)
            assert not path.exists() or path.read_text() == "one"
            assert draft.suffix == ".txt"
        assert path.read_text() == text
    assert names(path.parent) == ["a.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_cannot_be_flushed_takes_nobodys_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("old")
    refuse(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match="No space"), whole_file(tmp_path / "a.txt") as draft:
        draft.write_text("new")
    with pytest.raises(OSError, match="No space"), whole_folder(tmp_path / "f") as draft:
        (draft / "a").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_system_that_cannot_flush_folders_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "")

    monkeypatch.setattr("models.core.files.os.fsync", only_files)
    with whole_file(tmp_path / "a.txt") as draft:
        draft.write_text("new")
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_there_with_all_its_files_or_not_at_all(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "f") as draft:
        for name in ("a", "b"):
            (draft / name).write_text(name)
        assert not (tmp_path / "f").exists()
    assert names(tmp_path / "f") == ["a", "b"]
    with pytest.raises(OSError, match="f"), whole_folder(tmp_path / "f") as draft:
        (draft / "c").write_text("c")
    assert names(tmp_path / "f") == ["a", "b"]
    assert names(tmp_path) == ["f"]


def test_of_many_files_the_one_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")

    def wanted() -> Iterator[tuple[Path, bytes]]:
        for number in range(20):
            yield tmp_path / "many" / f"{number}", bytes([number])
        yield tmp_path / "in the way" / "x", b""

    with pytest.raises(UserError, match="in the way/x: cannot be written: a file stands where"):
        write_together(wanted())
    assert {path.name: path.read_bytes() for path in (tmp_path / "many").iterdir()} == {
        str(number): bytes([number]) for number in range(20)
    }


def test_many_files_are_flushed_each_and_their_folder_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    real = files._sync

    def noted(path: Path, flags: int) -> None:
        flushed.append(path.suffix)
        real(path, flags)

    monkeypatch.setattr(files, "_sync", noted)
    write_together((tmp_path / f"{number}.png", b"x") for number in range(20))
    assert flushed == [".png"] * 20 + [""]


def test_what_a_killed_process_left_of_a_file_is_removed_and_nothing_else(tmp_path: Path) -> None:
    token, others = "0123abcd", [".a.mine.part.keras", ".a.part.keras", "a.keras"]
    others += [f".a.{token}.part.png", f".ab.{token}.part.keras"]
    for name in (f".a.{token}.part.keras", f".a.{token}{token}.part.keras", *others):
        (tmp_path / name).write_text("")
    remove_unfinished(tmp_path / "a.keras")
    assert names(tmp_path) == sorted(others)


# ------------------------------------------------------------------------------------------------------------ drafts


@contextmanager
def at_work(writing: Callable[[], AbstractContextManager[Path]]) -> Iterator[int]:
    """Give the id of a process that is in the middle of writing, and kill it in the end."""
    begun, told = os.pipe()
    child = os.fork()
    if child == 0:
        with writing() as draft:
            if draft.is_file():
                draft.write_text("half")
            else:
                (draft / "a").write_text("half")
            os.write(told, b".")
            signal.pause()
    os.read(begun, 1)
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begun)
        os.close(told)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_draft_is_swept_once_no_living_process_holds_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with at_work(lambda: whole_file(path) if kind == "file" else whole_folder(path)):
        sweep(tmp_path)
        assert len(names(tmp_path)) == 1
    sweep(tmp_path, ".b.")
    assert len(names(tmp_path)) == 1
    sweep(tmp_path)
    assert names(tmp_path) == []


def test_writing_a_file_removes_what_a_killed_process_left_of_it(tmp_path: Path) -> None:
    with at_work(lambda: whole_file(tmp_path / "a.txt")), whole_file(tmp_path / "a.txt") as draft:
        draft.write_text("whole")
        assert len(names(tmp_path)) == 2
    assert len(names(tmp_path)) == 2
    with whole_file(tmp_path / "a.txt") as draft:
        draft.write_text("whole again")
    assert names(tmp_path) == ["a.txt"]


def test_a_draft_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "precious").write_text("precious")
    monkeypatch.setattr("models.core.drafts.secrets.token_hex", lambda _: "foreseen")
    (tmp_path / ".a.foreseen.part.txt").symlink_to(tmp_path / "precious")
    with pytest.raises(FileExistsError), whole_file(tmp_path / "a.txt"):
        pytest.fail("it was opened")
    assert (tmp_path / "precious").read_text() == "precious"


def test_the_lock_of_a_run_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_FILE).symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        RunLock(tmp_path / "run").acquire()
    assert (tmp_path / "precious").read_text() == "precious"


def test_runs_and_caches_are_for_one_person(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    lock = RunLock(tmp_path / "run")
    lock.acquire()
    lock.release()
    with whole_folder(tmp_path / "cache" / "entry"):
        pass
    with whole_file(tmp_path / "private.txt", private=True):
        pass
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (*tmp_path.iterdir(), tmp_path / "cache" / "entry")
    }
    assert modes == {"run": 0o700, "cache": 0o700, "entry": 0o700, "private.txt": 0o600}


def test_what_a_person_did_crosses_a_process_border_with_its_parts() -> None:
    error = pickle.loads(pickle.dumps(UserError("a.npy", "it is empty", "take another")))
    assert str(error) == "a.npy: it is empty; take another"
    assert (error.subject, error.reason, error.way_on) == ("a.npy", "it is empty", "take another")
    assert str(UserError("a.npy", "it is empty")) == "a.npy: it is empty"
