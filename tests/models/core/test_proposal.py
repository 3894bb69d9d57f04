"""What is proposed for a data set: drawings and photographs, small and large, few and many."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.descriptions import DataInfo
from models.core.proposal import propose
from models.core.setting_checks import check_settings
from models.core.settings import TrainSettings
from models.vae.architecture import architecture_of
from resources import dataset_path

RNG = np.random.default_rng(3)
DIGITS = np.load(dataset_path("mnist_10k"))["images"][..., None]
PHOTOGRAPHS = RNG.integers(0, 256, (40, 64, 64, 3), np.uint8)
SPRITES = np.repeat(np.repeat(RNG.integers(0, 2, (40, 8, 8, 1), np.uint8) * np.uint8(255), 8, 1), 8, 2)


def info(images: np.ndarray, count: int, factors: tuple[str, ...] = ()) -> DataInfo:
    shape = (images.shape[1], images.shape[2], images.shape[3])
    return DataInfo("p", "some", "", count, count * 9 // 10, shape, "", None, factor_names=factors)


def test_the_bundled_digits_are_trained_as_usual() -> None:
    proposal = propose(info(DIGITS, 10_000), DIGITS)
    assert proposal.applied_to(TrainSettings()) == TrainSettings()
    assert proposal.reason == (
        "Proposed for 9,000 black-and-white drawings of 28 × 28: dense, enough for small drawings, Bernoulli, "
        "50 dimensions, 50 epochs."
    )


def test_photographs_in_colour_need_convolutions_and_shades() -> None:
    proposal = propose(info(PHOTOGRAPHS, 50_000), PHOTOGRAPHS)
    assert (proposal.network, proposal.likelihood, proposal.latent_dim) == ("conv", "gaussian", 128)
    assert "45,000 colour images of 64 × 64: convolutional, for sharper pictures, Gaussian" in proposal.reason
    assert propose(info(PHOTOGRAPHS[..., :1], 500), PHOTOGRAPHS[..., :1]).likelihood == "gaussian"


def test_known_factors_say_how_many_dimensions() -> None:
    proposal = propose(info(SPRITES, 20_000, ("shape", "scale", "orientation", "x", "y")), SPRITES)
    assert (proposal.network, proposal.likelihood, proposal.latent_dim) == ("conv", "bernoulli", 10)


@pytest.mark.parametrize("side", [8, 27, 28, 128, 129, 256])
def test_no_network_is_proposed_that_the_images_do_not_fit(side: int) -> None:
    images = np.full((3, side, side, 3), 128, np.uint8)
    proposal = propose(info(images, 30), images)
    assert (proposal.network == "conv") == (28 <= side <= 128)
    architecture_of(check_settings(proposal.applied_to(TrainSettings())), (side, side, 3))


def test_fewer_images_are_shown_more_often() -> None:
    epochs = [propose(info(DIGITS, count), DIGITS).epochs for count in (2, 300, 10_000, 60_000, 10_000_000)]
    assert epochs == [500, 500, 50, 10, 10]
