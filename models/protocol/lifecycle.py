"""Messages of every worker: its greeting, its errors, its end; and the version of all messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# To be raised with every change of a message; README.md says what a mismatch does.
PROTOCOL_VERSION = 8

Role = Literal["decoder", "trainer"]


@dataclass(frozen=True)
class Hello:
    """First answer of a worker, sent when TensorFlow has been imported.

    ``protocol`` is its :data:`PROTOCOL_VERSION`, ``tensorflow`` the version of the library, ``device`` CPU or GPU, and
    ``import_seconds`` the time that the import took.
    """

    protocol: int
    role: Role
    pid: int
    tensorflow: str
    device: str
    import_seconds: float


@dataclass(frozen=True)
class Alive:
    """A sign of life, sent every second by a thread of the worker, whatever its main thread does.

    ``turn`` counts the requests and slices of jobs that the main thread has begun, ``at_work`` says whether it is
    within one, and ``cpu_seconds`` is the processor time of the whole process so far. ``memory`` are the bytes that it
    holds, 0 where the system does not say.
    """

    turn: int
    at_work: bool
    cpu_seconds: float
    memory: int = 0


@dataclass(frozen=True)
class Failed:
    """A request of this ``kind`` failed; ``message`` is one sentence that names the file and the reason.

    ``traceback`` is for the log.
    """

    id: int
    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Dropped:
    """The job of a request was dropped for a newer request, such as an embedding by a model that was replaced."""

    id: int


@dataclass(frozen=True)
class Shutdown:
    """Ask a worker to exit."""

    id: int = 0
