"""Steering a run: dials changed during the run, single steps, the model of every epoch kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.core.settings import Dials, TrainSettings
from models.protocol.messages import Reply
from models.protocol.training import EpochDone, Finished, Progress, StepShown, Train, TrainStarted
from models.training.loop import TrainingLoop, initial_state
from models.training.run import TrainingRun
from models.training.storage.checkpoint import latest_checkpoint
from models.training.storage.snapshots import Snapshots
from models.vae.architecture import Architecture, architecture_of
from models.vae.likelihoods import log_likelihood
from models.vae.model_file import open_model
from models.vae.networks import decode
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs, write_blobs
from tests.models.training.conftest import events

STEPS_PER_EPOCH = 9


def run_of(data: Path, folder: Path, resume: bool = False, stepping: bool = False, **changes: object) -> TrainingRun:
    return TrainingRun(Train(7, str(data), str(folder), "tiny", replace(SETTINGS, **changes), resume, stepping))


@pytest.fixture
def one_step_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)


def turned(data: Path, folder: Path, stop_at: int | None = None, resume: bool = False) -> list[Reply]:
    """Return a run whose dials are changed after 12 steps and that may be stopped."""
    run, story = run_of(data, folder, resume, beta_schedule="cyclic", beta_epochs=2.0, warmup_epochs=1.0), []
    for event in events(run):
        story.append(event)
        if isinstance(event, Progress):
            if event.step == 12:
                run.adjust(Dials(0.01, 3.0))
            if event.step == stop_at:
                run.control("stop")
    return story


def test_a_turned_dial_counts_from_the_next_step_and_is_remembered(
    one_step_a_chunk: None, tiny_data: Path, tmp_path: Path
) -> None:
    whole = turned(tiny_data, tmp_path / "whole")
    records = [event.record for event in whole if isinstance(event, EpochDone)]
    assert [record.learning_rate for record in records] == pytest.approx([0.001, 0.01, 0.01, 0.01])
    # Cycles of 18 steps: β is full in the second half of each, and 16/9 of 0 … 8/9 in the first.
    assert [record.beta for record in records] == pytest.approx([16 / 18, 3.0, 3.0 * 16 / 18, 3.0], rel=1e-5)
    turned(tiny_data, tmp_path / "parts", stop_at=23)
    stopped = latest_checkpoint(tmp_path / "parts")
    assert stopped is not None
    assert stopped.dials == Dials(0.01, 3.0)
    rest = list(events(run_of(tiny_data, tmp_path / "parts", True, beta_schedule="cyclic", beta_epochs=2.0,
                              warmup_epochs=1.0)))  # fmt: skip
    assert isinstance(rest[0], TrainStarted)
    assert rest[0].dials == Dials(0.01, 3.0)
    ends = [latest_checkpoint(tmp_path / name) for name in ("whole", "parts")]
    for name, array in ends[0].arrays["parameters"].items():
        assert array.tobytes() == ends[1].arrays["parameters"][name].tobytes()
    assert ends[0].history == ends[1].history


def test_a_dial_that_makes_no_sense_is_refused(tiny_data: Path, tmp_path: Path) -> None:
    run = run_of(tiny_data, tmp_path / "run", objective="iwae", samples=3)
    with pytest.raises(ValueError, match="β must be 1"):
        run.adjust(Dials(0.001, 2.0))
    with pytest.raises(ValueError, match="learning rate must be between"):
        run.adjust(Dials(float("nan"), 1.0))


def test_steps_are_shown_as_they_are_made_and_change_nothing(
    one_step_a_chunk: None, tiny_data: Path, tmp_path: Path
) -> None:
    plain = list(events(run_of(tiny_data, tmp_path / "plain", epochs=2)))
    stepped = list(events(run_of(tiny_data, tmp_path / "stepped", stepping=True, epochs=2)))
    shown = [event for event in stepped if isinstance(event, StepShown)]
    assert [event.step for event in shown] == list(range(1, 19))
    assert isinstance(plain[-1], Finished)
    ends = [open_model(str(story[-1].path)).parameters for story in (plain, stepped)]
    assert all(np.array_equal(values, ends[1][name]) for name, values in ends[0].items())


@pytest.mark.parametrize(("objective", "samples"), [("elbo", 1), ("stl", 2), ("iwae", 3), ("dreg", 3)])
def test_a_step_shows_one_turn_of_the_trick(objective: str, samples: int, tiny_data: Path, tmp_path: Path) -> None:
    run = run_of(
        tiny_data, tmp_path / "run", stepping=True, objective=objective, samples=samples, likelihood="gaussian"
    )
    shown = next(event for event in events(run) if isinstance(event, StepShown))
    run.control("discard")
    settings = replace(SETTINGS, objective=objective, samples=samples, likelihood="gaussian")
    assert np.allclose(shown.z, shown.mu + shown.sigma * shown.eps, rtol=1e-6)
    assert shown.beta == 1.0
    assert shown.terms.kl == pytest.approx(float(shown.kl.sum()), rel=1e-5)
    assert shown.x.shape == shown.reconstruction.shape == IMAGE_SHAPE
    split = objective in ("elbo", "stl")
    assert np.isfinite(shown.by_mu_from_kl).all() == split
    if objective == "elbo":
        assert shown.terms.loss == pytest.approx(shown.terms.reconstruction + shown.terms.kl, rel=1e-5)
        assert np.allclose(shown.by_mu_from_kl, shown.mu, atol=1e-3)
        assert np.allclose(shown.by_sigma_from_kl, shown.sigma - 1.0 / shown.sigma, rtol=1e-3, atol=1e-3)
    if split and samples == 1:
        check_by_differences(shown, settings)


def check_by_differences(shown: StepShown, settings: TrainSettings) -> None:
    """Check the gradient at μ against central differences of the reconstruction term along z."""
    architecture = architecture_of(settings, IMAGE_SHAPE)
    parameters = {name: tf.constant(value) for name, value in architecture.initial_parameters(settings.seed).items()}

    def cost(z: np.ndarray) -> float:
        logits = decode(architecture, parameters, tf.constant(z[np.newaxis]))
        return -float(log_likelihood(parameters, "gaussian", logits, tf.constant(shown.x.reshape(1, -1)))[0])

    for dim in range(settings.latent_dim):
        step = np.eye(settings.latent_dim, dtype=np.float32)[dim] * 0.05
        slope = (cost(shown.z + step) - cost(shown.z - step)) / 0.1
        assert shown.by_mu[dim] - shown.by_mu_from_kl[dim] == pytest.approx(slope, rel=0.05, abs=0.05)
        by_sigma = shown.by_sigma[dim] - shown.by_sigma_from_kl[dim]
        assert by_sigma == pytest.approx(slope * shown.eps[dim], rel=0.05, abs=0.05)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Reply], Path]:
    """What an undisturbed run has told, and its folder, to be read only."""
    folder = tmp_path_factory.mktemp("plain")
    return list(events(run_of(write_blobs(folder), folder / "run"))), folder / "run"


def test_the_model_of_every_epoch_is_kept(plain: tuple[list[Reply], Path]) -> None:
    story, _ = plain
    last = next(event for event in reversed(story) if isinstance(event, EpochDone))
    assert [snapshot.epoch for snapshot in last.snapshots] == [1, 2, 3, 4]
    models = [open_model(snapshot.path) for snapshot in last.snapshots]
    assert [model.info.epoch for model in models] == [1, 2, 3, 4]
    elbos = [event.record.test.elbo for event in story if isinstance(event, EpochDone)]
    assert [model.info.metrics["elbo"] for model in models] == pytest.approx(elbos)


def test_snapshots_are_thinned_out_and_the_newest_stays(
    plain: tuple[list[Reply], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, folder = plain
    info = open_model(str(story[-1].path)).info
    parameters = open_model(str(story[-1].path)).parameters
    size = Path(Snapshots(folder).kept()[0].path).stat().st_size
    monkeypatch.setattr("models.training.storage.snapshots.MAX_BYTES", 5.5 * size)
    snapshots = Snapshots(tmp_path / "thin")
    for epoch in range(1, 21):
        snapshots.write(replace(info, epoch=epoch), parameters)
    kept = [snapshot.epoch for snapshot in snapshots.kept()]
    assert len(kept) <= 5
    assert kept[-1] == 20
    snapshots.forget_after(kept[1])
    assert [snapshot.epoch for snapshot in snapshots.kept()] == kept[:2]


def test_a_longer_chunk_uses_the_dials_too() -> None:
    loop = TrainingLoop(initial_architecture(), SETTINGS, blobs(144))
    still, moved = (initial_state(initial_architecture(), 1) for _ in range(2))
    loop.run(still, loop.epoch_order(0), 0, STEPS_PER_EPOCH, Dials(0.0, 1.0))
    loop.run(moved, loop.epoch_order(0), 0, STEPS_PER_EPOCH, Dials(0.01, 1.0))
    start = initial_architecture().initial_parameters(1)
    assert all(np.array_equal(values, start[name]) for name, values in still.parameters.items())
    assert not np.array_equal(moved.parameters["encoder.loc.kernel"], start["encoder.loc.kernel"])


def initial_architecture() -> Architecture:
    return architecture_of(SETTINGS, IMAGE_SHAPE)


def test_a_dial_turned_before_a_run_goes_on_counts_too(tiny_data: Path, tmp_path: Path) -> None:
    list(events(run_of(tiny_data, tmp_path / "run", epochs=2)))
    again = run_of(tiny_data, tmp_path / "run", resume=True, epochs=3)
    again.adjust(Dials(0.002, 0.5))
    story = list(events(again))
    assert story[0].dials == Dials(0.002, 0.5)
    assert latest_checkpoint(tmp_path / "run").history[-1].beta == 0.5
