"""The TensorBoard log, as read by TensorBoard's own reader of event files."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from models.core.errors import UserError
from models.export.tensorboard import EpochLog
from tests.models.core.test_history import RECORDS


def _scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return steps and values by tag from the only file in ``folder``; its tensors must be marked as scalars."""
    (path,) = folder.glob("events.out.tfevents.*")
    found: dict[str, list[tuple[int, float]]] = {}
    for raw in tf.data.TFRecordDataset(str(path)):
        event = tf.compat.v1.Event.FromString(raw.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    return found


def test_tags_and_steps_are_those_of_keras(tmp_path: Path) -> None:
    log = EpochLog(tmp_path / "log")
    log.write(RECORDS[:2])
    log.write(RECORDS[2:])
    log.close()
    train, test = _scalars(tmp_path / "log" / "train"), _scalars(tmp_path / "log" / "validation")
    of_training = "images_per_second", "gradient_norm", "learning_rate", "beta"
    assert set(train) == {f"epoch_{name}" for name in ("loss", "elbo", "reconstruction", "kl", *of_training)}
    assert set(test) == {
        *(f"epoch_{name}" for name in ("loss", "elbo", "reconstruction", "kl", "active_units")),
        "epoch_kl_per_dim_0", "epoch_kl_per_dim_1",
    }  # fmt: skip
    assert [step for step, _ in train["epoch_loss"]] == [0, 1, 2]
    assert [value for _, value in train["epoch_loss"]] == pytest.approx([6.4, 3.2, 6.4 / 3])
    assert [value for _, value in test["epoch_loss"]] == pytest.approx([0.3] * 3)
    assert [value for _, value in test["epoch_elbo"]] == pytest.approx([-1 / 3] * 3)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"log: (not a directory|file exists)"):
        EpochLog(tmp_path / "file" / "log")
