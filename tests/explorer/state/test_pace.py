"""What may wait waits while frames are slow, is done once and in its turn, and is always done."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.state.latency import LatencyMeter
from explorer.state.pace import FRAME_MS, FRAMES, Pace


@pytest.fixture
def latency() -> LatencyMeter:
    return LatencyMeter()


@pytest.fixture
def pace(latency: LatencyMeter) -> Pace:
    return Pace(latency)


def test_while_frames_are_quick_all_is_done_at_once(latency: LatencyMeter, pace: Pace) -> None:
    done: list[str] = []
    for frames in ([], [FRAME_MS + 1.0] * (FRAMES - 1), [FRAME_MS - 1.0] * FRAMES):
        latency.recent.extend(frames)
        pace.later(lambda: done.append("now"))
    assert (done, pace.waiting) == (["now"] * 3, False)


def test_while_frames_are_slow_pieces_take_turns(qtbot: QtBot, latency: LatencyMeter, pace: Pace) -> None:
    done: list[str] = []

    def first() -> None:
        done.append("first")

    def second() -> None:
        done.append("second")

    latency.recent.extend([FRAME_MS + 1.0] * FRAMES)
    for piece in (first, second, first, first):
        pace.later(piece)
    assert (done, pace.waiting) == ([], True)
    qtbot.waitUntil(lambda: not pace.waiting)
    assert done == ["first", "second"]


def test_what_the_mouse_waits_for_comes_first(qtbot: QtBot, latency: LatencyMeter, pace: Pace) -> None:
    done: list[str] = []
    latency.recent.extend([FRAME_MS + 1.0] * FRAMES)
    latency.input()
    pace.later(lambda: done.append("piece"))
    pace._do_some()
    assert (done, pace.waiting) == ([], True)
    latency.painted(latency.stamp)
    latency.frame_ended()
    pace._do_some()
    assert (done, pace.waiting) == (["piece"], False)
    # What never comes is not waited for.
    latency.input()
    pace.later(lambda: done.append("another"))
    qtbot.waitUntil(lambda: not pace.waiting)
    assert done == ["piece", "another"]


def test_what_waits_is_not_done_twice_when_frames_become_quick(latency: LatencyMeter, pace: Pace) -> None:
    done: list[str] = []

    def piece() -> None:
        done.append("piece")

    latency.recent.extend([FRAME_MS + 1.0] * FRAMES)
    pace.later(piece)
    latency.recent.extend([1.0] * FRAMES)
    pace.later(piece)
    assert (done, pace.waiting) == (["piece"], False)


def test_what_is_rare_or_wants_rest_is_done_once_after_a_moment(qtbot: QtBot, pace: Pace) -> None:
    done: list[str] = []

    def rare() -> None:
        done.append("rare")

    def rest() -> None:
        done.append("rest")

    for _ in range(3):
        pace.rarely(rare)
        pace.at_rest(rest)
    assert (done, pace.waiting, pace.resting) == ([], False, False)
    qtbot.waitUntil(lambda: pace.resting)
    assert sorted(done) == ["rare", "rest"]
