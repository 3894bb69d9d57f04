"""Which workers are said not to get on: the stopped, the deadlocked, the endless; not those that compile or wait."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from explorer.client import watch
from explorer.client.watch import LONG, SILENT, STUCK, Watch
from models.protocol.lifecycle import Alive

Signs = Callable[[int], Alive | None]


def told(signs: Signs, seconds: int, greeted: bool = True) -> dict[str, int]:
    """Return what is said of a worker that sends ``signs`` every second, and after how many seconds."""
    judge, said = Watch(), {}
    judge.greeted = greeted
    for second in range(1, seconds + 1):
        sign = signs(second)
        if sign is not None:
            judge.hear(sign)
        said.setdefault(judge.look(1.0), second)
    return {reason: second for reason, second in said.items() if reason}


def waiting(second: int) -> Alive:
    return Alive(7, False, 1.0)


def compiling(second: int) -> Alive:
    return Alive(7, True, 0.02 * second)


def hung(second: int) -> Alive:
    return Alive(7, True, 3.0)


def busy(second: int) -> Alive:
    return Alive(second, True, 0.001 * second)


@pytest.mark.parametrize(
    ("signs", "seconds", "expected"),
    [
        (waiting, 1000, {}),
        (busy, 1000, {}),
        (compiling, 170, {}),
        (compiling, 200, {LONG: watch.LONG_SECONDS + 1}),
        (hung, 60, {STUCK: watch.STUCK_SECONDS + 1}),
        (lambda second: None if second > 10 else busy(second), 60, {SILENT: 10 + watch.SILENT_SECONDS}),
        # One that is late now and then: the machine is busy.
        (lambda second: None if second % 4 else busy(second), 60, {}),
    ],
)
def test_what_is_said_and_when(signs: Signs, seconds: int, expected: dict[str, int]) -> None:
    assert told(signs, seconds) == expected


def test_a_worker_that_starts_has_more_time() -> None:
    assert told(lambda _: None, 29, greeted=False) == {}
    assert told(lambda _: None, 31, greeted=False) == {SILENT: watch.SILENT_AT_START}


def test_it_is_taken_back_once_the_worker_gets_on() -> None:
    judge = Watch()
    judge.greeted = True
    for _ in range(5):
        reason = judge.look(1.0)
    assert reason == SILENT
    judge.hear(hung(0))
    assert judge.look(1.0) == ""
    for _ in range(25):
        judge.hear(hung(0))
        reason = judge.look(1.0)
    assert reason == STUCK
    judge.hear(waiting(0))
    assert judge.look(1.0) == ""


def test_a_window_that_was_stopped_itself_blames_nobody() -> None:
    judge = Watch()
    judge.greeted = True
    judge.hear(waiting(0))
    assert judge.look(1.0) == ""
    assert judge.look(3600.0) == ""


def test_memory_counts_while_there_is_nothing_to_do() -> None:
    judge = Watch()
    assert judge.memory == 0
    judge.hear(Alive(7, False, 1.0, 5000))
    assert judge.memory == 5000
    judge.hear(Alive(8, True, 1.0, 6000))
    assert judge.memory == 0
