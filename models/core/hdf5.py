"""What an HDF5 file is: models of Keras are told from data by the names that Keras gives."""

from __future__ import annotations

from pathlib import Path

from models.core.reading import open_file

MAGIC = b"\x89HDF\r\n\x1a\n"
# Attributes and groups of files of models.
ATTRIBUTES = ("model_config", "layer_names", "keras_version", "training_config")
GROUPS = ("model_weights", "layers", "_layer_checkpoint_dependencies")
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)


def is_of_keras(path: Path) -> bool:
    """Return whether an HDF5 file holds a model or weights of Keras; OSError or ValueError if it cannot be opened.

    No link out of the file is followed.
    """
    # Only who has such a file waits for it.
    import h5py

    with open_file(path) as raw:
        try:
            with h5py.File(raw, "r") as file:
                return any(word in file.attrs for word in ATTRIBUTES) or any(word in file for word in GROUPS)
        except DAMAGE as error:
            raise ValueError("the HDF5 file is truncated or damaged") from error
