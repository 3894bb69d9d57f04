"""The curves of a run as a log for TensorBoard, with the tags and folders of Keras' callback.

``train/`` and ``validation/`` hold ``epoch_loss`` and ``epoch_elbo``, ``epoch_reconstruction``, ``epoch_kl``; steps
count epochs from 0, as Keras does. What belongs to neither, such as ``epoch_active_units``, stands in ``validation/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from models.core.errors import UserError
from models.core.files import reason_of
from models.core.history import EpochRecord, keras_columns

PLUGIN, DATA_CLASS_SCALAR = "scalars", 1
VALIDATION = "val_"
TRAINED = ("loss", "elbo", "reconstruction", "kl", "images_per_second", "gradient_norm", "learning_rate", "beta")
NOT_CURVES = ("epoch", "step", "elapsed")
HISTOGRAMS = ("mu_counts_", "sigma_counts_")


class EpochLog:
    """A log in ``folder``; UserError if it cannot be written."""

    def __init__(self, folder: Path) -> None:
        # TensorFlow makes the folder only when it writes, and says nothing if it cannot.
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(str(folder), reason_of(error)) from error
        self._folder = folder
        with self._told():
            self._train = tf.summary.create_file_writer(str(folder / "train"))
            self._test = tf.summary.create_file_writer(str(folder / "validation"))

    def write(self, records: Iterable[EpochRecord]) -> None:
        """Add the scalars of some epochs; :class:`UserError` if the disk does not take them."""
        with self._told():
            for record in records:
                self._write(keras_columns(record))
            self._train.flush()
            self._test.flush()

    def _write(self, columns: Mapping[str, float]) -> None:
        step = int(columns["epoch"])
        for name, value in columns.items():
            if name not in NOT_CURVES and not name.startswith(HISTOGRAMS):
                writer = self._train if name in TRAINED else self._test
                with writer.as_default():
                    _scalar(f"epoch_{name.removeprefix(VALIDATION)}", value, step)

    def close(self) -> None:
        """Write what is left; :class:`UserError` if the disk does not take it."""
        with self._told():
            self._train.close()
            self._test.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what TensorFlow says of the files into :class:`UserError`."""
        try:
            yield
        except tf.errors.OpError as error:
            raise UserError(str(self._folder), f"the log cannot be written: {_plain_reason(error)}") from error


def _plain_reason(error: tf.errors.OpError) -> str:
    """Return what the system said to TensorFlow, without the file before it and TensorFlow's own lines after it."""
    line = next(iter(str(error.message).splitlines()), "")
    return line.rpartition("; ")[2].strip().lower() or type(error).__name__


def _scalar(tag: str, value: float, step: int) -> None:
    # tf.summary.scalar is part of TensorBoard, which need not be installed to write its files.
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = PLUGIN
    metadata.data_class = DATA_CLASS_SCALAR
    tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=metadata)
