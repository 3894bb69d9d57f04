"""Training: the arithmetic against NumPy, and the same bits from the same settings and data."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.core.errors import UserError
from models.core.settings import BetaSchedule, Dials, Schedule, TrainSettings
from models.protocol.messages import Reply
from models.protocol.training import CheckpointWritten, Diverged, EpochDone, Finished, Progress, Train, TrainStarted
from models.training.loop import LoopState, TrainingLoop, initial_state
from models.training.optimizer import adam, averaged
from models.training.run import TrainingRun
from models.training.schedules import scheduled_beta, scheduled_rate
from models.training.steps import noise_seed, training_input
from models.training.storage.checkpoint import checkpoint_folders, latest_checkpoint, read_checkpoint
from models.training.storage.trash import restore_run
from models.vae.architecture import LOG_VARIANCE, Architecture, architecture_of
from models.vae.model_file import open_model
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs, write_blobs


def request(data: Path, run_folder: Path, resume: bool = False, **changes: object) -> Train:
    return Train(7, str(data), str(run_folder), "tiny", replace(SETTINGS, **changes), resume)


def events(run: TrainingRun) -> Iterator[Reply]:
    return (event for event in run.events() if event is not None)


def trained(data: Path, run_folder: Path, **changes: object) -> list[Reply]:
    return list(events(TrainingRun(request(data, run_folder, **changes))))


def weights(finished: Reply) -> dict[str, bytes]:
    assert isinstance(finished, Finished)
    assert finished.path is not None
    return {name: values.tobytes() for name, values in open_model(finished.path).parameters.items()}


# --------------------------------------------------------------------------------------------------- arithmetic


def test_adam_is_the_published_one() -> None:
    rng = np.random.default_rng(0)
    value, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    ours = {"w": tf.constant(value, tf.float32)}
    moments = ({"w": tf.zeros(5)}, {"w": tf.zeros(5)})
    for step in range(4):
        gradient = rng.normal(size=5)
        ours, moments = adam(
            ours, {"w": tf.constant(gradient, tf.float32)}, moments, tf.constant(0.01), tf.constant(step)
        )
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        value = value - 0.01 * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-7)
    assert np.allclose(ours["w"].numpy(), value, rtol=1e-5)


def test_the_average_forgets_its_start_and_then_decays() -> None:
    mean, parameter = {"w": tf.constant([8.0])}, {"w": tf.constant([2.0])}
    assert averaged(mean, parameter, 0.999, tf.constant(0))["w"].numpy() == pytest.approx(8.0 + 0.9 * (2.0 - 8.0))
    late = averaged(mean, parameter, 0.999, tf.constant(100_000))["w"].numpy()
    assert late == pytest.approx(8.0 + 0.001 * (2.0 - 8.0))


def test_the_cosine_schedule_runs_from_the_rate_to_zero() -> None:
    def rates(schedule: Schedule, *steps: int, warmup: float = 0.0) -> list[float]:
        return [float(scheduled_rate(schedule, tf.constant(0.4), tf.constant(step), 100, warmup)) for step in steps]

    assert rates("cosine", 0, 50, 100, 150) == pytest.approx([0.4, 0.2, 0.0, 0.0], abs=1e-7)
    assert rates("constant", 0, 99) == pytest.approx([0.4, 0.4])
    assert rates("constant", 0, 4, 9, 10, 99, warmup=10.0) == pytest.approx([0.04, 0.2, 0.4, 0.4, 0.4])
    assert rates("cosine", 4, 50, warmup=10.0)[1] == pytest.approx(0.2)


def test_beta_rises_once_or_in_every_cycle() -> None:
    def betas(schedule: BetaSchedule, *steps: int) -> list[float]:
        return [float(scheduled_beta(schedule, tf.constant(2.0), tf.constant(step), 10.0)) for step in steps]

    assert betas("constant", 0, 3) == [2.0, 2.0]
    assert betas("warmup", 0, 5, 10, 25) == pytest.approx([0.0, 1.0, 2.0, 2.0])
    assert betas("cyclic", 0, 2, 5, 9, 10, 12, 17) == pytest.approx([0.0, 0.8, 2.0, 2.0, 0.0, 0.8, 2.0], abs=1e-5)


def test_one_step_is_the_gradient_of_the_objective(tiny_data: Path) -> None:
    """In Adam's first step, every weight moves by the learning rate against the sign of its gradient."""
    settings = replace(SETTINGS, likelihood="continuous_bernoulli", learning_rate=1e-3)
    architecture = architecture_of(settings, IMAGE_SHAPE)
    loop, state = TrainingLoop(architecture, settings, blobs(16)), initial_state(architecture, 0)
    before = {name: value.numpy() for name, value in state.parameters.items()}
    loop.run(state, loop.epoch_order(0), 0, 1)
    moved = np.concatenate([(state.parameters[name].numpy() - before[name]).ravel() for name in before])
    gradient = np.concatenate([state.first[name].numpy().ravel() for name in before])
    clear = np.abs(gradient) > 1e-4
    assert clear.mean() > 0.5
    assert np.allclose(moved[clear], -1e-3 * np.sign(gradient[clear]), rtol=0.05)


def test_beta_weighs_the_kl_term_alone() -> None:
    gradients = []
    for beta in (0.0, 1.0, 3.0):
        settings = replace(SETTINGS, beta=beta)
        architecture = architecture_of(settings, IMAGE_SHAPE)
        loop, state = TrainingLoop(architecture, settings, blobs(16)), initial_state(architecture, 0)
        sums = loop.run(state, loop.epoch_order(0), 0, 1)
        gradients.append({name: value.numpy() for name, value in state.first.items()})
        terms = sums.means()
        assert terms.elbo == pytest.approx(-(terms.reconstruction + terms.kl))
        assert terms.loss == pytest.approx(terms.reconstruction + beta * terms.kl, rel=1e-6)
    none, one, three = gradients
    for name in ("encoder.loc.bias", "encoder.scale.kernel"):
        assert np.abs(one[name] - none[name]).max() > 1e-4
        assert np.allclose(three[name] - none[name], 3 * (one[name] - none[name]), rtol=1e-3, atol=1e-5)
    assert np.allclose(three["decoder.logits.bias"], none["decoder.logits.bias"], atol=1e-7)


def test_binarized_pixels_are_black_or_white_with_their_grey_level() -> None:
    pixels = tf.constant(np.tile(np.array([0, 64, 128, 255], np.uint8), (20_000, 1)))
    draw = tf.function(lambda seed: training_input(pixels, "bernoulli", seed), jit_compile=True)
    first, second = draw(tf.constant([1, 2], tf.int64)).numpy(), draw(tf.constant([1, 4], tf.int64)).numpy()
    assert set(np.unique(first)) == {0.0, 1.0}
    assert first.mean(axis=0) == pytest.approx([0, 64 / 255, 128 / 255, 1], abs=4 * 0.5 / np.sqrt(20_000))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, draw(tf.constant([1, 2], tf.int64)).numpy())


def test_every_step_has_noise_of_its_own() -> None:
    seeds = {_noise_seed(5, step, stream) for step in range(10) for stream in (0, 1)}
    assert len(seeds) == 20
    assert _noise_seed(6, 0, 0) not in seeds


def _noise_seed(seed: int, step: int, stream: int) -> tuple[int, ...]:
    return tuple(noise_seed(tf.constant(seed, tf.int64), tf.constant(step), stream).numpy().tolist())


def test_steps_do_not_depend_on_how_they_are_cut_into_chunks() -> None:
    architecture = architecture_of(SETTINGS, IMAGE_SHAPE)
    loop = TrainingLoop(architecture, SETTINGS, blobs(96))
    whole, parts = initial_state(architecture, 0), initial_state(architecture, 0)
    order = loop.epoch_order(0)
    loop.run(whole, order, 0, 6)
    for first, steps in ((0, 1), (1, 3), (4, 2)):
        loop.run(parts, order, first, steps)
    assert whole.step == parts.step == 6
    for group in ("parameters", "first", "second"):
        for name, value in getattr(whole, group).items():
            assert np.array_equal(value.numpy(), getattr(parts, group)[name].numpy())


def test_every_epoch_sees_every_image_once_in_another_order() -> None:
    loop = TrainingLoop(architecture_of(SETTINGS, IMAGE_SHAPE), SETTINGS, blobs(50))
    orders = [loop.epoch_order(epoch).numpy() for epoch in (0, 1)]
    assert [sorted(order.tolist()) for order in orders] == [list(range(50))] * 2
    assert not np.array_equal(*orders)


# --------------------------------------------------------------------------------------------------------- runs


@dataclass(frozen=True)
class FinishedRun:
    """A run of which every epoch was written, and its data; to be copied, not changed.

    ``unfinished`` is its folder as it was after three of its four epochs.
    """

    story: list[Reply]
    data: Path
    folder: Path
    unfinished: Path


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("finished")
    data = write_blobs(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTSCAPE_CACHE", str(folder / "cache"))
        patch.setattr("models.training.recorder.SECONDS_PER_CHECKPOINT", 0.0)
        patch.setattr("models.training.recorder.TRAINING_PER_WRITING", 0.0)
        story: list[Reply] = []
        for event in events(TrainingRun(request(data, folder / "run"))):
            story.append(event)
            if isinstance(event, CheckpointWritten) and event.epoch == 3:
                shutil.copytree(folder / "run", folder / "unfinished")
        return FinishedRun(story, data, folder / "run", folder / "unfinished")


def test_a_run_tells_its_story(finished_run: FinishedRun) -> None:
    story = finished_run.story
    assert isinstance(story[0], TrainStarted)
    assert (story[0].train_count, story[0].test_count, story[0].steps_per_epoch) == (144, 16, 9)
    assert [event.record.epoch for event in story if isinstance(event, EpochDone)] == [1, 2, 3, 4]
    steps = [event.step for event in story if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == 36
    assert isinstance(story[-2], CheckpointWritten)
    assert story[-1] == Finished(7, "complete", story[-2].path, 4)
    for event in story:
        if isinstance(event, Progress | EpochDone):
            train = event.train if isinstance(event, Progress) else event.record.train
            assert train.elbo == pytest.approx(-(train.reconstruction + train.kl))


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli", "gaussian"])
def test_every_likelihood_learns(likelihood: str, tiny_data: Path, tmp_path: Path) -> None:
    story = trained(tiny_data, tmp_path / "run", epochs=60, likelihood=likelihood, learning_rate=3e-3)
    tests = [event.record.test.elbo for event in story if isinstance(event, EpochDone)]
    assert tests[-1] > tests[0] + 2.0
    model = open_model(story[-1].path)
    assert model.info.metrics["elbo"] == pytest.approx(tests[-1], abs=1.5)
    assert model.info.metrics["nll"] <= -model.info.metrics["elbo"]
    assert sum(model.info.kl_per_dim) == pytest.approx(model.info.metrics["kl"])
    assert (LOG_VARIANCE in model.parameters) == (likelihood == "gaussian")


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    finished_run: FinishedRun, tiny_data: Path, tmp_path: Path
) -> None:
    one = weights(finished_run.story[-1])
    two = weights(trained(tiny_data, tmp_path / "two")[-1])
    other = weights(trained(tiny_data, tmp_path / "other", seed=6)[-1])
    assert one == two
    assert one != other


@pytest.mark.parametrize(("changes", "stop_at"), [({"average": 0.0}, 9), ({"schedule": "cosine"}, 21)])
def test_a_resumed_run_is_bit_equal(
    changes: dict[str, object], stop_at: int, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One step per chunk: step 9 ends an epoch, step 21 lies within one.
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    whole_story = trained(tiny_data, tmp_path / "whole", **changes)
    whole = whole_story[-1]
    run = TrainingRun(request(tiny_data, tmp_path / "parts", **changes))
    for event in events(run):
        if isinstance(event, Progress) and event.step == stop_at:
            run.control("stop")
        last = event
    assert last == Finished(7, "stopped", last.path, stop_at // 9)
    assert weights(last) != weights(whole)
    rest = trained(tiny_data, tmp_path / "parts", resume=True, **changes)
    assert rest[0].first_epoch == stop_at // 9
    assert weights(rest[-1]) == weights(whole)
    ends = [read_checkpoint(checkpoint_folders(tmp_path / name)[-1]) for name in ("whole", "parts")]
    states, histories = [end.arrays for end in ends], [end.history for end in ends]
    for group, arrays in states[0].items():
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in states[1][group].items()
        }
    assert histories[0] == histories[1] == tuple(e.record for e in whole_story if isinstance(e, EpochDone))
    assert rest[0].records == histories[0][: stop_at // 9]


def test_a_complete_run_can_be_continued_with_more_epochs(
    finished_run: FinishedRun, tiny_data: Path, tmp_path: Path
) -> None:
    whole = finished_run.story[-1]
    short = weights(trained(tiny_data, tmp_path / "parts", epochs=2)[-1])
    # Elsewhere, which leaves the first run as it is, and in its own folder.
    before = {file: file.read_bytes() for file in (tmp_path / "parts").rglob("*.safetensors")}
    copied = list(events(TrainingRun(further(tiny_data, tmp_path / "parts", tmp_path / "further", epochs=4))))
    assert {file: file.read_bytes() for file in (tmp_path / "parts").rglob("*.safetensors")} == before
    assert [snapshot.epoch for snapshot in copied[0].snapshots] == [1, 2]
    assert [record.epoch for record in copied[0].records] == [1, 2]
    there = list(events(TrainingRun(further(tiny_data, tmp_path / "parts", tmp_path / "parts", epochs=4))))
    for end in (copied[-1], there[-1]):
        assert (end.reason, end.epoch) == ("complete", 4)
        assert weights(end) == weights(whole) != short
        assert open_model(end.path).info.recipe.endswith("--seed 5  # trained further after epoch 2")
    ends = [read_checkpoint(Path(end.path).parent) for end in (copied[-1], there[-1], whole)]
    assert [end.extended for end in ends] == [(2,), (2,), ()]
    assert ends[0].history == ends[1].history == ends[2].history
    assert all(end.complete for end in ends)


def further(data: Path, ended: Path, folder: Path, **changes: object) -> Train:
    """Return the request that trains the run in ``ended`` further."""
    return replace(request(data, folder, resume=folder == ended, **changes), further=str(ended))


def test_a_run_that_is_not_there_is_not_trained_further(tiny_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: there is no whole checkpoint to train further from"):
        list(events(TrainingRun(further(tiny_data, tmp_path / "nowhere", tmp_path / "run"))))
    assert not (tmp_path / "run").exists()


def test_only_the_same_run_is_resumed(tiny_data: Path, tmp_path: Path) -> None:
    trained(tiny_data, tmp_path / "run", epochs=1)
    with pytest.raises(UserError, match="started with"):
        trained(tiny_data, tmp_path / "run", resume=True, beta=2.0)
    other = tmp_path / "other.npz"
    np.savez(other, images=blobs(160, seed=9))
    with pytest.raises(UserError, match="other data"):
        trained(other, tmp_path / "run", resume=True, epochs=1)
    with pytest.raises(UserError, match="no whole checkpoint"):
        trained(tiny_data, tmp_path / "empty", resume=True)


def test_a_discarded_run_waits_in_the_trash_as_it_was(
    finished_run: FinishedRun, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the middle of the second epoch: its checkpoint is not due yet.
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    run = TrainingRun(request(tiny_data, tmp_path / "run"))
    for event in events(run):
        if isinstance(event, Progress) and event.step == 12:
            run.control("discard")
    assert event == Finished(7, "discarded", None, 1, restorable=True)
    assert not (tmp_path / "run").exists()
    restore_run(tmp_path / "run")
    found = latest_checkpoint(tmp_path / "run")
    assert found is not None
    assert (found.step, found.ended) == (12, False)
    rest = trained(tiny_data, tmp_path / "run", resume=True)
    assert weights(rest[-1]) == weights(finished_run.story[-1])


def test_stopping_before_the_first_step_keeps_nothing(tiny_data: Path, tmp_path: Path) -> None:
    run = TrainingRun(request(tiny_data, tmp_path / "run"))
    run.control("stop")
    assert list(events(run))[-1] == Finished(7, "discarded", None, 0)


def test_the_moving_average_is_what_is_kept(tiny_data: Path, tmp_path: Path) -> None:
    finished = trained(tiny_data, tmp_path / "run", average=0.9)[-1]
    checkpoint = latest_checkpoint(tmp_path / "run")
    kept = open_model(finished.path).parameters
    assert all(np.array_equal(kept[name], checkpoint.arrays["average"][name]) for name in kept)
    assert not all(np.array_equal(kept[name], checkpoint.arrays["parameters"][name]) for name in kept)


def test_a_loss_that_is_no_number_ends_the_run_with_a_reason(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(architecture: Architecture, seed: int) -> LoopState:
        state = initial_state(architecture, seed)
        state.parameters["encoder.loc.bias"] = tf.fill([architecture.latent_dim], np.float32(np.nan))
        return state

    monkeypatch.setattr("models.training.preparation.initial_state", poisoned)
    assert trained(tiny_data, tmp_path / "run")[-1] == Diverged(7, 1, "its loss is no longer a number", None)


def test_a_run_that_diverges_goes_on_from_its_last_good_checkpoint(tiny_data: Path, tmp_path: Path) -> None:
    """A large KL weight at the highest learning rate diverges within a few steps."""
    changes: dict[str, object] = {"likelihood": "gaussian", "beta": 1000.0}
    before = trained(tiny_data, tmp_path / "run", epochs=3, **changes)[-1]
    story = trained(tiny_data, tmp_path / "run", resume=True, epochs=60, learning_rate=1.0, **changes)
    diverged = story[-1]
    assert isinstance(diverged, Diverged)
    assert "exploded to" in diverged.reason or "no longer a number" in diverged.reason
    last = max(event.step for event in story if isinstance(event, Progress)) if len(story) > 2 else 27
    assert diverged.step > last
    standing = latest_checkpoint(tmp_path / "run")
    assert diverged.last_good is not None
    assert (diverged.last_good.epoch, diverged.last_good.learning_rate) == (len(standing.history), 1.0)
    for arrays in standing.arrays.values():
        assert all(np.isfinite(values).all() for values in arrays.values())
    assert weights(before) == weights(Finished(1, "complete", str(standing.model_path), 3))
    ended = trained(tiny_data, tmp_path / "run", resume=True, epochs=5, learning_rate=1e-4, **changes)[-1]
    assert ended == Finished(7, "complete", ended.path, 5)
    assert open_model(ended.path).info.recipe.endswith(
        "--learning-rate 0.0001 --epochs 5 --seed 5  # learning rate 0.001, β 1000 until epoch 3.00"
    )


def test_a_resume_keeps_the_rate_as_it_was_turned_unless_another_is_asked_for(tiny_data: Path, tmp_path: Path) -> None:
    """Half of a rate that was doubled by hand equals that of the settings, and must still take effect."""
    run = TrainingRun(request(tiny_data, tmp_path / "run"))
    doubled = 2.0 * SETTINGS.learning_rate
    for event in events(run):
        if isinstance(event, TrainStarted):
            run.adjust(Dials(doubled, 1.0))
        elif isinstance(event, EpochDone):
            run.control("stop")
    for asked, rate in ((None, doubled), (SETTINGS.learning_rate, SETTINGS.learning_rate)):
        resumed = replace(request(tiny_data, tmp_path / "run", resume=True), learning_rate=asked)
        assert next(events(TrainingRun(resumed))).dials == Dials(rate, 1.0)


def test_the_step_of_a_fault_does_not_depend_on_the_chunks(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, object] = {"likelihood": "gaussian", "beta": 1000.0, "learning_rate": 1.0}
    story = trained(tiny_data, tmp_path / "run", **changes)
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    assert story[-1] == trained(tiny_data, tmp_path / "run", **changes)[-1]


def test_weights_that_are_no_numbers_are_never_written(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(architecture: Architecture, seed: int) -> LoopState:
        # Without a moving average nothing reads this one, so that no loss shows it.
        state = initial_state(architecture, seed)
        state.average["encoder.loc.bias"] = tf.fill([architecture.latent_dim], np.float32(np.inf))
        return state

    monkeypatch.setattr("models.training.preparation.initial_state", poisoned)
    ended = trained(tiny_data, tmp_path / "run", average=0.0)[-1]
    assert ended == Diverged(7, ended.step, "its encoder.loc.bias holds NaN or infinite numbers", None)
    assert not checkpoint_folders(tmp_path / "run")
    # The model of the epoch before is work, which stays.
    for path in (tmp_path / "run").rglob("*.safetensors"):
        assert all(np.isfinite(array).all() for array in open_model(path).parameters.values())


def test_curves_do_not_depend_on_how_epochs_are_cut_into_chunks(
    finished_run: FinishedRun, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [event.record for event in finished_run.story if isinstance(event, EpochDone)]
    monkeypatch.setattr("models.training.clock.SECONDS_PER_CHUNK", 0.0)
    assert whole == [event.record for event in trained(tiny_data, tmp_path / "two") if isinstance(event, EpochDone)]


def test_a_folder_that_cannot_be_written_is_named(tiny_data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"run: .*(not a directory|file exists)"):
        trained(tiny_data, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"epochs": 0}, "epochs must be between 1 and 100,000, not 0"),
        ({"batch_size": 0}, "batch size must be between 1 and 65,536"),
        ({"learning_rate": float("nan")}, "learning rate must be between 1e-9 and 1, not nan"),
        ({"beta": -1.0}, "β must be between 0 "),
        ({"seed": -1}, "seed must be between 0 and 9,223,372,036,854,775,807"),
        ({"average": 1.0}, "EMA decay must be between 0 and 0.999999, not 1"),
        ({"schedule": "linear"}, "LR schedule must be constant or cosine, not 'linear'"),
        ({"hidden": (0,)}, "hidden layers must be up to 8 numbers between 1 and 8,192, not 0"),
        ({"latent_dim": 0}, "latent dim must be between 1 "),
        ({"likelihood": "poisson"}, "likelihood must be bernoulli, "),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    changes: dict[str, object], reason: str, tiny_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=reason):
        trained(tiny_data, tmp_path / "run", **changes)


def test_a_batch_larger_than_the_data_is_the_data(tiny_data: Path, tmp_path: Path) -> None:
    story = trained(tiny_data, tmp_path / "run", batch_size=10_000, epochs=2)
    assert story[0].steps_per_epoch == 1
    assert story[-1].reason == "complete"


def test_two_checkpoints_are_kept_and_each_is_whole(finished_run: FinishedRun) -> None:
    folders = checkpoint_folders(finished_run.unfinished)
    assert [folder.name for folder in folders] == ["checkpoint-00000018", "checkpoint-00000027"]
    assert [read_checkpoint(folder).step for folder in folders] == [18, 27]
    assert [folder.name for folder in checkpoint_folders(finished_run.folder)] == ["checkpoint-00000036"]
    assert [path.name for path in (finished_run.folder).iterdir() if path.name.startswith(".")] == []


Damage = Callable[[Path], None]


def _flip(name: str) -> Damage:
    def damage(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        _flip("model.safetensors"),
        _flip("state.safetensors"),
        lambda folder: (folder / "state.safetensors").write_bytes(b""),
        lambda folder: (folder / "manifest.json").unlink(),
        lambda folder: (folder / "manifest.json").write_bytes(b"{}"),
        lambda folder: (folder / "manifest.json").write_bytes(b"[" * 5000),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(damage: Damage, finished_run: FinishedRun, tmp_path: Path) -> None:
    shutil.copytree(finished_run.unfinished, tmp_path / "run")
    damage(tmp_path / "run" / "checkpoint-00000027")
    assert latest_checkpoint(tmp_path / "run").step == 18


def test_a_run_goes_on_from_the_last_whole_checkpoint(finished_run: FinishedRun, tmp_path: Path) -> None:
    shutil.copytree(finished_run.unfinished, tmp_path / "run")
    _flip("state.safetensors")(tmp_path / "run" / "checkpoint-00000027")
    rest = trained(finished_run.data, tmp_path / "run", resume=True)
    assert rest[0].first_epoch == 2
    assert weights(rest[-1]) == weights(finished_run.story[-1])


def test_the_recipe_repeats_the_run(tiny_data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(hidden=(12,), latent_dim=2, epochs=1, average=0.5, schedule="cosine")
    story = list(events(TrainingRun(Train(1, str(tiny_data), str(tmp_path / "run"), "my model", settings))))
    assert open_model(story[-1].path).info.recipe == (
        # The home of a test is its own folder.
        "latentscape train ~/blobs.npz --out 'my model.safetensors' --hidden 12 --latent-dim 2 --epochs 1 "
        "--schedule cosine --average 0.5"
    )
