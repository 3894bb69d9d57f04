"""Images that stay in their file: the same bits as in memory, also after a resume, in constant memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.core.errors import UserError
from models.data.opening import load_images, open_data
from models.protocol.training import Finished, Progress, Train, TrainStarted
from models.training import preparation, streaming
from models.training.batches import InMemory
from models.training.clock import Clock
from models.training.loop import LoopState, TrainingLoop, initial_state
from models.training.run import TrainingRun
from models.training.storage.checkpoint import latest_checkpoint
from models.training.streaming import Plan, Streamed, block_order, plan_of, runs_of, shuffle_of
from models.vae.architecture import architecture_of
from models.vae.model_file import open_model
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, blobs
from tests.support.places import ROOT

COUNT = 403
PIXELS = 30


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use blocks of 7 images and segments of 4 batches, so that a few images make many of both."""
    monkeypatch.setattr(streaming, "plan_of", lambda *sizes: plan_of(*sizes, 7 * PIXELS, 4 * 16 * PIXELS))
    monkeypatch.setattr("models.training.loop.plan_of", streaming.plan_of)


@pytest.fixture
def images(tmp_path: Path) -> np.memmap:
    np.save(tmp_path / "set.npy", blobs(COUNT))
    return np.load(tmp_path / "set.npy", mmap_mode="r")


def bits(state: LoopState) -> list[bytes]:
    groups = (state.parameters, state.first, state.second, state.average)
    return [state.sums.numpy().tobytes(), *(value.numpy().tobytes() for group in groups for value in group.values())]


# ---------------------------------------------------------------------------------------------------- the order


def epoch_indices(plan: Plan, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the images of a whole epoch in the order in which they are taken."""
    starts, parts = block_order(plan, seed, epoch), []
    for segment in range(plan.segments):
        read = np.concatenate([np.arange(*run) for run in runs_of(plan, starts, segment)])
        parts.append(read[shuffle_of(plan, seed, epoch, segment)])
    return np.concatenate(parts)


@pytest.mark.parametrize(("batch", "segment"), [(16, 4), (16, 64), (1, 32), (403, 1), (7, 1)])
def test_an_epoch_sees_images_once_in_another_order(batch: int, segment: int) -> None:
    plan = plan_of(COUNT, PIXELS, batch, 7 * PIXELS, segment * batch * PIXELS)
    orders = [epoch_indices(plan, 5, epoch) for epoch in (0, 1)]
    for order in orders:
        assert len(order) == COUNT // batch * batch
        assert len(set(order.tolist())) == len(order)
        assert 0 <= order.min() <= order.max() < COUNT
    assert not np.array_equal(*orders)
    assert np.array_equal(orders[1], epoch_indices(plan, 5, 1))
    assert not np.array_equal(orders[0], epoch_indices(plan, 6, 0))


def test_the_left_over_images_are_others_in_another_epoch() -> None:
    plan = plan_of(COUNT, PIXELS, 16, 7 * PIXELS, 64 * PIXELS)
    left = [frozenset(range(COUNT)) - set(epoch_indices(plan, 5, epoch).tolist()) for epoch in range(4)]
    assert len(set(left)) > 1


def test_images_are_mixed_across_the_whole_file() -> None:
    """Blocks are spread over the epoch, and neighbours within a block over their segment."""
    plan = plan_of(100_000, 784, 128)
    order = epoch_indices(plan, 5, 0)
    assert np.mean(np.abs(np.diff(order)) < 2) < 0.01
    quarters = order[: len(order) // 4 * 4].reshape(4, -1) / len(order)
    assert np.abs(quarters.mean(axis=1) - 0.5).max() < 0.05


@pytest.mark.parametrize("batch", [1, 16, 128, 65_536])
def test_a_segment_is_in_step_with_the_norms_of_the_gradient(batch: int) -> None:
    steps = plan_of(50_000_000, 784, batch).segment
    assert steps % 32 == 0 or 32 % steps == 0
    assert steps * batch * 784 <= max(streaming.SEGMENT_BYTES, batch * 784)


# -------------------------------------------------------------------------------------------------------- bits


@pytest.mark.parametrize("segment", [4, 32])
def test_the_same_order_gives_the_same_bits_streamed_and_in_memory(segment: int, images: np.memmap) -> None:
    architecture = architecture_of(SETTINGS, IMAGE_SHAPE)
    loop, states = TrainingLoop(architecture, SETTINGS, np.asarray(images)), []
    plan = plan_of(COUNT, PIXELS, 16, 7 * PIXELS, segment * 16 * PIXELS)
    held = InMemory(images, SETTINGS.seed)
    for feed in (Streamed(images, plan, SETTINGS.seed), held):
        loop.feed, state = feed, initial_state(architecture, 0)
        for epoch in range(2):
            order = loop.epoch_order(epoch)
            if feed is held:
                order = np.asarray(epoch_indices(plan, SETTINGS.seed, epoch), np.int32)
            for first in range(0, loop.steps_per_epoch, 10):
                loop.run(state, order, first, min(10, loop.steps_per_epoch - first))
        states.append(state)
    assert bits(states[0]) == bits(states[1])


def test_any_batch_can_be_asked_for(images: np.memmap) -> None:
    """A diverging run goes back to find the step; a resumed one begins in the middle."""
    plan = plan_of(COUNT, PIXELS, 16, 7 * PIXELS, 64 * PIXELS)
    feed = Streamed(images, plan, 5)
    for epoch, batch in ((0, 0), (0, 1), (0, 24), (1, 0), (0, 3), (2, 9), (2, 11), (2, 12)):
        fed = feed.at(feed.order(epoch), batch)
        places = fed.order.numpy()[fed.batch * 16 : (fed.batch + 1) * 16]
        wanted = epoch_indices(plan, 5, epoch)[batch * 16 : (batch + 1) * 16]
        assert np.array_equal(fed.images.numpy()[places], images.reshape(COUNT, PIXELS)[wanted])
        assert fed.steps == min(4 - batch % 4, 25 - batch)


def test_a_file_that_was_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.npy"
    np.save(path, blobs(COUNT))
    feed = Streamed(np.load(path, mmap_mode="r"), plan_of(COUNT, PIXELS, 16, 7 * PIXELS, 64 * PIXELS), 5)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 7 * PIXELS * 40)
    with pytest.raises(UserError, match=r"set\.npy: the file is truncated"):
        consume(feed)


def consume(feed: Streamed) -> None:
    for batch in range(25):
        feed.at(feed.order(0), batch)


def test_a_file_that_the_cache_removes_meanwhile_can_still_be_read(images: np.memmap) -> None:
    feed = Streamed(images, plan_of(COUNT, PIXELS, 16), 5)
    Path(str(images.filename)).unlink()
    assert feed.at(feed.order(0), 0).images.shape[1] == PIXELS


# -------------------------------------------------------------------------------------------------------- runs


def request_of(data: Path, folder: Path, resume: bool = False, limit: int = 0) -> Train:
    return Train(1, str(data), str(folder), "tiny", replace(SETTINGS, epochs=3), resume, memory_limit=limit)


def run_of(data: Path, folder: Path, resume: bool = False) -> TrainingRun:
    return TrainingRun(request_of(data, folder, resume))


def model_of(finished: object) -> dict[str, bytes]:
    assert isinstance(finished, Finished)
    assert finished.path is not None
    return {name: values.tobytes() for name, values in open_model(finished.path).parameters.items()}


def test_a_run_resumed_within_an_epoch_is_bit_equal(
    images: np.memmap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "chunk", lambda clock: 3)
    data = Path(str(images.filename))
    *_, whole = run_of(data, tmp_path / "whole").events()
    stopped = run_of(data, tmp_path / "parts")
    for event in stopped.events():
        if isinstance(event, Progress) and event.step >= 30:
            stopped.control("stop")
    last = latest_checkpoint(tmp_path / "parts")
    assert last is not None
    assert last.step == 31
    *_, resumed = run_of(data, tmp_path / "parts", resume=True).events()
    assert model_of(resumed) == model_of(whole)


def test_the_limit_decides_what_is_streamed(images: np.memmap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, all held-out images are test images; when streaming, their number is limited."""
    monkeypatch.setattr(preparation, "MAX_TEST_IMAGES", 25)
    loops: list[TrainingLoop] = []
    for limit, tested, kind in ((363 * PIXELS, 40, InMemory), (363 * PIXELS - 1, 25, Streamed)):
        request = request_of(Path(str(images.filename)), tmp_path / f"run-{limit}", limit=limit)
        run = TrainingRun(request, make_loop=lambda *parts: loops.append(TrainingLoop(*parts)) or loops[-1])
        started = next(event for event in run.events() if isinstance(event, TrainStarted))
        assert (started.train_count, started.test_count) == (363, tested)
        assert type(loops[-1].feed) is kind


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Training on 80 MB takes no more than on 4 MB, which comes first and warms up; in memory it takes all of it."""
    script = ROOT / "tests" / "models" / "training" / "streaming_memory.py"
    command = [sys.executable, str(script), str(tmp_path), "5000:0", "100000:0", f"100000:{1 << 40}"]
    # Compiled as shipped: it takes two hundred steps.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": ""}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    small, large, held = json.loads(done.stdout)
    assert large - small < 50.0
    assert held - large > 75.0


def test_the_cache_holds_what_the_file_held(images: np.memmap) -> None:
    assert isinstance(load_images(open_data(str(images.filename))), np.memmap)
