"""The cache of data sets: what is stored is not read again, and no damage to it does harm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.core.data_options import DataOptions
from models.core.drafts import draft_folder
from models.core.errors import UserError
from models.core.folders import cache_root
from models.data import cache
from models.data.opening import load_images, open_data
from tests.models.conftest import blobs
from tests.models.data.conftest import IMAGES, LABELS


def test_what_is_stored_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    first = open_data(tmp_path / "set.npz")
    monkeypatch.setattr("models.data.opening._check_count", None)
    assert open_data(tmp_path / "set.npz") == first


def test_changed_content_is_read_again(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    before = open_data(tmp_path / "set.npz")
    np.savez(tmp_path / "set.npz", images=IMAGES[::-1])
    after = open_data(tmp_path / "set.npz")
    assert before.digest != after.digest
    assert np.array_equal(load_images(after), IMAGES[::-1])


@pytest.mark.parametrize("damage", ["images.npy", "info.json"])
def test_a_damaged_entry_is_written_anew(damage: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=IMAGES)
    folder = Path(open_data(tmp_path / "set.npz").images_path).parent
    (folder / damage).write_bytes(b"{")
    assert np.array_equal(load_images(open_data(tmp_path / "set.npz")), IMAGES)


@pytest.mark.parametrize("name", ["info.json", "images.npy", "labels.npy"])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_entry_with_any_damage_is_none_or_agrees_with_itself(data: st.DataObject, name: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    info = open_data(tmp_path / "a.npz")
    file = Path(info.images_path).with_name(name)
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    file.write_bytes(content)
    again = open_data(tmp_path / "a.npz")
    assert load_images(again).shape == (again.count, *again.image_shape)
    assert again.labels_path is None or np.load(again.labels_path).shape == (again.count,)
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("there", ["file", "pipe", "link", "pipe within"])
def test_whatever_stands_where_an_entry_belongs_makes_room(there: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    folder = Path(open_data(tmp_path / "a.npy").images_path).parent
    if there == "pipe within":
        (folder / "info.json").unlink()
        os.mkfifo(folder / "info.json")
    else:
        shutil.rmtree(folder)
        makers = {"file": folder.touch, "pipe": lambda: os.mkfifo(folder), "link": lambda: folder.symlink_to(tmp_path)}
        makers[there]()
    assert np.array_equal(load_images(open_data(tmp_path / "a.npy"))[..., 0], IMAGES[..., 0])
    assert (tmp_path / "a.npy").exists()


def test_what_a_killed_process_left_in_the_cache_is_swept_at_the_next_opening(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    folder = Path(open_data(tmp_path / "a.npy").images_path).parent
    left = folder.with_name(".draft-0123abcd")
    left.mkdir()
    (left / "images.npy").write_bytes(bytes(1000))
    with draft_folder(folder.parent) as held:
        open_data(tmp_path / "a.npy")
        assert held.exists()
        assert not left.exists()


def test_the_cache_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    folders = []
    for index in range(3):
        np.savez(tmp_path / f"{index}.npz", images=blobs(20, seed=index))
        folders.append(Path(open_data(tmp_path / f"{index}.npz").images_path).parent)
        os.utime(folders[-1] / "info.json", (index, index))
    open_data(tmp_path / "0.npz")
    size = sum(file.stat().st_size for file in folders[0].iterdir())
    cache.prune(folders[2], limit=2 * size + 10)
    assert [folder.exists() for folder in folders] == [True, False, True]


def test_a_failed_reading_leaves_no_draft(tmp_path: Path) -> None:
    images = (IMAGES / 255).astype(np.float32)
    images[19, 0, 0] = np.nan
    np.save(tmp_path / "set.npy", images)
    # With a range that was said, they are not looked at before they are laid out.
    with pytest.raises(UserError, match="image 19 holds NaN or infinite pixels"):
        open_data(tmp_path / "set.npy", DataOptions(range="unit"))
    assert list((cache_root() / "datasets").iterdir()) == []
