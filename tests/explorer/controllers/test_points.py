"""What belongs to a model: points, locks and undo wait for it, images are encoded again. No window, no worker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from explorer.app import session
from explorer.controllers.distribution import DistributionController
from explorer.state import AppState
from explorer.state.latent import LatentState, Point, PointSource, fault_of
from models.protocol.distribution import Locate, Located
from tests.support import answers as support
from tests.support.answers import Answers, encode, model, of_run

ONE, TWO, SMALL = model("one", 5), model("two", 5), model("small", 2)


@pytest.fixture
def answers(qapp: QApplication, tmp_path: Path) -> Answers:
    """Return a state with model and data open, whose first point stands for the first image."""
    answers = Answers(tmp_path)
    answers.start(ONE)
    return answers


@pytest.fixture
def latent(answers: Answers) -> LatentState:
    return answers.state.latent


def _select(answers: Answers, index: int) -> None:
    found = answers.state.model.posterior_of(index)
    assert found is not None
    with answers.state.latent.step(f"Select image {index}"):
        answers.state.latent.set_posterior(*found)


def _bits(point: Point) -> tuple[object, ...]:
    return point.name, point.mu.tobytes(), point.sigma.tobytes(), point.z.tobytes(), point.source


def _assert_encoded_by(answers: Answers, point: Point, digest: str) -> None:
    assert point.source.index is not None
    mu, sigma = encode(digest, len(point.z), answers.images[[point.source.index]])
    np.testing.assert_allclose(point.mu, mu[0], rtol=1e-6)
    np.testing.assert_allclose(point.sigma, sigma[0], rtol=1e-6)
    assert point.source.model == digest


@pytest.mark.parametrize("other", [TWO, SMALL], ids=["of the same size", "of another size"])
def test_points_locks_and_undo_come_back_with_their_model(answers: Answers, latent: LatentState, other: object) -> None:
    _select(answers, 3)
    latent.set_locked(2, True)
    latent.add_point()
    with latent.step("Move"):
        latent.set_component("z", 1, 1.5)
    answers.state.display.set_dimension(4)
    left, steps = [_bits(point) for point in latent.points], answers.state.undo.count()
    answers.switch(other)
    assert not latent.locked.any()
    assert answers.state.undo.count() == 0
    with latent.step("Elsewhere"):
        latent.set_component("z", 0, -2.0)
    answers.switch(ONE)
    assert [_bits(point) for point in latent.points] == left
    assert np.flatnonzero(latent.locked).tolist() == [2]
    assert (answers.state.undo.count(), answers.state.undo.undo_text()) == (steps, "Move")
    assert answers.state.display.dimension == 4
    answers.switch(other)
    assert answers.state.undo.undo_text() == "Elsewhere"
    assert latent.point.z[0] == -2.0


@pytest.mark.parametrize("other", [TWO, SMALL], ids=["of the same size", "of another size"])
def test_a_new_model_encodes_the_images_that_points_stand_for(
    answers: Answers, latent: LatentState, other: object
) -> None:
    _select(answers, 3)
    latent.add_point()
    _select(answers, 4)
    latent.add_point()
    latent.set_posterior(np.zeros(5), np.ones(5), _prior())
    latent.set_current(0)
    latent.set_component("z", 0, 3.0)
    answers.switch(other)
    assert [(point.name, point.source.index) for point in latent.points] == [("A", 3), ("B", 4)]
    for point in latent.points:
        _assert_encoded_by(answers, point, other.digest)
        assert point.untouched


def _prior() -> PointSource:
    return PointSource()


def test_an_image_is_encoded_before_all_are(answers: Answers, latent: LatentState) -> None:
    _select(answers, 3)
    answers.open_model(TWO)
    answers.answer(most=2)
    assert answers.state.model.embedding is None
    _assert_encoded_by(answers, latent.point, "two")


def test_nothing_follows_the_embedding_of_another_model(answers: Answers, latent: LatentState) -> None:
    _select(answers, 3)
    answers.open_model(TWO)
    answers.answer(most=1)
    assert answers.state.model.posterior_of(2) is None
    answers.points.follow_embedding()
    assert latent.point.source.model == ""
    assert not latent.point.mu.any()


def test_an_answer_for_an_image_that_the_point_has_left_is_dropped(answers: Answers, latent: LatentState) -> None:
    _select(answers, 3)
    answers.open_model(TWO)
    answers.answer(most=1)
    with latent.step("Sample"):
        latent.set_posterior(np.zeros(5), np.ones(5), _prior(), np.full(5, 0.5))
    answers.answer()
    assert latent.point.z.tolist() == [0.5] * 5
    assert latent.point.source.kind == "prior"


def test_a_run_takes_its_points_along_and_locks_hold(answers: Answers, latent: LatentState) -> None:
    first, second = (of_run(ONE, "/runs/new", step) for step in (10, 20))
    answers.switch(first)
    _select(answers, 3)
    latent.set_locked(1, True)
    latent.add_point()
    latent.set_component("z", 2, 4.0)
    held, moved, steps = latent.points[0].z[1], latent.point.z.copy(), answers.state.undo.count()
    answers.switch(second)
    following, still = latent.points
    _assert_encoded_by(answers, following, second.digest)
    _assert_encoded_by(answers, still, second.digest)
    assert following.z[1] == held
    np.testing.assert_array_equal(np.delete(following.z, 1), np.delete(following.mu, 1))
    assert still.z.tobytes() == moved.tobytes()
    assert answers.state.undo.count() == steps
    answers.switch(ONE)
    answers.switch(of_run(ONE, "/runs/new", 30))
    assert [point.name for point in latent.points] == ["A", "B"]


def test_the_map_of_a_run_stays_until_its_next_model_has_one(answers: Answers) -> None:
    answers.switch(of_run(ONE, "/runs/new", 10))
    answers.open_model(of_run(ONE, "/runs/new", 20))
    answers.answer(most=1)
    state = answers.state.model
    assert state.embedding is not None
    assert not state.embedded
    found = state.posterior_of(2)
    assert found is not None
    assert found[2].model == "one-10"
    answers.answer()
    assert state.embedded


def test_undo_brings_an_image_back_as_the_open_model_encodes_it(answers: Answers, latent: LatentState) -> None:
    answers.switch(of_run(ONE, "/runs/new", 10))
    _select(answers, 3)
    _select(answers, 4)
    answers.switch(of_run(ONE, "/runs/new", 20))
    answers.state.undo.undo()
    answers.answer()
    assert latent.point.source.index == 3
    _assert_encoded_by(answers, latent.point, "one-20")


def test_data_that_are_gone_when_they_are_read_are_told(answers: Answers) -> None:
    told: list[str] = []
    answers.state.notices.noticed.connect(lambda level, text: told.append(text))
    before = answers.state.model.data
    Path(answers.data.images_path).unlink()
    answers.opening.open_data(answers.data.path)
    answers.answer()
    assert answers.state.model.data is before
    assert told == [f"{answers.data.path}: no such file or directory"]


@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e30])
def test_a_model_that_answers_nonsense_poisons_no_point(
    answers: Answers, latent: LatentState, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    answers.state.notices.noticed.connect(lambda level, text: told.append(text))
    _select(answers, 3)
    good = support.encode

    def nonsense(digest: str, dims: int, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mu, sigma = good(digest, dims, images)
        return np.full_like(mu, bad), sigma

    monkeypatch.setattr(support, "encode", nonsense)
    answers.open_model(TWO)
    answers.answer(most=2)
    assert told == [told[0]] * len(told)
    assert told[0].startswith("The model's answer for the image of A cannot be shown: μ or z lies beyond ±1,000,000")
    for point in latent.points:
        assert fault_of(point.mu, point.sigma, point.z) == ""
    stored = session.capture(answers.state)
    assert session.restore(AppState(), stored) == []


def test_an_image_that_is_encoded_as_nonsense_is_no_point(answers: Answers, latent: LatentState) -> None:
    embedding = answers.state.model.embedding
    assert embedding is not None
    mu = np.array(embedding.mu)
    mu[2] = np.inf
    answers.state.model.embedding = replace(embedding, mu=mu)
    assert answers.state.model.posterior_of(2) is None
    assert answers.state.model.posterior_of(3) is not None


def test_the_points_of_a_session_wait_for_their_model(answers: Answers, latent: LatentState, tmp_path: Path) -> None:
    _select(answers, 3)
    latent.set_component("z", 1, 1.25)
    latent.set_locked(2, True)
    left, stored = [_bits(point) for point in latent.points], session.capture(answers.state)
    (tmp_path / "later").mkdir()
    later = Answers(tmp_path / "later")
    assert session.restore(later.state, stored) == []
    # The file of the model cannot be opened: another one is shown, of the same size.
    later.start(TWO)
    assert [_bits(point) for point in later.state.latent.points] != left
    later.switch(ONE)
    assert [_bits(point) for point in later.state.latent.points] == left
    assert np.flatnonzero(later.state.latent.locked).tolist() == [2]


@pytest.mark.parametrize("change", ["nothing", "model", "smaller model", "image", "point"])
def test_a_place_that_comes_late_moves_only_what_it_was_asked_for(answers: Answers, change: str) -> None:
    """A probability slider asks where z is; until the answer comes, another model, image or point may be there."""
    latent, controller = answers.state.latent, DistributionController(answers.state, answers.requests, answers.state)
    controller.locate(4, "u", 0.9)
    (asked,) = (request for request in answers.waiting if isinstance(request, Locate))
    match change:
        case "model":
            answers.switch(TWO)
        case "smaller model":
            answers.switch(SMALL)
        case "image":
            _select(answers, 3)
        case "point":
            latent.add_point()
    before = latent.point.z.copy()
    answers.requests.take(Located(asked.id, 123.0))
    assert (latent.point.z.tobytes() == before.tobytes()) is (change != "nothing")
    assert change != "nothing" or latent.point.z[4] == 123.0
