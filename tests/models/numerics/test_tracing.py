"""TensorFlow traces alongside the decoder's loop: a real worker decodes meanwhile, and exits when told to."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops

from models.core.families import STANDARD_NORMAL, Family, usual_family
from models.curves import compiled, graphs
from models.curves.evaluate import evaluate_curves, is_prepared
from models.estimators import ToyKind, continuous, draw_gradients, drawing_gradients, estimators_of
from models.numerics import tracing
from models.numerics.tracing import Recent, beside, is_tracing, note_dropped, sweep
from models.protocol.decoding import Cancel, Decode, Decoded
from models.protocol.distribution import Curves, CurvesReady
from models.protocol.lab import Continuous, Gradients, GradientsReady
from models.protocol.lifecycle import Failed, Hello
from models.protocol.opening import ModelOpened, OpenModel
from resources import model_path
from tests.support.spawned import Worker
from tests.support.workers import forking

BANK = np.sort(np.random.default_rng(7).standard_normal(64))
Z = np.zeros((1, 2), np.float32)


@pytest.fixture
def decoder(tmp_path: Path) -> Iterator[Worker]:
    """Return a decoder with a model that has not yet traced any workbench family."""
    worker = Worker("decoder", tmp_path, forking())
    assert isinstance(worker.receive(), Hello)
    worker.ask(OpenModel(1, str(model_path("mnist-vae-2"))), ModelOpened)
    worker.ask(Decode(2, Z), Decoded)
    yield worker
    if worker.process.is_alive():
        worker.close()
    # Even if it was told to exit in the middle of tracing.
    assert worker.process.exitcode == 0


def _bench(number: int, name: str) -> Curves:
    return Curves(number, usual_family(name), STANDARD_NORMAL, "u", 0.7, BANK)


def test_pictures_are_decoded_while_a_family_is_traced(decoder: Worker) -> None:
    decoder.send(_bench(10, "StudentT"))
    for number in range(20, 30):
        decoder.ask(Decode(number, Z), Decoded)
    answer = decoder.until(CurvesReady)
    assert (answer.id, answer.place.u) == (10, pytest.approx(0.7))
    assert decoder.ask(_bench(11, "StudentT"), CurvesReady).id == 11


def test_nobody_waits_for_a_family_that_is_not_wanted_any_more(decoder: Worker) -> None:
    decoder.send(_bench(10, "TruncatedNormal"))
    decoder.send(Cancel(11, 10))
    assert decoder.ask(_bench(12, "Laplace"), CurvesReady).place.u == pytest.approx(0.7)


def test_a_worker_that_traces_ends_when_it_is_told(decoder: Worker) -> None:
    decoder.send(_bench(10, "TruncatedNormal"))
    decoder.ask(Decode(11, Z), Decoded)
    decoder.close()
    assert "Fatal" not in decoder.log.read_text()


def test_families_and_values_that_cannot_be_are_refused_all_the_same(decoder: Worker) -> None:
    for number, family in enumerate((Family("Levy", {}), Family("Gumbel", {"loc": 0.0, "scale": 0.0})), start=10):
        decoder.send(Curves(number, family, STANDARD_NORMAL, "u", 0.7, BANK))
        reply = decoder.receive()
        assert isinstance(reply, Failed)
        assert reply.id == number
    assert decoder.silent(0.0)
    decoder.ask(Decode(20, Z), Decoded)


def test_gradients_come_between_pictures(decoder: Worker) -> None:
    problem = Continuous("quadratic", usual_family("Gamma"))
    decoder.send(Gradients(10, problem, 400, 5))
    for number in range(20, 25):
        decoder.ask(Decode(number, Z), Decoded)
    answer = decoder.until(GradientsReady)
    here = draw_gradients(Gradients(10, problem, 400, 5), None)
    for row, expected in zip(answer.estimates, here.estimates, strict=True):
        np.testing.assert_allclose(row.gradients, expected.gradients, rtol=1e-9)


def test_gradients_are_drawn_in_slices() -> None:
    # No other test draws these, so that their graphs are compiled here.
    request = Gradients(1, Continuous("bump", usual_family("Kumaraswamy"), 1.5), 100, 5)
    first = sum(1 for _ in drawing_gradients(request, None))
    again = sum(1 for _ in drawing_gradients(request, None))
    assert first > again >= 4


def test_work_beside_ends_before_it_is_said_to() -> None:
    done: list[int] = []
    for _ in beside(lambda: done.append(sum(range(10**6)))):
        pass
    assert done
    assert not is_tracing()


# ------------------------------------------------------------------------------------------------- what it takes up


def _gradients() -> set[str]:
    return {name for name in ops.gradient_registry.list() if name.startswith("CustomGradient")}


def test_nothing_of_a_graph_is_left_when_its_function_goes() -> None:
    def quantile(levels: tf.Tensor) -> tf.Tensor:
        # Its root is looked for in a loop.
        cut = compiled.build("TruncatedNormal", tf.constant([0.25, 1.0, -1.75, 2.25], tf.float64))
        return cut.quantile(levels)

    before, functions = _gradients(), set(context.context().list_function_names())
    function = tracing.traced(quantile, [tf.TensorSpec([None], tf.float64)])
    assert function(np.array([0.5])).numpy() == pytest.approx([0.25])
    assert any("while" in name for name in set(context.context().list_function_names()) - functions)
    graph = weakref.ref(function.graph)
    del function
    note_dropped()
    sweep()
    assert graph() is None
    assert set(context.context().list_function_names()) <= functions
    assert _gradients() == before


def test_the_families_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_kept", Recent(4))
    for number, name in enumerate(("Laplace", "Gumbel", "Logistic")):
        evaluate_curves(_bench(number, name))
    kept = [name for name in ("Laplace", "Gumbel", "Logistic") if is_prepared(name, "Normal")]
    assert kept == ["Logistic"]
    # A family of which only one part came back is not called ready.
    compiled.evaluated(graphs.heights, compiled.Member.of(usual_family("Laplace")), np.array([0.5]))
    assert not is_prepared("Laplace", "Normal")
    assert evaluate_curves(_bench(5, "Laplace")).place.u == pytest.approx(0.7)
    assert is_prepared("Laplace", "Normal")
    # Those of the open model stay: its curves, traced anew, would hold up a drag by 0.3 s.
    compiled.hold("Laplace", "Normal")
    for number, name in enumerate(("Gumbel", "Logistic", "Uniform")):
        evaluate_curves(_bench(number, name))
    assert is_prepared("Laplace", "Normal")
    assert not is_prepared("Gumbel", "Normal")


def test_estimators_of_families_used_long_ago_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuous, "_kept", Recent(6))
    kinds = [ToyKind("quadratic"), ToyKind("cosine"), ToyKind("bump")]
    first = weakref.ref(estimators_of(kinds[0], "Logistic"))
    draw_gradients(Gradients(1, Continuous("quadratic", usual_family("Logistic"), 1.0), 10, 5), None)
    assert first() is not None
    for kind in kinds:
        for name in ("Normal", "Laplace", "Gumbel", "Uniform"):
            estimators_of(kind, name)
    gc.collect()
    assert first() is None


def test_what_was_used_last_stays() -> None:
    recent: Recent[int, str] = Recent(2)
    for number in (1, 2, 1, 3):
        recent.get(number, lambda number=number: f"{number}")  # type: ignore[misc]
    assert [recent.find(number) for number in (1, 2, 3)] == ["1", None, "3"]
    assert recent.room == 0
    assert recent.get(1, lambda: "made again") == "1"


def test_what_is_held_stays_whatever_else_is_used() -> None:
    recent: Recent[int, str] = Recent(2)
    recent.hold([1, 4])
    for number in (1, 2, 3, 4, 5):
        recent.get(number, lambda number=number: f"{number}")  # type: ignore[misc]
    assert [recent.find(number) for number in range(1, 6)] == ["1", None, "3", "4", "5"]
    assert recent.room == 0
    recent.hold([])
    recent.get(6, lambda: "6")
    assert [recent.find(number) for number in range(1, 7)] == [None, None, None, None, "5", "6"]
