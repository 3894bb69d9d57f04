"""The samples of the Lab without its window: how they are tallied, when there are enough, when they are dropped."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.controllers.lab import adapted_count
from explorer.state.lab import ENOUGH_SAMPLES, LabState
from explorer.state.tally import Tally
from explorer.views.lab.table import with_error
from models.protocol.lab import Estimates, GradientsReady


def test_moments_of_batches_are_those_of_all_samples_together() -> None:
    rng, tally = np.random.default_rng(0), Tally("pathwise", False, None, 1.0)
    parts = [rng.normal(1e3, 2.0, size) for size in (1, 7, 500, 3)]
    for part in parts:
        tally.add(Estimates("pathwise", "loc", part, None, False, 1.0))
    every = np.concatenate(parts)
    assert tally.count == len(every)
    assert tally.mean == pytest.approx(every.mean(), rel=1e-12)
    assert tally.sample_variance == pytest.approx(every.var(ddof=1), rel=1e-9)
    assert tally.error == pytest.approx(every.std(ddof=1) / np.sqrt(len(every)), rel=1e-9)


def test_drawing_ends_when_there_are_enough() -> None:
    state = LabState()
    row = Estimates("pathwise", "loc", np.zeros(ENOUGH_SAMPLES), 0.0, False, 1.0)
    assert not state.complete
    state.set_running(True)
    state.take(GradientsReady(1, 0.0, {"loc": 0.0}, (row,)))
    assert (state.complete, state.drawing) == (True, False)
    state.set_running(True)
    assert state.drawing
    state.take(GradientsReady(1, 0.0, {"loc": 0.0}, (row,)))
    assert (state.count, state.drawing) == (2 * ENOUGH_SAMPLES, False)
    state.change(k=1.0)
    assert state.drawing


@pytest.mark.parametrize(("mean", "error", "text"), [
    (7.90613, 0.0346, "7.906 ± 0.035"), (-0.0001, 0.02, "0.000 ± 0.020"), (1234.6, 210.0, "1235 ± 210"),
    (2.0, 0.0, "2 ± 0"), (3.0e8, 2.0e7, "3e+08 ± 2e+07"),
])  # fmt: skip
def test_a_mean_has_the_digits_its_error_allows(mean: float, error: float, text: str) -> None:
    assert with_error(mean, error) == text


def _batch(value: float, count: int = 10, microseconds: float = 1.0, biased: bool = False) -> GradientsReady:
    row = Estimates("pathwise", "loc", np.full(count, value), 0.0, biased, microseconds)
    return GradientsReady(1, value, {"loc": value}, (row,))


def test_a_dial_that_is_dragged_shows_samples_until_its_own_come() -> None:
    state = LabState()
    state.set_running(True)
    state.take(_batch(1.0))
    state.change(k=2.0)
    assert [tally.mean for tally in state.shown] == [1.0]
    state.take(_batch(2.0), fresh=False)
    assert [(tally.mean, tally.count) for tally in state.shown] == [(2.0, 10)]
    state.take(_batch(3.0))
    state.take(_batch(3.0))
    assert [(tally.mean, tally.count) for tally in state.shown] == [(3.0, 20)]
    assert state.truth == {"loc": 3.0}


def test_samples_of_something_else_are_not_shown() -> None:
    state = LabState()
    state.take(_batch(1.0))
    state.change(k=2.0)
    assert not state.shown
    state.set_running(True)
    state.take(_batch(1.0))
    state.choose_family("Gamma")
    assert not state.tallies
    state.take(_batch(1.0))
    state.fail("no")
    assert not state.tallies


@pytest.mark.parametrize(("count", "microseconds", "following"), [
    (500, 6.0, 500), (500, 60.0, 250), (100, 60.0, 50), (20, 60.0, 40), (800, 0.1, 1000), (12, 1e5, 10),
])  # fmt: skip
def test_batches_adapt_to_what_they_cost(count: int, microseconds: float, following: int) -> None:
    assert adapted_count(_batch(1.0, count, microseconds)) == following
