"""A person's functions: what they return is checked, and their errors become sentences."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentscape.wire import Floats, error_line

Function = Callable[[Any], Any]
Say = Callable[[str], None]

# Longer than this for one image, and pictures are seen to follow a drag.
SLOW_SECONDS = 0.3
# Longer than this, and a person will wonder.
HANGING_SECONDS = 5.0
# What is further than this outside 0 to 1 is not just the overshoot of a reconstruction.
OVERSHOOT = 0.25
CHANNELS = (1, 3)
IMAGES = "decode's images"


class FunctionError(ValueError):
    """A person's function failed, or gave something that cannot be used: one sentence, and the traceback if any."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


def as_array(value: Any, name: str) -> NDArray[Any]:  # noqa: ANN401
    """Return an array of NumPy's: of one, of a tensor with ``detach().cpu()``, or of anything with ``__array__``.

    FunctionError says of ``name`` that it holds no numbers.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise FunctionError(f"{name} cannot be made an array: {error_line(error)}") from error
    if array.dtype.kind not in "fiub":
        raise FunctionError(f"{name} should hold numbers, not {array.dtype}")
    return array


def as_images(value: Any, name: str) -> Floats:  # noqa: ANN401
    """Return images as float32 [n, h, w, c]; those of uint8 are divided by 255.

    FunctionError if ``name`` is no image in grey or colour, or holds NaN or infinite numbers.
    """
    array = as_array(value, name)
    if array.ndim == 3:
        array = array[..., np.newaxis]
    _check_image_shape(array.shape, name)
    if array.dtype.kind in "iu":
        if array.dtype != np.uint8:
            raise FunctionError(f"{name} are {array.dtype}: give floats in 0 to 1, or uint8 in 0 to 255")
        return np.asarray(array, np.float32) / np.float32(255.0)
    images = np.asarray(array, np.float32)
    if not np.isfinite(images).all():
        raise FunctionError(f"{name} hold NaN or infinite numbers")
    return images


def _check_image_shape(shape: tuple[int, ...], name: str) -> None:
    if len(shape) == 4 and shape[3] in CHANNELS and min(shape) > 0:
        return
    found = f"{name} have the shape {list(shape)}, not [n, height, width] or [n, height, width, channels]"
    if len(shape) == 4 and shape[1] in CHANNELS:
        raise FunctionError(f"{found}: move the channels last, as with images.permute(0, 2, 3, 1)")
    if len(shape) == 2:
        raise FunctionError(f"{found}: reshape each row to an image")
    raise FunctionError(f"{found}, where channels are 1 or 3")


class Functions:
    """``decode`` and, if there is one, ``encode``, of which only one runs at a time.

    ``say(text)`` warns the person of what is no error. Images have the ``image_shape`` (h, w, c) of the first one
    that was decoded, latents ``latent_dim`` dimensions.
    """

    def __init__(self, decode: Function, encode: Function | None, latent_dim: int) -> None:
        self._decode, self._encode, self.latent_dim = decode, encode, latent_dim
        self.say: Say | None = None
        self._running = threading.Lock()
        self._told: set[str] = set()
        self._slow = False
        first = as_array(self._called("decode", decode, np.zeros((1, latent_dim), np.float32)), IMAGES)
        self._channels_given, self._byte_images = first.ndim == 4, first.dtype == np.uint8
        images = as_images(first, IMAGES)
        _check_count(images, 1)
        height, width, channels = images.shape[1:]
        self.image_shape = height, width, channels

    @property
    def encodes(self) -> bool:
        """Whether images from elsewhere can be encoded."""
        return self._encode is not None

    def decode(self, z: Floats) -> Floats:
        """Return the images [n, h, w, c] in 0–1 of latents ``z`` [n, d]; FunctionError says why not."""
        began = time.perf_counter()
        images = as_images(self._called("decode", self._decode, z), IMAGES)
        _check_count(images, len(z))
        if images.shape[1:] != self.image_shape:
            raise FunctionError(f"decode returned images {list(images.shape[1:])}, and before {list(self.image_shape)}")
        self._tell_if_slow((time.perf_counter() - began) / len(z))
        return self._clipped(images)

    def encode_pictures(self, images: NDArray[np.uint8]) -> tuple[Floats, Floats | None]:
        """Return the codes of uint8 images [n, h, w, c], given to ``encode`` in the form of what ``decode`` returns.

        FunctionError says why not.
        """
        shown = images if self._channels_given else images[..., 0]
        return self.encode(shown if self._byte_images else shown.astype(np.float32) / np.float32(255.0))

    def encode(self, x: NDArray[Any]) -> tuple[Floats, Floats | None]:
        """Return means and, if there are any, standard deviations [n, d] of images; FunctionError says why not."""
        if self._encode is None:
            raise FunctionError("this view was opened without encode, so that no other images can be encoded")
        codes = self._called("encode", self._encode, x)
        pair = isinstance(codes, tuple) and len(codes) == 2
        mu, sigma = codes if pair else (codes, None)
        means = as_codes(mu, len(x), self.latent_dim, "encode's means")
        if sigma is None:
            return means, None
        deviations = as_codes(sigma, len(x), self.latent_dim, "encode's standard deviations")
        if not (deviations > 0.0).all():
            raise FunctionError("encode's standard deviations should be positive; are they logarithms?")
        return means, deviations

    def _called(self, name: str, function: Function, argument: NDArray[Any]) -> Any:  # noqa: ANN401
        with self._running:
            watch = threading.Timer(HANGING_SECONDS, self._tell_of_hanging, (name,))
            watch.daemon = True
            watch.start()
            try:
                return function(argument)
            except (Exception, SystemExit) as error:
                details = "".join(traceback.format_exception(type(error), error, _without_ours(error)))
                raise FunctionError(f"{name} raised {error_line(error)}", details) from error
            finally:
                watch.cancel()

    def _clipped(self, images: Floats) -> Floats:
        low, high = float(images.min()), float(images.max())
        if low < -OVERSHOOT or high > 1.0 + OVERSHOOT:
            self._tell_once("range", f"decode gives values from {low:.3g} to {high:.3g}, which are clipped to 0 to 1.")
        return np.clip(images, 0.0, 1.0)

    def _tell_if_slow(self, seconds: float) -> None:
        """Remark on a second slow call in a row: the first with a new number of latents may compile."""
        before, self._slow = self._slow, seconds > SLOW_SECONDS
        if before and self._slow:
            self._tell_once("slow", f"decode takes {seconds:.1f} s for an image, so that pictures lag behind a drag.")

    def _tell_of_hanging(self, name: str) -> None:
        self._tell_once("hanging", f"{name} has been running for {HANGING_SECONDS:.0f} s; pictures wait for it.")

    def _tell_once(self, subject: str, text: str) -> None:
        if self.say is not None and subject not in self._told:
            self._told.add(subject)
            self.say(text)


def as_codes(value: Any, count: int | None, latent_dim: int | None, name: str) -> Floats:  # noqa: ANN401
    """Return latents as float32 [n, d]; FunctionError if ``name`` have not ``count`` rows of ``latent_dim`` numbers."""
    codes = as_array(value, name).astype(np.float32)
    shape = codes.shape
    if len(shape) != 2 or shape[0] != (count or shape[0]) or shape[1] != (latent_dim or shape[1]) or shape[1] < 1:
        raise FunctionError(f"{name} have the shape {list(shape)}, not [{count or 'n'}, {latent_dim or 'd'}]")
    if not np.isfinite(codes).all():
        raise FunctionError(f"{name} hold NaN or infinite numbers")
    return np.ascontiguousarray(codes)


def _check_count(images: Floats, count: int) -> None:
    if len(images) != count:
        raise FunctionError(f"decode returned {len(images)} images for {count} latents")


def _without_ours(error: BaseException) -> Any:  # noqa: ANN401
    """Return the traceback from the person's own function on."""
    return error.__traceback__.tb_next if error.__traceback__ is not None else None
