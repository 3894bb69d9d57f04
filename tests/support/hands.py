"""Any sequence of a person's actions on the real window, and whether what is shown equals the state after each."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from PySide6.QtCore import QPointF

from explorer.app import session
from explorer.views.dimensions.rows import row_layout
from models.core.geometry import dimension_name
from models.core.images import to_bytes
from resources import model_path
from tests.support.desk import Desk
from tests.support.oracle import NumpyVAE

MODELS = [model_path("mnist-vae-50"), model_path("mnist-vae-2")]
SHARES = st.floats(0.05, 0.95)


@cache
def _oracle(path: str) -> NumpyVAE:
    return NumpyVAE(Path(path))


class Hands(RuleBasedStateMachine):
    """Mouse and menus on one window; the same window serves every sequence."""

    desk: Desk

    @rule(index=st.integers(0, 500))
    def click_image(self, index: int) -> None:
        plot = self.desk.window.map.plot
        place = self.desk.on_map(plot.cloud.xy[index])
        if plot.rect().contains(place.toPoint()):
            self.desk.click(plot.viewport(), place)

    @rule(x=st.integers(-60, 60), y=st.integers(-60, 60))
    def drag_on_map(self, x: int, y: int) -> None:
        start = self.desk.marker(self.desk.point.name)
        self.desk.drag(self.desk.window.map.plot.viewport(), [start, start + QPointF(x, y) / 2, start + QPointF(x, y)])

    @rule(row=st.integers(0, 3), share=SHARES)
    def drag_slider(self, row: int, share: float) -> None:
        rows = self.desk.window.dimensions.list
        dim = rows.rows.dims[row % len(rows.rows.dims)]
        track = row_layout(rows.rect_of(dim)).track
        start = rows.handle_position(dim, rows.delegate.scale.value_of(dim))
        end = QPointF(track.left() + share * track.width(), start.y())
        self.desk.drag(rows.viewport(), [start, end])

    @rule(row=st.integers(0, 3))
    def click_lock(self, row: int) -> None:
        rows = self.desk.window.dimensions.list
        dim = rows.rows.dims[row % len(rows.rows.dims)]
        self.desk.click(rows.viewport(), row_layout(rows.rect_of(dim)).lock.center())

    @rule(name=st.sampled_from(["sample", "randomize", "reset", "add_point", "remove_point"]))
    def command(self, name: str) -> None:
        getattr(self.desk.window.menus.edit, name).trigger()

    @rule(name=st.sampled_from(["undo", "redo"]), times=st.integers(1, 3))
    def travel(self, name: str, times: int) -> None:
        for _ in range(times):
            getattr(self.desk.window.menus.edit, name).trigger()

    @rule(grip=st.sampled_from(["loc", "scale", "z"]), by=st.integers(-40, 40))
    def drag_grip(self, grip: str, by: int) -> None:
        plot = self.desk.window.distribution.curves.pdf
        if any(handle.grip == grip for handle in plot.layer.handles):
            start = self.desk.grip(plot, grip)[1]
            self.desk.drag(plot.viewport(), [start, start + QPointF(by, 0)])

    @rule(path=st.sampled_from(MODELS))
    def open_model(self, path: Path) -> None:
        self.desk.drop(path)

    @rule(letter=st.integers(0, 25))
    def choose_point(self, letter: int) -> None:
        points = self.desk.latent.points
        name = points[letter % len(points)].name
        self.desk.click(self.desk.window.map.plot.viewport(), self.desk.marker(name))

    # ------------------------------------------------------------------------------------------------ the promises

    @invariant()
    def what_is_shown_equals_the_state(self) -> None:
        self.desk.settle()
        self._map()
        self._rows()
        self._picture()
        self._distribution()
        self._commands()

    @invariant()
    def undo_then_redo_is_the_identity(self) -> None:
        undo = self.desk.state.undo
        if undo.can_undo():
            before = session.capture(self.desk.state)
            undo.undo()
            self.desk.settle()
            undo.redo()
            self.desk.settle()
            after = session.capture(self.desk.state)
            assert {**after, "current": 0} == {**before, "current": 0}

    def _map(self) -> None:
        pane, latent = self.desk.window.map, self.desk.latent
        assert pane._projection is not None
        places = {marker.name: marker for marker in pane.plot.points.markers}
        assert set(places) == {point.name for point in latent.points}
        for point in latent.points:
            np.testing.assert_allclose(places[point.name].xy, pane._projection.to_plane(point.z), atol=1e-9)
            assert places[point.name].current == (point is latent.point)
            assert places[point.name].picture is not None

    def _rows(self) -> None:
        rows, latent = self.desk.window.dimensions.list, self.desk.latent
        assert sorted(rows.rows.dims) == list(range(latent.latent_dim))
        for row, dim in enumerate(rows.rows.dims[:5]):
            assert rows.rows.data(rows.rows.index(row)) == f"{dimension_name(dim)} = {latent.point.z[dim]:.3f}"

    def _picture(self) -> None:
        model, answers, pane = self.desk.state.model.model, self.desk.state.answers, self.desk.window.decoded
        assert model is not None
        expected = _oracle(model.path).decode(self.desk.point.z[None])[0]
        np.testing.assert_allclose(answers.picture, expected, atol=1e-4)
        assert pane.large.image is not None
        shown = np.array(pane.large.image.constBits()).reshape(28, -1)[:, :28]
        np.testing.assert_array_equal(shown, to_bytes(answers.picture)[..., 0])
        assert (pane.input.image is None) == (self.desk.point.source.image is None)
        assert pane._about.text().startswith(f"{self.desk.point.name} · {self.desk.point.source.text}")

    def _distribution(self) -> None:
        state, point = self.desk.state, self.desk.point
        answer, dim = state.answers.distribution, state.display.dimension
        assert answer is not None
        assert answer.dim == dim
        found = answer.place.z, answer.family.parameters["loc"], answer.family.parameters["scale"]
        assert found == (point.z[dim], point.mu[dim], point.sigma[dim])

    def _commands(self) -> None:
        edit, undo = self.desk.window.menus.edit, self.desk.state.undo
        assert edit.undo.text() == f"&Undo {undo.undo_text()}".strip()
        assert (edit.undo.isEnabled(), edit.redo.isEnabled()) == (undo.can_undo(), undo.can_redo())
        model = self.desk.state.model.model
        assert model is not None
        assert model.name in self.desk.window.windowTitle()
