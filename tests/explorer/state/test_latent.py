"""The points: rules of the triad, gestures and undo, names, locks. No window, no worker."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from explorer.state import AppState
from explorer.state.latent import SMALLEST_SIGMA, Component, LatentSnapshot, LatentState, Point, PointSource, fault_of
from explorer.state.undo import STEPS_KEPT

DIMS = 16
COMPONENTS: tuple[Component, ...] = get_args(Component)
VALUES = st.floats(-8.0, 8.0, allow_nan=False)


def _point(name: str = "A") -> Point:
    generator = np.random.default_rng(3)
    return Point(
        name, generator.normal(size=DIMS), generator.uniform(0.2, 2.0, DIMS), generator.normal(size=DIMS),
        PointSource("data", "image 5", 5),
    )  # fmt: skip


@pytest.fixture
def state(qapp: object) -> AppState:
    """Return a state with one point away from its mean."""
    state = AppState()
    state.latent.replace_points((_point(),), 0)
    return state


@pytest.fixture
def latent(state: AppState) -> LatentState:
    return state.latent


def _bits(snapshot: LatentSnapshot) -> list[tuple[str, bytes, bytes, bytes, PointSource]]:
    return [(p.name, p.mu.tobytes(), p.sigma.tobytes(), p.z.tobytes(), p.source) for p in snapshot.points]


def _vectors(point: Point) -> dict[Component, np.ndarray]:
    return {"z": point.z, "eps": point.eps, "mu": point.mu, "sigma": point.sigma}


# --------------------------------------------------------------------------------------------------------- the triad


@settings(derandomize=True, max_examples=60)
@given(component=st.sampled_from(COMPONENTS), hold=st.sampled_from(["eps", "z"]), dim=st.integers(0, 3), value=VALUES)
def test_the_triad_holds_after_every_change(component: Component, hold: str, dim: int, value: float) -> None:
    latent = LatentState()
    latent.replace_points((_point(),), 0)
    latent.set_hold("eps" if hold == "eps" else "z")
    before = _vectors(latent.point)
    latent.set_component(component, dim, value)
    after = _vectors(latent.point)
    np.testing.assert_allclose(after["z"], after["mu"] + after["sigma"] * after["eps"], rtol=0, atol=1e-12)
    expected = max(value, SMALLEST_SIGMA) if component == "sigma" else value
    assert after[component][dim] == pytest.approx(expected, rel=1e-9, abs=1e-11)
    for name in ("z", "mu", "sigma"):
        assert np.delete(after[name], dim).tobytes() == np.delete(before[name], dim).tobytes()
    untouched = {"z": ("mu", "sigma"), "eps": ("mu", "sigma"), "mu": ("sigma", hold), "sigma": ("mu", hold)}
    for name in untouched[component]:
        # ε is computed from z, and loses digits near the smallest σ.
        slack = 1e-15 / after["sigma"][dim] * 16 if name == "eps" else 0.0
        assert after[name][dim] == pytest.approx(before[name][dim], rel=1e-12, abs=slack)


def test_the_smallest_sigma_is_positive(latent: LatentState) -> None:
    for value in (0.0, -3.0, 1e-9):
        latent.set_component("sigma", 1, value)
        assert latent.point.sigma[1] == SMALLEST_SIGMA
        assert np.isfinite(latent.point.eps).all()


def test_z_and_epsilon_lead_to_each_other(latent: LatentState) -> None:
    latent.set_component("z", 2, 1.25)
    eps = latent.point.eps[2]
    latent.set_component("z", 2, -7.0)
    latent.set_component("eps", 2, eps)
    assert latent.point.z[2] == pytest.approx(1.25, abs=1e-14)


def test_a_state_does_not_share_the_arrays_it_was_given(latent: LatentState) -> None:
    z, mu, sigma = np.ones(DIMS), np.zeros(DIMS), np.ones(DIMS)
    latent.set_posterior(mu, sigma, PointSource(), z)
    z[0] = mu[0] = sigma[0] = 99.0
    assert (latent.point.z[0], latent.point.mu[0], latent.point.sigma[0]) == (1.0, 0.0, 1.0)


def test_signals_tell_what_has_changed(latent: LatentState, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(latent.posterior_changed), qtbot.waitSignal(latent.moved):
        latent.set_component("z", 0, 1.0)
    with qtbot.waitSignals([latent.posterior_changed, latent.moved], order="strict"):
        latent.set_component("mu", 0, 1.0)


# ------------------------------------------------------------------------------------------------- gestures and undo


def test_a_gesture_is_one_step_whatever_happens_in_it(state: AppState) -> None:
    state.latent.begin("Drag A")
    for value in np.linspace(0, 1, 50):
        state.latent.set_component("z", 0, float(value))
    state.latent.end()
    assert (state.undo.count(), state.undo.undo_text()) == (1, "Drag A")


def test_a_gesture_that_changes_nothing_is_no_step(state: AppState) -> None:
    with state.latent.step("Nothing"):
        pass
    assert state.undo.count() == 0


def test_a_gesture_that_was_left_open_is_closed_by_the_next(state: AppState) -> None:
    state.latent.begin("first")
    state.latent.set_component("z", 0, 1.0)
    with state.latent.step("second"):
        state.latent.set_component("z", 0, 2.0)
    assert state.undo.undo_text() == "second"
    state.undo.undo()
    assert (state.undo.undo_text(), state.undo.redo_text()) == ("first", "second")


def test_a_gesture_waits_for_the_answer_it_is_owed(state: AppState) -> None:
    state.latent.begin("Drag u")
    state.latent.await_answer(True)
    state.latent.end()
    assert state.undo.count() == 0
    state.latent.set_component("z", 0, 1.5)
    state.latent.await_answer(False)
    assert state.undo.count() == 1


def test_undo_and_redo_restore_every_bit(state: AppState) -> None:
    latent, stack, seen = state.latent, state.undo, [_bits(state.latent.snapshot())]
    for change in (
        lambda: latent.set_component("mu", 1, 0.3), lambda: latent.set_component("sigma", 2, 0.9),
        lambda: latent.set_component("eps", 0, -1.1), lambda: latent.set_z(np.full(DIMS, 0.1)),
        lambda: latent.set_posterior(np.zeros(DIMS), np.ones(DIMS), PointSource("picture", "p")),
    ):  # fmt: skip
        with latent.step("change"):
            change()
        seen.append(_bits(latent.snapshot()))
    latent.add_point()
    seen.append(_bits(latent.snapshot()))
    for expected in seen[-2::-1]:
        stack.undo()
        assert _bits(latent.snapshot()) == expected
    for expected in seen[1:]:
        stack.redo()
        assert _bits(latent.snapshot()) == expected


def test_after_a_new_step_there_is_nothing_to_redo(state: AppState) -> None:
    for value in (1.0, 2.0):
        with state.latent.step("move"):
            state.latent.set_component("z", 0, value)
        state.undo.undo()
        assert state.undo.can_redo()
    assert state.undo.count() == 1
    with state.latent.step("move"):
        state.latent.set_component("z", 0, 3.0)
    assert not state.undo.can_redo()


def test_undo_tells_the_views(state: AppState, qtbot: QtBot) -> None:
    with state.latent.step("move"):
        state.latent.set_component("z", 0, 1.0)
    with qtbot.waitSignal(state.latent.points_changed):
        state.undo.undo()


def test_recording_a_step_does_not_replay_it(state: AppState, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(state.latent.points_changed), state.latent.step("move"):
        state.latent.set_component("z", 0, 1.0)


def test_the_oldest_steps_are_dropped(state: AppState) -> None:
    for value in range(STEPS_KEPT + 1):
        with state.latent.step("move"):
            state.latent.set_component("z", 0, float(value))
    assert state.undo.count() == STEPS_KEPT


def test_steps_of_another_latent_space_are_forgotten(state: AppState) -> None:
    with state.latent.step("move"):
        state.latent.set_component("z", 0, 1.0)
    state.undo.forget()
    assert not state.undo.can_undo()


# ------------------------------------------------------------------------------------------------- points and locks


def test_points_take_the_next_free_letter(latent: LatentState) -> None:
    for _ in range(3):
        latent.add_point()
    assert "".join(point.name for point in latent.points) == "ABCD"
    latent.set_current(1)
    latent.remove_point()
    latent.add_point()
    assert "".join(point.name for point in latent.points) == "ACDB"
    assert latent.point.name == "B"


def test_there_are_no_more_points_than_letters_and_never_none(latent: LatentState) -> None:
    for _ in range(30):
        latent.add_point()
    assert len(latent.points) == 26
    for _ in range(30):
        latent.remove_point()
    assert len(latent.points) == 1


def test_a_new_point_stands_where_the_current_one_does(latent: LatentState) -> None:
    before = latent.point
    latent.add_point()
    assert latent.index == 1
    assert latent.point.z.tobytes() == before.z.tobytes()
    latent.set_component("z", 0, 5.0)
    assert latent.points[0] is before


def test_after_a_removal_the_point_before_is_current(latent: LatentState) -> None:
    for _ in range(3):
        latent.add_point()
    latent.set_current(2)
    latent.remove_point()
    assert (latent.index, latent.point.name) == (1, "B")


def test_removing_one_of_three_is_undone_with_its_place(state: AppState) -> None:
    state.latent.add_point()
    state.latent.set_component("z", 0, 5.0)
    state.latent.add_point()
    state.latent.set_current(1)
    before = _bits(state.latent.snapshot())
    state.latent.remove_point()
    assert [point.name for point in state.latent.points] == ["A", "C"]
    state.undo.undo()
    assert _bits(state.latent.snapshot()) == before
    assert state.latent.index == 1


def test_locks_hold_their_dimensions(latent: LatentState) -> None:
    kept = latent.point.z[[1, 3]].tobytes()
    for dim in (1, 3):
        latent.set_locked(dim, True)
    latent.set_z(np.full(DIMS, 9.0))
    assert latent.point.z[[1, 3]].tobytes() == kept
    assert latent.point.z[[0, 2]].tolist() == [9.0, 9.0]


def test_a_lock_locks_and_says_so_once_in_a_gesture(latent: LatentState) -> None:
    told: list[int] = []
    latent.refused.connect(told.append)
    latent.set_locked(3, True)
    kept, eps = latent.point.z[3], latent.point.eps[3]
    latent.begin("Drag")
    for component in ("z", "eps"):
        latent.set_component(component, 3, 0.25)
    latent.end()
    assert told == [3]
    latent.set_component("z", 3, 0.25)
    assert told == [3, 3]
    latent.set_component("mu", 3, 0.5)
    latent.set_component("sigma", 3, 0.7)
    assert latent.point.z[3] == kept
    assert (latent.point.mu[3], latent.point.sigma[3]) == (0.5, 0.7)
    assert latent.point.eps[3] != eps
    latent.set_posterior(np.zeros(DIMS), np.ones(DIMS), PointSource())
    assert latent.point.z[3] == kept
    assert not np.delete(latent.point.z, 3).any()


def test_a_locked_dimension_asks_the_decoder_for_nothing(state: AppState) -> None:
    asked: list[float] = []
    state.display.locate_requested.connect(lambda _, anchor, value: asked.append(value))
    state.latent.set_locked(0, True)
    before = state.latent.point.z.tobytes()
    for key in ("u", "eps", "z"):
        state.distribution.set(key, 0.3)
    assert (asked, state.latent.point.z.tobytes()) == ([], before)
    state.latent.set_locked(0, False)
    state.distribution.set("u", 0.3)
    assert asked == [0.3]


def test_locking_is_a_step(state: AppState) -> None:
    state.latent.set_locked(2, True)
    assert state.undo.undo_text() == "Lock z₂"
    state.undo.undo()
    assert not state.latent.locked.any()
    state.undo.redo()
    assert np.flatnonzero(state.latent.locked).tolist() == [2]


@pytest.mark.parametrize("value", [1e300, -1e300, float("inf"), float("nan")])
def test_no_number_takes_a_point_out_of_reach(latent: LatentState, value: float) -> None:
    for component in COMPONENTS:
        latent.set_component(component, 1, value)
        assert fault_of(latent.point.mu, latent.point.sigma, latent.point.z) == ""


def test_locks_go_with_the_latent_space(latent: LatentState, qtbot: QtBot) -> None:
    latent.set_locked(1, True)
    latent.replace_points((Point("A", np.zeros(2), np.ones(2), np.zeros(2)),), 0)
    assert latent.locked.tolist() == [False, False]
