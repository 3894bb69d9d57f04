"""Runs on offer: one after the other, withdrawn when one trains. No window, no worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from explorer.state import AppState
from explorer.state.training.offers import after_return
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings

SETTINGS = TrainSettings(epochs=5)


def _left(name: str) -> UnfinishedRun:
    return UnfinishedRun(f"/runs/{name}", name, "/data/few.npy", 2, 0.0, SETTINGS, 1e-3)


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    state = AppState()
    yield state
    state.deleteLater()


def test_runs_are_offered_one_after_the_other(state: AppState) -> None:
    state.offers.set_found([_left("new"), _left("old")])
    assert state.offers.offer is not None
    assert (state.offers.offer.run, state.offers.found) == (_left("new"), True)
    assert "The training of new on few.npy was interrupted after epoch 2 of 5 (" in state.offers.offer.text
    asked: list[str] = []
    state.runs.discard_requested.connect(asked.append)
    state.runs.restore_requested.connect(asked.append)
    told: list[str] = []
    state.notices.noticed.connect(lambda _, text: told.append(text))
    state.offers.drop(_left("new"))
    assert (asked, len(told)) == (["/runs/new"], 1)
    assert told[0] == "Discarded the training of new. Undo, or find it in Model ▸ Runs … for 30 days."
    state.notices.notice("info", "Something else")
    undo = state.notices.withdraw_undo()
    assert undo is not None
    undo()
    assert asked == ["/runs/new", "/runs/new"]
    assert (state.notices.undo, told[1:]) == (None, [])
    assert state.offers.offer.run == _left("old")
    state.offers.dismiss()
    assert state.offers.offer is None


def test_a_run_that_returns_is_offered_before_the_one_on_offer(state: AppState) -> None:
    state.offers.set_found([_left("new"), _left("old")])
    state.offers.offer_first(after_return(_left("back")))
    assert state.offers.offer is not None
    assert state.offers.offer.text == "The training of back is back, after epoch 2 of 5."
    state.offers.dismiss()
    assert state.offers.offer.run == _left("new")


def test_a_new_run_withdraws_what_is_offered_and_a_resumed_one_leaves_the_others_waiting(state: AppState) -> None:
    state.offers.set_found([_left("new"), _left("old"), _left("oldest")])
    state.run.resume(_left("new"))
    assert (state.offers.offer, len(state.offers.waiting)) == (None, 2)
    state.offers.offer_next()
    assert state.offers.offer is None  # one trains
    state.run.finish(None)
    state.offers.offer_next()
    assert state.offers.offer is not None
    state.run.start("/data/few.npy", SETTINGS)
    assert (state.offers.offer, state.offers.waiting) == (None, [])
    state.offers.set_found([_left("late")])
    assert (state.offers.offer, state.offers.waiting) == (None, [])
