"""The endings of files by what is in them: what openers take, and what file dialogs offer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain

# Of data sets, by the name of their format; the others are folders only.
DATA_SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "shards": (),
    "tfrecord": (".tfrecord", ".tfrecords"),
    "hdf5": (".h5", ".hdf5"),
    "matlab": (".mat",),
    "pages": (".tif", ".tiff", ".gif"),
    "zip": (".zip",),
    "tar": (".tar", ".tgz"),
    "npz": (".npz",),
    "npy": (".npy",),
    "pixels": (".csv", ".tsv", ".amat"),
    # IDX files are told by the end of a name without a dot, unless they are packed.
    "idx": ("ubyte", ".gz"),
    "folder": (),
}

PICTURE_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".avif",
)  # fmt: skip
PICTURE_FORMATS = ("PNG", "JPEG", "BMP", "WebP", "GIF", "TIFF", "PPM", "AVIF")
MODEL_SUFFIX = ".safetensors"
# Of other people's models; TensorFlow.js gives all of its the same name.
FOREIGN_SUFFIXES = (".keras", ".h5", ".hdf5", ".onnx", ".pt", ".pth", ".pt2")
TFJS = "model.json"


def dialog_filter(label: str, suffixes: tuple[str, ...]) -> str:
    """Return a kind of files as a file dialog wants it: ``Pictures (*.png *.gif)``."""
    return f"{label} ({' '.join(f'*{suffix}' for suffix in suffixes)})"


DATA_FILES = f"{dialog_filter('Images', tuple(chain(*DATA_SUFFIXES.values())))};;All files (*)"
LATENT_FILES = dialog_filter("Latents", (".npz", ".npy"))
PICTURE_FILES = dialog_filter("Pictures", PICTURE_SUFFIXES)
MODEL_FILES = dialog_filter("Models", (MODEL_SUFFIX,))
ALL_MODEL_FILES = f"{dialog_filter('Models', (MODEL_SUFFIX, *FOREIGN_SUFFIXES, '.npz', TFJS, '.pb'))};;All files (*)"

# Schemes of addresses that have no slashes behind them.
BARE_SCHEMES = ("data:", "mailto:", "blob:")


def is_elsewhere(name: str) -> bool:
    """Return whether a name is an address, of the web or within a program, rather than a path on this computer."""
    return re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE) is not None or name.startswith(BARE_SCHEMES)
