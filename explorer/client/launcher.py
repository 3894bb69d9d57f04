"""Start a worker process; without Qt, so that the decoder starts before the window loads its libraries."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

from explorer.client.folders import log_path, log_remark
from latentscape.own_path import safe_path
from models.core.files import is_file
from models.core.folders import usable_cache

if TYPE_CHECKING:
    from models.protocol.lifecycle import Role


@dataclass(frozen=True)
class Launched:
    """A worker process, our end of its pipe, and the file its output goes to, from ``log_start`` bytes on.

    ``remarks`` are what a person should know of the folders it uses.
    """

    process: SpawnProcess
    connection: Connection
    log: str
    log_start: int
    remarks: tuple[str, ...] = ()


def launch(role: Role) -> Launched:
    """Spawn a worker; it says ``Hello`` when TensorFlow is there, and reads its pipe from then on."""
    from models.workers.process import main, pin_algebra

    # At the start of the window NumPy has not been imported here either.
    pin_algebra()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    remarks = tuple(filter(None, (usable_cache(), log_remark())))
    path = log_path(role)
    written = path.stat().st_size if is_file(path) else 0
    process = context.Process(target=main, args=(role, theirs, str(path)), name=f"latentscape-{role}", daemon=True)
    with safe_path():
        process.start()
    theirs.close()
    return Launched(process, ours, str(path), written, remarks)
