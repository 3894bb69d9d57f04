"""What a person brings along: images, labels, names and codes that fit, and what is said where they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import latentscape
from latentscape.functions import FunctionError, Functions
from latentscape.own_images import OwnImages
from models.data.opening import load_images, open_data

COUNT = 6
IMAGES = np.linspace(0.0, 1.0, COUNT * 20).reshape(COUNT, 4, 5)
CODES = np.arange(2.0 * COUNT).reshape(COUNT, 2)


def decode(z: np.ndarray) -> np.ndarray:
    return np.full((len(z), 4, 5), 0.5)


def own(**given: Any) -> OwnImages:
    functions = Functions(decode, lambda x: x.reshape(len(x), -1)[:, :2], 2)
    return OwnImages(functions, **dict.fromkeys(("images", "labels", "names", "latents")) | given)


def test_images_and_labels_are_written_as_a_data_set(tmp_path: Path) -> None:
    mine = own(images=IMAGES, labels=["b", "a", "b", "a", "a", "c"])
    mine.write(tmp_path / "mine.npz")
    data = open_data(tmp_path / "mine.npz")
    np.testing.assert_array_equal(load_images(data)[..., 0], np.rint(255.0 * IMAGES))
    assert data.labels_path is not None
    assert np.load(data.labels_path).tolist() == [1, 0, 1, 0, 0, 2]
    assert mine.label_names == ("a", "b", "c")
    own(images=IMAGES).write(tmp_path / "bare.npz")
    assert open_data(tmp_path / "bare.npz").labels_path is None
    assert own(images=IMAGES, labels=np.arange(COUNT), names="uvwxyz").label_names == tuple("uvwxyz")


def test_codes_are_those_given_or_those_of_encode() -> None:
    codes, sigma = own(images=IMAGES, latents=CODES).codes(2, 4)
    np.testing.assert_array_equal(codes, CODES[2:4])
    assert sigma is None
    np.testing.assert_allclose(own(images=IMAGES).codes(2, 4)[0], IMAGES[2:4, 0, :2])


@pytest.mark.parametrize(("given", "said"), [
    ({"images": IMAGES[:1]}, "at least two are needed"),
    ({"images": IMAGES[:, :3]}, r"images are \[3, 5, 1\], but decode returns \[4, 5, 1\]"),
    ({"images": 2.0 * IMAGES}, "images lie in 0 to 2"),
    ({"images": IMAGES, "labels": [1, 2]}, "2 labels for 6 images"),
    ({"images": IMAGES, "latents": CODES[:4]}, "4 latents for 6 images"),
    ({"images": IMAGES, "labels": np.ones(COUNT)}, "whole numbers or words"),
    ({"images": IMAGES, "names": ["a"]}, "they need labels"),
    ({"labels": [1, 2]}, "there are none"),
    ({"latents": np.zeros((COUNT, 3))}, r"latents have the shape \[6, 3\], not \[n, 2\]"),
])  # fmt: skip
def test_what_does_not_fit_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(FunctionError, match=said):
        own(**given)


@pytest.mark.parametrize(("arguments", "said"), [
    ({}, "how many dimensions"),
    ({"encode": lambda x: np.zeros((len(x), 2, 2)), "images": IMAGES}, "encode's means have the shape"),
    ({"latent_dim": 2, "labels": [1, 2]}, "there are none"),
])  # fmt: skip
def test_explore_says_at_once_what_cannot_be(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        latentscape.explore(decode, **arguments)
