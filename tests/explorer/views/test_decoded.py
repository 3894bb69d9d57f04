"""The Decoded pane with the real decoder: its three decoding modes and its four small pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog
from scipy import stats

from explorer.export.pictures import read_latent
from explorer.views.common.picture_dialog import PictureDialog
from models.core.geometry import standard_noise
from models.core.typicality import percent
from tests.support.desk import Desk
from tests.support.menus import choose, context_menu
from tests.support.oracle import NumpyVAE

IMAGE = 42


def _pixels(image: QImage | None) -> NDArray[np.uint8]:
    assert image is not None
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return rows[:, : grey.width()]


def _assert_shows(image: QImage | None, values: NDArray[np.floating], white: float = 1.0) -> None:
    expected = np.clip(np.rint(255 * values[..., 0] / white), 0, 255)
    assert np.abs(_pixels(image) - expected).max() <= 1


@pytest.fixture
def around(desk: Desk, oracle: NumpyVAE) -> NDArray[np.float64]:
    """Move the point off its mean and return the decoded draws [32, 28, 28, 1] around it."""
    desk.window.map.select(IMAGE)
    desk.latent.set_component("z", 3, 1.7)
    return _draws(desk, oracle, desk.point.z)


def _draws(desk: Desk, oracle: NumpyVAE, centre: NDArray[np.float64]) -> NDArray[np.float64]:
    noise = standard_noise(desk.state.display.seed, desk.state.display.draws, desk.latent.latent_dim)
    return oracle.decode(centre + desk.point.sigma * noise)


def _choose(desk: Desk, text: str) -> None:
    buttons = desk.window.decoded.modes.group.buttons()
    next(button for button in buttons if button.text() == text).click()
    desk.settle()


def test_the_reconstruction_says_how_far_it_is_from_its_image(desk: Desk, oracle: NumpyVAE) -> None:
    desk.window.map.select(IMAGE)
    desk.settle()
    x, decoded = desk.data.images[IMAGE] / 255.0, oracle.decode(desk.point.mu[None])[0]
    entropy = -(x * np.log(decoded) + (1.0 - x) * np.log(1.0 - decoded)).sum()
    said = desk.window.decoded.reconstruction.toolTip().split()
    assert said[:5] == ["reconstruction", "error:", "root", "mean", "square"]
    assert float(said[5].rstrip(",")) == pytest.approx(np.sqrt(np.square(x - decoded).mean()), rel=1e-2)
    assert (float(said[8]), said[9]) == (pytest.approx(entropy, rel=1e-2), "nats")


def test_mu_shows_the_point_itself(desk: Desk, oracle: NumpyVAE, around: NDArray[np.float64]) -> None:
    desk.settle()
    expected = oracle.decode(desk.point.z[None])[0]
    np.testing.assert_allclose(desk.state.answers.picture, expected, atol=1e-4)
    _assert_shows(desk.window.decoded.large.image, expected)


def test_sample_shows_the_first_draw_of_the_seed(desk: Desk, around: NDArray[np.float64]) -> None:
    _choose(desk, "sample")
    np.testing.assert_allclose(desk.state.answers.picture, around[0], atol=1e-4)
    _assert_shows(desk.window.decoded.large.image, around[0])


def test_mean_shows_the_mean_of_k_draws(desk: Desk, around: NDArray[np.float64]) -> None:
    _choose(desk, "mean of 32")
    np.testing.assert_allclose(desk.state.answers.picture, around.mean(axis=0), atol=1e-4)


def test_another_seed_is_another_draw(desk: Desk, oracle: NumpyVAE, around: NDArray[np.float64]) -> None:
    _choose(desk, "sample")
    desk.state.display.set_seed(8)
    desk.settle()
    other = _draws(desk, oracle, desk.point.z)[0]
    assert np.abs(other - around[0]).max() > 0.1
    np.testing.assert_allclose(desk.state.answers.picture, other, atol=1e-4)


@pytest.mark.parametrize("mode", ["sample", "mean of 32"])
def test_the_thumbnail_follows_the_point_in_every_mode(desk: Desk, oracle: NumpyVAE, mode: str) -> None:
    _choose(desk, mode)
    desk.latent.set_component("z", 3, -2.0)
    desk.settle()
    thumbnail = desk.state.answers.thumbnails["A"]
    np.testing.assert_allclose(thumbnail, oracle.decode(desk.point.z[None])[0], atol=1e-4)


def test_the_small_pictures_are_those_of_the_posterior(desk: Desk, oracle: NumpyVAE) -> None:
    desk.window.map.select(IMAGE)
    desk.settle()
    data, pane, draws = desk.data, desk.window.decoded, _draws(desk, oracle, desk.point.mu)
    _assert_shows(pane.input.image, data.images[IMAGE] / 255)
    _assert_shows(pane.reconstruction.image, oracle.decode(desk.point.mu[None])[0])
    _assert_shows(pane.mean.image, draws.mean(axis=0))
    _assert_shows(pane.std.image, draws.std(axis=0), white=0.5)


def test_the_small_pictures_stay_when_only_z_moves(desk: Desk) -> None:
    desk.window.map.select(IMAGE)
    desk.settle()
    before = desk.state.answers.draws
    desk.latent.set_component("z", 3, 1.7)
    desk.settle()
    assert desk.state.answers.draws is before


def test_the_readout_names_image_class_and_typicality(desk: Desk) -> None:
    desk.window.map.select(IMAGE)
    desk.settle()
    data = desk.data
    assert data.labels is not None
    assert desk.window.decoded._about.text() == f"A · image {IMAGE} · class {data.labels[IMAGE]}"
    norm = float(np.linalg.norm(desk.point.z))
    nearer = stats.chi2.cdf(norm**2, desk.latent.latent_dim)
    words = f"{percent(nearer)} of the prior"
    told = f"|z| {norm:.4g} · typicality {percent(2 * nearer)}: closer to the centre than all but {words}"
    assert desk.window.decoded._facts.text() == told


def test_far_out_a_point_is_as_untypical_as_at_the_centre(desk: Desk) -> None:
    for z, told in ((0.0, "closer to the centre than all of the prior"), (150.0, "farther from the centre than all")):
        desk.latent.set_z(np.full(desk.latent.latent_dim, z))
        desk.settle()
        facts = desk.window.decoded._facts.text()
        assert told in facts
        assert "typicality 0.0 %:" in facts


def test_a_point_that_has_left_its_image_says_so(desk: Desk) -> None:
    desk.window.map.select(IMAGE)
    here = desk.window.decoded._about.text()
    desk.latent.set_component("z", 3, 1.5)
    assert desk.window.decoded._about.text() == here.replace("A · ", "A · moved from ")
    desk.window.map.select(IMAGE)
    assert desk.window.decoded._about.text() == here
    desk.latent.set_component("mu", 3, 1.5)
    assert desk.window.decoded._about.text() == here.replace("A · ", "A · moved from ")
    desk.window.map.select(IMAGE)
    assert desk.window.decoded._about.text() == here


def test_an_image_that_was_encoded_alone_has_not_been_moved(desk: Desk) -> None:
    desk.window.map.select(IMAGE)
    here, point = desk.window.decoded._about.text(), desk.point
    for rounding, text in ((1e-6, here), (1e-2, here.replace("A · ", "A · moved from "))):
        desk.latent.set_posterior(point.mu + rounding * point.sigma, point.sigma, point.source)
        assert desk.point.untouched
        assert desk.window.decoded._about.text() == text


def test_an_image_of_data_that_are_open_no_more_is_not_taken_for_one_of_the_new(desk: Desk, tmp_path: Path) -> None:
    desk.window.map.select(IMAGE)
    desk.settle()
    np.save(tmp_path / "few.npy", np.zeros((20, 28, 28), np.uint8))
    desk.state.model.request_data(str(tmp_path / "few.npy"))
    desk.settle()
    assert desk.window.decoded._about.text() == f"A · image {IMAGE} of other data"


def test_the_picture_can_be_copied(desk: Desk) -> None:
    desk.window.menus.edit.copy_picture.trigger()
    copied = QGuiApplication.clipboard().image()
    np.testing.assert_array_equal(_pixels(copied), _pixels(desk.window.decoded.large.image))


def test_every_picture_is_copied_from_its_menu(desk: Desk, around: NDArray[np.float64]) -> None:
    desk.settle()
    pane = desk.window.decoded
    for picture in (pane.large, pane.input, pane.reconstruction, pane.mean, pane.std):
        choose(context_menu(picture, picture.rect().center()), "Copy picture (28 × 28)")
        np.testing.assert_array_equal(_pixels(QGuiApplication.clipboard().image()), _pixels(picture.image))


def _dialog(desk: Desk) -> PictureDialog:
    large = desk.window.decoded.large
    choose(context_menu(large, large.rect().center()), "Copy or save at another size …")
    return desk.window.findChild(PictureDialog)


def test_a_picture_is_copied_at_a_size_sharp_or_smooth(desk: Desk, around: NDArray[np.float64]) -> None:
    desk.settle()
    dialog, pixels = _dialog(desk), _pixels(desk.window.decoded.large.image)
    dialog.width_box.setValue(84)
    dialog.copy_button.click()
    sharp = _pixels(QGuiApplication.clipboard().image())
    np.testing.assert_array_equal(sharp, pixels.repeat(3, axis=0).repeat(3, axis=1))
    dialog.way.group.button(1).click()
    dialog.copy_button.click()
    smooth = _pixels(QGuiApplication.clipboard().image())
    dialog.width_box.setValue(100)
    dialog.way.group.button(0).click()
    told = dialog.told.text()
    dialog.close()
    assert smooth.shape == (84, 84)
    assert np.abs(np.diff(smooth.astype(int), axis=1)).max() < np.abs(np.diff(sharp.astype(int), axis=1)).max()
    assert told.startswith("100 × 100 pixels, made of 28 × 28. Not a multiple")


@pytest.mark.parametrize(("mode", "carried"), [("μ", True), ("sample", False)])
def test_a_saved_picture_carries_the_point_it_shows(
    desk: Desk, around: NDArray[np.float64], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, carried: bool
) -> None:
    _choose(desk, mode)
    dialog = _dialog(desk)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "big"), ""))
    dialog.save_button.click()
    dialog.close()
    assert QImage(str(tmp_path / "big.png")).width() == 504
    latent = read_latent(tmp_path / "big.png")
    assert (latent is not None) == carried
    assert latent is None or list(latent.z) == desk.point.z.tolist()
