"""Runs: the same bits from the same settings and data, also after a stop, a resume or a damaged checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from models.core.errors import UserError
from models.core.settings import Dials, TrainSettings
from models.protocol.messages import Reply
from models.protocol.training import CheckpointWritten, EpochDone, Finished, Progress, Train, TrainStarted
from models.training.run import TrainingRun
from models.training.storage.checkpoint import checkpoint_folders, latest_checkpoint, read_checkpoint
from models.training.storage.trash import restore_run
from models.vae.architecture import LOG_VARIANCE
from models.vae.model_file import open_model
from tests.models.conftest import SETTINGS, blobs, write_blobs
from tests.models.training.conftest import events, request, trained, weights


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
