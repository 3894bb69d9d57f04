"""Messages of every worker: its greeting, its errors, its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Hello:
    """First message of a worker, sent when TensorFlow has been imported."""

    protocol: int
    role: Role
    pid: int
    tensorflow: str
    device: str
    import_seconds: float


@dataclass(frozen=True)
class Failed:
    """A request could not be done; ``message`` is one clear sentence naming the file and the reason."""

    id: int
    kind: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Dropped:
    """The work of a request was given up for a newer one, such as an embedding by a model that was replaced."""

    id: int


@dataclass(frozen=True)
class Shutdown:
    """Ask a worker to end."""

    id: int = 0


PROTOCOL_VERSION = 3

Role = Literal["decoder", "trainer"]
