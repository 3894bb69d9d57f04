"""A person's functions: what they may return, and what is said of what they may not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest

import latentscape
from latentscape import functions as module
from latentscape.functions import FunctionError, Functions, as_codes
from latentscape.wire import LIKELIHOODS, PRIORS
from models.core.families import LatentFamily
from models.core.settings import Likelihood


class Tensor:
    """What PyTorch gives: NumPy takes it only when it is detached and on the CPU."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise TypeError("can't convert a tensor that requires grad")

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> np.ndarray:
        return self.values


class Lazy:
    """What JAX and TensorFlow give."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        return np.asarray(self.values)


def grey(z: np.ndarray) -> np.ndarray:
    return np.full((len(z), 4, 5), 0.5) + 0.0 * z[:, :1, None]


def opened(decode: Callable[[Any], Any], encode: Callable[[Any], Any] | None = None) -> Functions:
    return Functions(decode, encode, 2)


Z = np.zeros((3, 2), np.float32)


@pytest.mark.parametrize("wrap", [np.asarray, Tensor, Lazy, np.ndarray.tolist, lambda a: (255 * a).astype(np.uint8)])
def test_images_may_be_arrays_of_any_library(wrap: Callable[[Any], Any]) -> None:
    functions = opened(lambda z: wrap(grey(z)))
    assert functions.image_shape == (4, 5, 1)
    np.testing.assert_allclose(functions.decode(Z), np.full((3, 4, 5, 1), 0.5), atol=0.5 / 255)


@pytest.mark.parametrize(("returned", "said"), [
    (np.zeros((1, 3, 8, 8)), "move the channels last"),
    (np.zeros((1, 64)), "reshape each row to an image"),
    (np.zeros((1, 8, 8, 7)), "channels are 1 or 3"),
    (np.zeros((2, 8, 8)), "2 images for 1 latents"),
    (np.zeros((1, 8, 8), np.int64), "give floats in 0 to 1, or uint8"),
    (np.full((1, 8, 8), np.nan), "NaN"),
    ("an image", "should hold numbers"),
    ([[1], [1, 2]], "cannot be made an array"),
])  # fmt: skip
def test_what_decode_should_not_return_is_said(returned: Any, said: str) -> None:
    with pytest.raises(FunctionError, match=said):
        opened(lambda _: returned)


def test_images_keep_their_shape() -> None:
    functions = opened(lambda z: np.zeros((len(z), 4 + len(z), 4)))
    with pytest.raises(FunctionError, match=r"returned images \[7, 4, 1\], and before \[5, 4, 1\]"):
        functions.decode(Z)


def test_an_error_has_the_traceback_of_the_persons_code_alone() -> None:
    functions = opened(lambda z: 1 / 0 if z.any() else grey(z))
    with pytest.raises(FunctionError, match=r"^decode raised ZeroDivisionError: division by zero$") as raised:
        functions.decode(np.float32([[0.0, 1.0]]))
    assert "test_functions.py" in raised.value.details
    assert "latentscape/functions.py" not in raised.value.details


def test_a_function_that_would_end_the_program_does_not() -> None:
    functions = opened(lambda z: sys.exit("enough") if z.any() else grey(z))
    with pytest.raises(FunctionError, match="decode raised SystemExit: enough"):
        functions.decode(np.float32([[0.0, 1.0]]))


def test_encode_gets_pictures_in_the_form_of_what_decode_returns() -> None:
    got = list[np.ndarray]()

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        got.append(x)
        return np.zeros((len(x), 2)), np.ones((len(x), 2))

    pixels = np.full((3, 4, 5, 1), 255, np.uint8)
    mu, sigma = opened(grey, encode).encode_pictures(pixels)
    assert mu.shape == (3, 2)
    assert sigma is not None
    assert sigma.min() == 1.0
    opened(lambda z: (255 * grey(z)[..., None]).astype(np.uint8), encode).encode_pictures(pixels)
    assert [(x.shape, str(x.dtype), float(x.max())) for x in got] == [
        ((3, 4, 5), "float32", 1.0), ((3, 4, 5, 1), "uint8", 255.0)
    ]  # fmt: skip


@pytest.mark.parametrize(("codes", "said"), [
    (np.zeros((3, 5)), r"\[3, 5\], not \[3, 2\]"),
    ((np.zeros((3, 2)), np.full((3, 2), -1.0)), "are they logarithms"),
    (np.full((3, 2), np.inf), "NaN or infinite"),
])  # fmt: skip
def test_what_encode_should_not_return_is_said(codes: Any, said: str) -> None:
    with pytest.raises(FunctionError, match=said):
        opened(grey, lambda _: codes).encode(np.zeros((3, 4, 5)))


def test_without_encode_images_are_not_encoded() -> None:
    functions = opened(grey)
    assert not functions.encodes
    with pytest.raises(FunctionError, match="without encode"):
        functions.encode(np.zeros((3, 4, 5)))
    with pytest.raises(FunctionError, match=r"latents have the shape \[3\], not \[n, d\]"):
        as_codes(np.zeros(3), None, None, "latents")


def test_slow_functions_and_values_out_of_range_are_remarked_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(module, "HANGING_SECONDS", 0.0)
    said = list[str]()

    def decode(z: np.ndarray) -> np.ndarray:
        end = time.monotonic() + 5.0
        while functions_ready and not any("running" in text for text in said) and time.monotonic() < end:
            time.sleep(0.001)
        return 3.0 * grey(z)

    functions_ready = False
    functions = opened(decode)
    functions.say, functions_ready = said.append, True
    for _ in range(3):
        assert functions.decode(Z).max() == 1.0
    assert [text.split()[-1] for text in sorted(said)] == ["1.", "it.", "drag."]


@pytest.mark.parametrize(("word", "value"), [("prior", "Cauchy"), ("likelihood", "poisson")])
def test_what_is_said_of_a_model_is_refused_before_a_window_is_opened(word: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"^{word} must be .* or \w+, not '{value}'$"):
        latentscape.explore(lambda z: z, latent_dim=2, **{word: value})
    assert (set(PRIORS), set(LIKELIHOODS)) == (set(get_args(LatentFamily)), set(get_args(Likelihood)))
