"""A spawned worker, as the program has it, and our end of its pipe."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from models.protocol.lifecycle import PROTOCOL_VERSION, Alive, Failed, Hello, Role, Shutdown
from models.protocol.messages import Reply, Request
from models.workers.process import main

PATIENCE = 60.0
R = TypeVar("R", bound=Reply)
SPAWNING = multiprocessing.get_context("spawn")


class Worker:
    """A worker process and our end of its pipe."""

    def __init__(self, role: Role, folder: Path, context: Any = SPAWNING) -> None:
        self.connection, theirs = context.Pipe()
        self.log = folder / f"{role}.log"
        self.process = context.Process(target=main, args=(role, theirs, str(self.log)), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, request: Request) -> None:
        self.connection.send(request)

    def receive(self) -> Reply:
        while isinstance(reply := self.hear(), Alive):
            pass
        return reply

    def hear(self) -> Reply:
        """Return the next reply or sign of life."""
        assert self.connection.poll(PATIENCE), "no reply"
        reply: Reply = self.connection.recv()
        return reply

    def silent(self, seconds: float = 0.1) -> bool:
        """Return whether it sends no reply for a moment."""
        while self.connection.poll(seconds):
            if not isinstance(self.hear(), Alive):
                return False
        return True

    def until(self, kind: type[R]) -> R:
        while not isinstance(reply := self.receive(), kind):
            assert not isinstance(reply, Failed), reply
        return reply

    def ask(self, request: Request, kind: type[R]) -> R:
        """Send a request and return the reply, which must be of ``kind`` and repeat the id."""
        self.send(request)
        reply = self.receive()
        assert isinstance(reply, kind), reply
        assert reply.id == request.id
        return reply

    def close(self) -> None:
        self.send(Shutdown())
        self.process.join(PATIENCE)
        self.connection.close()
        assert self.process.exitcode is not None


def spawned(role: Role, factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = factory.mktemp(role)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTSCAPE_CACHE", str(folder / "cache"))
        worker = Worker(role, folder)
        hello = worker.receive()
        assert isinstance(hello, Hello)
        assert (hello.protocol, hello.role, hello.pid) == (PROTOCOL_VERSION, role, worker.process.pid)
        assert 0 < hello.import_seconds < PATIENCE
        yield worker
        worker.close()
        assert worker.process.exitcode == 0
