"""Invalid files dropped on the window: the file and the reason are named, and nothing else changes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import psutil
import pytest

from explorer.views.open_data.dialog import READING, PreviewDialog
from tests.support.bad_files import EVERY, Maker
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.oracle import NumpyVAE

MEGABYTE = 1 << 20


def _drop(desk: Desk, path: Path) -> str:
    """Drop a file and return what the banner says of it, or of data the dialog that would show them."""
    desk.drop(path)
    dialog = next(iter(desk.window.findChildren(PreviewDialog)), None)
    if dialog is not None:
        desk.qtbot.waitUntil(lambda: dialog.text.text() != READING, timeout=PATIENCE_MS)
        assert not dialog.open_data.isEnabled()
        dialog.reject()
        return dialog.text.text()
    desk.qtbot.waitUntil(desk.window.banner.isVisible, timeout=PATIENCE_MS)
    return desk.window.banner.text.text()


@pytest.mark.parametrize(("make", "reason"), EVERY.values(), ids=EVERY.keys())
def test_nonsense_is_refused_by_name_and_changes_nothing(
    desk: Desk, oracle: NumpyVAE, tmp_path: Path, make: Maker, reason: str
) -> None:
    model = desk.state.model
    before, points = (model.model, model.data, model.embedding), desk.latent.snapshot()
    path = make(tmp_path)
    text = _drop(desk, path)
    named = {path.name, *(file.name for file in path.glob("*"))} if path.is_dir() else {path.name}
    assert any(name in text for name in named)
    assert reason in text
    assert "Error" not in text
    desk.settle()
    assert (model.model, model.data, model.embedding) == before
    assert desk.latent.snapshot() == points
    assert desk.state.undo.count() == 0
    desk.latent.set_component("z", 3, 1.0)
    desk.settle()
    np.testing.assert_allclose(desk.state.answers.picture, oracle.decode(desk.point.z[None])[0], atol=1e-4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["data.npz", "picture.png", "model.safetensors"])
def test_what_may_not_be_read_is_said(desk: Desk, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"content")
    (tmp_path / name).chmod(0)
    assert name in _drop(desk, tmp_path / name)


@pytest.mark.parametrize("case", ["huge picture", "huge picture in a folder"])
def test_memory_stays_bounded(desk: Desk, tmp_path: Path, case: str) -> None:
    path = EVERY[case][0](tmp_path)
    workers = [psutil.Process(), psutil.Process(desk.app.decoder.client.pid)]
    before = [worker.memory_info().rss for worker in workers]
    _drop(desk, path)
    grown = [worker.memory_info().rss - old for worker, old in zip(workers, before, strict=True)]
    assert max(grown) < 100 * MEGABYTE


def test_a_complaint_goes_when_what_was_tried_succeeds(desk: Desk, tmp_path: Path) -> None:
    make, _ = EVERY["huge picture"]
    _drop(desk, make(tmp_path))
    np.save(tmp_path / "few.npy", np.array(desk.data.images[:20]))
    with desk.qtbot.waitSignal(desk.state.model.data_changed, timeout=PATIENCE_MS):
        desk.drop_data(tmp_path / "few.npy")
    assert desk.window.banner.isHidden()


def test_a_complaint_stays_while_something_else_succeeds(desk: Desk, tmp_path: Path) -> None:
    desk.state.notices.notice("error", "The folder is full.", "save")
    desk.state.notices.succeed("open")
    assert desk.window.banner.isVisible()
    desk.state.notices.succeed("save")
    assert desk.window.banner.isHidden()
