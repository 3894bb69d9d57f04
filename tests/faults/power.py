"""A disk whose power may fail: what of a folder is surely left of it, and what may be.

A name is safe once the folder that holds it was flushed after the name was given or taken away, the content of a file
once the file was flushed after it was written. Of all else the disk keeps what it likes: :meth:`Disk.left` asks for
each name and content whether it has got there. Nothing is really flushed, which is what takes the time.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Calls that change the disk, or are about to; what is written through other calls is not safe before an fsync.
CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir", "ftruncate")
RANDOM_ENDS = 4

# Of a name, its inodes on the disk and in memory, None where there is none; of a content, its bytes.
Choice = Callable[[Any, Any], Any]


class Disk:
    """The disk below ``root``, of which all that is there now is safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._held: dict[int, int] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._contents: dict[int, bytes] = {}
        for folder in self._folders():
            self._names[folder.stat().st_ino] = _inodes(folder)
        for inode, descriptor in self._held.items():
            if inode not in self._names:
                self._contents[inode] = _content(descriptor)

    def close(self) -> None:
        """Let go of all files."""
        for descriptor in self._held.values():
            os.close(descriptor)

    def flush(self, descriptor: int) -> None:
        """Make safe what is behind ``descriptor``."""
        inode = os.fstat(descriptor).st_ino
        folders = {folder.stat().st_ino: folder for folder in self._folders()}
        if inode in folders:
            self._names[inode] = _inodes(folders[inode])
        elif inode in self._held:
            self._contents[inode] = _content(self._held[inode])

    def _folders(self) -> list[Path]:
        """Return all folders, and hold whatever is in them: no inode has two lives then."""
        folders = [self._root, *(Path(path) / name for path, names, _ in os.walk(self._root) for name in names)]
        for folder in folders:
            for entry in (folder, *folder.iterdir()):
                inode = entry.stat().st_ino
                if inode not in self._held:
                    self._held[inode] = os.open(entry, os.O_RDONLY)
        return folders

    def ends(self) -> list[dict[str, bytes]]:
        """Return the files after some power losses: the worst ones, and a few by chance."""
        chance = random.Random(len(self._held))
        return [
            *self.worst_ends(),
            *(self.left(*[lambda old, new: chance.choice((old, new))] * 2) for _ in range(RANDOM_ENDS)),
        ]

    def worst_ends(self) -> list[dict[str, bytes]]:
        """Return the files if nothing got to the disk, names only, what was taken away only, or everything."""
        return [
            self.left(_keep_disk, _keep_disk),
            self.left(_keep_memory, _keep_disk),
            self.left(_keep_least, _keep_disk),
            self.left(_keep_memory, _keep_memory),
        ]

    def left(self, name: Choice, content: Choice) -> dict[str, bytes]:
        """Return the content of all files by their path below the root."""
        now = {folder.stat().st_ino: _inodes(folder) for folder in self._folders()}
        files: dict[str, bytes] = {}

        def gather(inode: int, path: str) -> None:
            if inode not in now and inode not in self._names:
                files[path] = content(self._contents.get(inode, b""), _content(self._held[inode]))
                return
            safe, memory = self._names.get(inode, {}), now.get(inode, {})
            for entry in {**safe, **memory}:
                old, new = safe.get(entry), memory.get(entry)
                found = old if old == new else name(old, new)
                if found is not None:
                    gather(found, f"{path}/{entry}" if path else entry)

        gather(self._root.stat().st_ino, "")
        return files


def _inodes(folder: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_ino for entry in folder.iterdir()}


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _keep_disk(old: Any, new: Any) -> Any:
    return old


def _keep_memory(old: Any, new: Any) -> Any:
    return new


def _keep_least(old: Any, new: Any) -> Any:
    """What was taken away is gone, what was given is not there yet."""
    return None if new is None else old


def watch(patch: pytest.MonkeyPatch, disk: Disk, before: Callable[[], None]) -> None:
    """Call ``before`` ahead of every call of this process that may change the disk, and only note what is flushed."""
    within: list[str] = []

    def hooked(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stopping(*arguments: Any, **options: Any) -> Any:
            if within:
                return call(*arguments, **options)
            within.append(name)
            try:
                before()
                return disk.flush(arguments[0]) if name == "fsync" else call(*arguments, **options)
            finally:
                within.pop()

        return stopping

    for name in CALLS:
        patch.setattr(os, name, hooked(name, getattr(os, name)))


def lay_out(files: dict[str, bytes], folder: Path) -> Path:
    """Write ``files`` below ``folder`` and return it."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
