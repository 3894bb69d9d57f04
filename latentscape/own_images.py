"""The images, labels and codes that a person brings along, as a data set that the window opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentscape.functions import FunctionError, Functions, as_array, as_codes, as_images
from latentscape.wire import Floats

DECODED_AT_ONCE = 64


class OwnImages:
    """A person's images [n, …] as they gave them, and their codes ``latents`` [n, d], if they gave any.

    Where there are codes alone, the images are what decode makes of them. ``label_names`` are the names of the classes.
    """

    def __init__(self, functions: Functions, images: Any, labels: Any, names: Any, latents: Any) -> None:  # noqa: ANN401
        self._functions = functions
        self._latents = None if latents is None else as_codes(latents, None, functions.latent_dim, "latents")
        self._given = _decoded(functions, self._latents) if images is None else as_array(images, "images")
        self._pixels = _bytes_of(self._given)
        self.count = len(self._given)
        self._check(labels)
        self._labels, self.label_names = _classes(labels, names)

    def _check(self, labels: Any) -> None:  # noqa: ANN401
        shape, count = self._pixels.shape[1:], self.count
        if shape != self._functions.image_shape:
            raise FunctionError(f"images are {list(shape)}, but decode returns {list(self._functions.image_shape)}")
        if count < 2:
            raise FunctionError("images hold a single one; at least two are needed, or none")
        for name, value in (("latents", self._latents), ("labels", labels)):
            if value is not None and len(value) != count:
                raise FunctionError(f"there are {len(value)} {name} for {count} images")

    def codes(self, start: int, stop: int) -> tuple[Floats, Floats | None]:
        """Return the codes of images ``start`` to ``stop``, which ``encode`` gets as the person gave them."""
        if self._latents is not None:
            return self._latents[start:stop], None
        return self._functions.encode(self._given[start:stop])

    def write(self, path: Path) -> None:
        """Write images and labels to a ``.npz`` file."""
        if self._labels is None:
            np.savez(path, images=self._pixels)
        else:
            np.savez(path, images=self._pixels, labels=self._labels)


def _decoded(functions: Functions, latents: Floats | None) -> Floats:
    if latents is None:
        raise FunctionError("labels and names belong to images or latents, and there are none")
    starts = range(0, len(latents), DECODED_AT_ONCE)
    return np.concatenate([functions.decode(latents[start : start + DECODED_AT_ONCE]) for start in starts])


def _bytes_of(given: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images in 0–1, or of uint8, as uint8 [n, h, w, c]; FunctionError if they are neither."""
    images = as_images(given, "images")
    if images.min() < 0.0 or images.max() > 1.0:
        raise FunctionError(f"images lie in {images.min():.3g} to {images.max():.3g}: give floats in 0 to 1, or uint8")
    pixels: NDArray[np.uint8] = np.rint(images * 255.0).astype(np.uint8)
    return pixels


def _classes(labels: Any, names: Any) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:  # noqa: ANN401
    """Return labels as numbers, and the names of the numbers: ``names``, or labels that are words themselves."""
    named = () if names is None else tuple(str(name) for name in names)
    if labels is None:
        if named:
            raise FunctionError("names are those of classes, so they need labels")
        return None, ()
    words = np.asarray(labels.detach().cpu() if hasattr(labels, "detach") else labels)
    if words.dtype.kind in "US" and words.ndim == 1:
        kinds, numbers = np.unique(words, return_inverse=True)
        return numbers.astype(np.int64), named or tuple(str(kind) for kind in kinds)
    if words.dtype.kind not in "iub" or words.ndim != 1:
        raise FunctionError(f"labels should be whole numbers or words [n], not {words.dtype} {list(words.shape)}")
    return words.astype(np.int64), named
