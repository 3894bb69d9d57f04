"""Any sequence of actions: undo and redo, sessions, locks and models keep their promises. No window, no worker."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from explorer.app import session
from explorer.state import AppState
from explorer.state.lab import PRESETS
from explorer.state.latent import Component, PointSource
from models.core.descriptions import ModelInfo
from models.core.families import FAMILY_PARAMETERS
from tests.support.answers import IMAGES, Answers, encode, model, of_run

ONE, RUN = model("one", 4), model("run", 4)
MODELS = [ONE, model("two", 4), model("small", 2), *(of_run(RUN, "/runs/new", step) for step in (1, 2, 3))]
NUMBERS = st.one_of(st.floats(-4.0, 4.0), st.sampled_from([1e300, -1e300, float("inf"), float("nan"), 0.0]))
DIMS = st.integers(0, 3)
COMPONENTS: list[Component] = ["z", "eps", "mu", "sigma"]


class Desk(RuleBasedStateMachine):
    """A person at the window, with the hands of the mouse and without the window."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.answers = Answers(self.folder)
        self.state = self.answers.state

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        self.answers.start(ONE)

    @property
    def dims(self) -> int:
        return self.state.latent.latent_dim

    # --------------------------------------------------------------------------------------------------- points

    @contextmanager
    def held(self) -> Iterator[None]:
        """Assert that what is done moves no locked dimension."""
        latent = self.state.latent
        before = latent.point.z[latent.locked].tobytes()
        yield
        assert latent.point.z[latent.locked].tobytes() == before

    @rule(component=st.sampled_from(COMPONENTS), dim=DIMS, values=st.lists(NUMBERS, min_size=1, max_size=4))
    def drag(self, component: Component, dim: int, values: list[float]) -> None:
        latent, count = self.state.latent, self.state.undo.count()
        with self.held():
            latent.begin("Drag")
            for value in values:
                latent.set_component(component, dim % self.dims, value)
            latent.end()
        assert self.state.undo.count() <= count + 1

    @rule(index=st.integers(0, IMAGES - 1))
    def click_image(self, index: int) -> None:
        found = self.state.model.posterior_of(index)
        assert found is not None
        with self.held(), self.state.latent.step("Select"):
            self.state.latent.set_posterior(*found)

    @rule(seed=st.integers(0, 5))
    def sample(self, seed: int) -> None:
        self.state.display.set_seed(seed)
        noise = self.state.display.prior_noise(self.dims, "Normal")
        with self.held(), self.state.latent.step("Sample"):
            self.state.latent.set_posterior(0.0 * noise, 0.0 * noise + 1.0, PointSource(), noise)

    @rule()
    def reset(self) -> None:
        with self.held(), self.state.latent.step("Reset"):
            self.state.latent.set_z(self.state.latent.point.mu)

    @rule(dim=DIMS, locked=st.booleans())
    def lock(self, dim: int, locked: bool) -> None:
        self.state.latent.set_locked(dim % self.dims, locked)

    @rule(hold=st.sampled_from(["eps", "z"]))
    def hold(self, hold: Any) -> None:
        self.state.latent.set_hold(hold)

    @rule()
    def add_point(self) -> None:
        self.state.latent.add_point()

    @rule()
    def remove_point(self) -> None:
        self.state.latent.remove_point()

    @rule(index=st.integers(0, 25))
    def choose_point(self, index: int) -> None:
        self.state.latent.set_current(index % len(self.state.latent.points))

    # ------------------------------------------------------------------------------------- the workbench and the Lab

    @rule(name=st.sampled_from(sorted(FAMILY_PARAMETERS)))
    def choose_family(self, name: str) -> None:
        self.state.workbench.choose(name)

    @rule(key=st.sampled_from(["z", "eps", "u", "loc", "scale", "concentration"]), value=st.floats(0.1, 0.9))
    def drag_on_workbench(self, key: str, value: float) -> None:
        self.state.distribution.set_mode("workbench")
        self.state.distribution.begin(key, "Drag")
        self.state.distribution.set(key, value)
        self.state.distribution.end()
        self.state.distribution.set_mode("model")

    @rule()
    def pin(self) -> None:
        self.state.workbench.pin()

    @rule(preset=st.sampled_from(PRESETS))
    def choose_preset(self, preset: Any) -> None:
        self.state.lab.choose(preset)

    @rule(values=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=4))
    def drag_in_lab(self, values: list[float]) -> None:
        self.state.lab.begin("Drag k")
        for value in values:
            self.state.lab.change(k=value)
        self.state.lab.end()

    # ----------------------------------------------------------------------------------------------- the whole window

    @rule(info=st.sampled_from(MODELS), most=st.integers(0, 4))
    def open_model(self, info: ModelInfo, most: int) -> None:
        """Open a model; ask for it again before all is answered."""
        self.answers.open_model(info)
        self.answers.answer(most)
        self.answers.switch(info)

    @precondition(lambda self: self.state.undo.can_undo())
    @rule(steps=st.integers(1, 4))
    def undo(self, steps: int) -> None:
        for _ in range(steps):
            self.state.undo.undo()
        self.answers.answer()

    @precondition(lambda self: self.state.undo.can_redo())
    @rule()
    def redo(self) -> None:
        self.state.undo.redo()
        self.answers.answer()

    # --------------------------------------------------------------------------------------------------- the promises

    def _seen(self) -> str:
        state, bench, lab = self.state, self.state.workbench.snapshot(), self.state.lab.snapshot()
        stored = {key: value for key, value in session.capture(state).items() if key not in ("seed", "current")}
        return json.dumps(stored) + repr((bench, lab))

    @invariant()
    def undo_then_redo_is_the_identity(self) -> None:
        if self.state.undo.can_undo():
            before, steps = self._seen(), self.state.undo.count()
            self.state.undo.undo()
            self.answers.answer()
            self.state.undo.redo()
            self.answers.answer()
            assert self._seen() == before
            assert self.state.undo.count() == steps

    @invariant()
    def a_session_round_trip_is_the_identity(self) -> None:
        stored = json.loads(json.dumps(session.capture(self.state)))
        other = AppState()
        assert session.restore(other, stored) == []
        again = session.capture(other)
        assert {**again, "model": 0, "data": 0} == {**stored, "model": 0, "data": 0}

    @invariant()
    def everything_lies_in_the_latent_space_of_the_open_model(self) -> None:
        info, state = self.state.model.model, self.state
        if info is None:
            return
        assert self.dims == len(state.latent.locked) == info.latent_dim
        assert state.shelf.owner == info.digest
        assert info.digest not in state.shelf.kept
        assert 0 <= state.display.dimension < self.dims
        assert state.model.embedded
        for point in state.latent.points:
            np.testing.assert_allclose(point.z, point.mu + point.sigma * point.eps, rtol=1e-9, atol=1e-6)
            assert point.source.kind == "prior" or point.source.model == info.digest

    @invariant()
    def an_image_has_the_posterior_of_the_open_model(self) -> None:
        """Unless somebody has dragged μ or σ, the numbers of an image are its encoder's."""
        point, info = self.state.latent.point, self.state.model.model
        if info is None or point.source.index is None:
            return
        mu, _ = encode(info.digest, self.dims, self.answers.images[[point.source.index]])
        edited = "Drag" in self.state.undo.undo_text() or not np.allclose(point.mu, mu[0])
        assert edited or np.array_equal(point.mu, mu[0].astype(np.float64))


QUICK = settings(
    max_examples=12, stateful_step_count=30, derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate]
)
LONG = settings(max_examples=400, stateful_step_count=80, deadline=None)


class TestAnySequence(Desk.TestCase):
    settings = QUICK


@pytest.mark.slow
class TestManySequences(Desk.TestCase):
    settings = LONG
