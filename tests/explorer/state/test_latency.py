"""The latency meter: an input is counted once, when the frame with its picture has ended."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from explorer.state import latency
from explorer.state.latency import LatencyMeter


class Clock:
    """A clock that advances when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(latency, "perf_counter", clock)
    return clock


@pytest.fixture
def meter(qapp: object, clock: Clock) -> LatencyMeter:
    return LatencyMeter()


def _frame(meter: LatencyMeter, clock: Clock, stamp: float | None, at: float) -> None:
    meter.painted(stamp)
    clock.now = at
    meter.frame_ended()


def test_it_counts_from_the_input_to_the_end_of_the_frame(meter: LatencyMeter, clock: Clock, qtbot: QtBot) -> None:
    meter.input()
    with qtbot.waitSignal(meter.shown) as shown:
        _frame(meter, clock, meter.stamp, 100.004)
    assert shown.args == [100.0, 100.004]
    assert list(meter.recent) == pytest.approx([4.0])


def test_repaints_of_the_same_picture_are_not_counted(meter: LatencyMeter, clock: Clock) -> None:
    meter.input()
    for at in (100.004, 101.0, 102.0):
        _frame(meter, clock, 100.0, at)
    assert len(meter.recent) == 1


def test_frames_without_a_picture_of_an_input_are_not_counted(meter: LatencyMeter, clock: Clock) -> None:
    meter.frame_ended()
    _frame(meter, clock, None, 101.0)
    assert meter.quantiles() is None


def test_a_picture_counts_by_its_own_input_not_by_a_newer_one(meter: LatencyMeter, clock: Clock) -> None:
    meter.input()
    clock.now = 100.002
    meter.input()
    _frame(meter, clock, 100.0, 100.005)
    _frame(meter, clock, 100.002, 100.008)
    assert list(meter.recent) == pytest.approx([5.0, 6.0])


def test_quantiles_are_those_of_the_last_frames(meter: LatencyMeter, clock: Clock) -> None:
    for number in range(latency.WINDOW + 10):
        clock.now = 200.0 + number
        meter.input()
        _frame(meter, clock, meter.stamp, clock.now + (1.0 if number < 10 else 0.002))
    quantiles = meter.quantiles()
    assert quantiles is not None
    assert quantiles == pytest.approx((2.0, 2.0))
