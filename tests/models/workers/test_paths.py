"""Walks of the real decoder, over a real pipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.core.walk_settings import WalkSettings
from models.protocol.decoding import Cancel, Decode, Decoded
from models.protocol.lifecycle import Dropped, Failed, Hello
from models.protocol.opening import DataOpened, Embed, Embedded, ModelOpened, OpenData, OpenModel
from models.protocol.paths import FindWalk, WalkFound, WalkMeasured
from tests.support.spawned import Worker
from tests.support.workers import forking

KEYS = np.array([[0.5, -0.2, 0.1], [-1.0, 0.4, 0.8]])


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Return a decoder that is forked with TensorFlow imported: how it starts is tested elsewhere."""
    folder = tmp_path_factory.mktemp("decoder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENTSCAPE_CACHE", str(folder / "cache"))
        worker = Worker("decoder", folder, forking())
        worker.until(Hello)
        yield worker
        worker.close()


@pytest.fixture
def opened(decoder: Worker, tiny_model: Path, tiny_data: Path) -> Worker:
    for request, reply in ((OpenModel(1, str(tiny_model)), ModelOpened), (OpenData(2, str(tiny_data)), DataOpened)):
        decoder.send(request)
        decoder.until(reply)
    return decoder


def test_a_walk_comes_before_its_evidence_and_waits_for_the_data_it_needs(opened: Worker) -> None:
    opened.send(Embed(3))
    opened.send(FindWalk(4, WalkSettings("data", 7, neighbours=30), KEYS))
    opened.until(Embedded)
    walk = opened.until(WalkFound).walk
    assert walk.z.shape == (7, 3)
    assert np.allclose(walk.z[[0, -1]], KEYS)
    evidence = opened.until(WalkMeasured).evidence
    assert {"step", "typicality", "nearest_nats", "label"} <= set(evidence.columns())


def test_without_data_there_is_less_evidence(opened: Worker) -> None:
    opened.send(FindWalk(3, WalkSettings(frames=5), KEYS))
    opened.until(WalkFound)
    assert set(opened.until(WalkMeasured).evidence.columns()) == {"step", "typicality", "reencoding_sigmas"}
    opened.send(FindWalk(4, WalkSettings("data"), KEYS))
    assert "the model has encoded no data" in opened.until(Failed).message


def test_a_cancelled_walk_stops_and_a_newer_one_replaces_it(opened: Worker) -> None:
    long = WalkSettings("geodesic", 2000, spacing="picture")
    opened.send(FindWalk(3, long, KEYS))
    opened.send(FindWalk(4, long, KEYS))
    assert opened.until(Dropped).id == 3
    opened.send(Cancel(5, 4))
    opened.send(Decode(6, np.zeros((1, 3), np.float32)))
    opened.until(Decoded)
    assert opened.silent()
