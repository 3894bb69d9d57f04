"""Signs of life of a worker tell work from waiting, over a real pipe."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import pytest

from models.protocol.lifecycle import Alive, Dropped, Shutdown
from models.workers import line
from models.workers.line import Line

PATIENCE = 10.0


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Connection, Line]]:
    monkeypatch.setattr(line, "BEAT_SECONDS", 0.01)
    ours, theirs = multiprocessing.Pipe()
    threads = threading.active_count()
    yield ours, Line(theirs)
    ours.close()
    while threading.active_count() > threads:
        pass
    theirs.close()


def _sign(ours: Connection, wanted: Callable[[Alive], bool]) -> Alive:
    """Return the next sign of life of a kind."""
    while True:
        assert ours.poll(PATIENCE)
        message = ours.recv()
        if isinstance(message, Alive) and wanted(message):
            return message


def test_signs_of_life_tell_work_from_waiting(pipe: tuple[Connection, Line]) -> None:
    ours, theirs = pipe
    theirs.beat()
    # It has been at work since it was started.
    assert _sign(ours, lambda sign: sign.turn == 0).at_work
    idle = threading.Event()
    waiting = threading.Thread(target=theirs.receive, args=[idle.set])
    waiting.start()
    _sign(ours, lambda sign: not sign.at_work)
    assert idle.wait(PATIENCE)
    ours.send(Shutdown())
    waiting.join(PATIENCE)
    assert _sign(ours, lambda sign: sign.turn == 1).at_work
    theirs.begin()
    last = _sign(ours, lambda sign: sign.turn == 2)
    assert last.at_work
    assert _sign(ours, lambda sign: sign.turn == 2).cpu_seconds >= last.cpu_seconds > 0


def test_who_is_asked_at_once_is_not_idle(pipe: tuple[Connection, Line]) -> None:
    ours, theirs = pipe
    ours.send(Shutdown())
    idle: list[str] = []
    assert isinstance(theirs.receive(lambda: idle.append("idle")), Shutdown)
    assert not idle


def test_replies_and_signs_of_life_do_not_mix(pipe: tuple[Connection, Line]) -> None:
    ours, theirs = pipe
    theirs.beat()
    sender = threading.Thread(target=lambda: [theirs.send(Dropped(number)) for number in range(2000)])
    sender.start()
    got: list[int] = []
    while len(got) < 2000:
        assert ours.poll(PATIENCE)
        message = ours.recv()
        if isinstance(message, Dropped):
            got.append(message.id)
    sender.join(PATIENCE)
    assert got == list(range(2000))
