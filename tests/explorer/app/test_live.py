"""The model of a person's own Python process in the real window; the process is that of the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
import pytest
from PIL import Image

from explorer.app.live import LiveLink
from explorer.app.open_boxes import ModelBox
from explorer.client.live import joined
from explorer.state.export import ExportSettings
from latentscape.caller import Caller
from latentscape.functions import Functions
from latentscape.own_images import OwnImages
from latentscape.view import View
from latentscape.wire import Description, Select
from models.core.errors import UserError
from models.importing.moments import SHARP
from tests.support.desk import PATIENCE_MS, Desk

SHAPE = (12, 16)


def spot(z: np.ndarray) -> np.ndarray:
    """Return images of a spot whose place is z."""
    y, x = (np.arange(size) - size / 2.0 for size in SHAPE)
    dy, dx = (y[:, None] - 2.0 * z[:, 1, None, None]), (x[None, :] - 2.0 * z[:, 0, None, None])
    return np.exp(-(dx**2 + dy**2) / 8.0)


def place(x: np.ndarray) -> np.ndarray:
    """Return where the spot of each image is: its centre of mass."""
    y, x_ = (np.arange(size) - size / 2.0 for size in SHAPE)
    mass = x.sum(axis=(1, 2))
    return np.stack([(x * x_).sum(axis=(1, 2)) / mass, (x * y[:, None]).sum(axis=(1, 2)) / mass], axis=1) / 2.0


CODES = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 2)).astype(np.float32)


@dataclass
class Talk:
    """A window and the process it talks to."""

    desk: Desk
    caller: Caller
    view: View

    def picture(self) -> np.ndarray:
        """Return the large picture when all is answered."""
        self.desk.settle()
        picture = self.desk.state.answers.picture
        assert picture is not None
        return picture[..., 0]


Opens = Callable[..., Talk]


@pytest.fixture
def opens(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opens]:
    """Return what opens functions in the shared window as ``latentscape.explore`` does in one of its own."""
    talks = list[Talk]()
    monkeypatch.setattr("latentscape.view.open_window", lambda _: None)

    def open_functions(decode: Any, encode: Any = None, **data: Any) -> Talk:
        functions = Functions(decode, encode, 2)
        own = OwnImages(functions, **dict.fromkeys(("images", "labels", "names", "latents")) | data) if data else None
        said = Description("spot", token_hex(8), 2, functions.image_shape, bool(data or encode), "Normal", None)
        if own is not None:
            path = tmp_path / f"{said.digest}.npz"
            own.write(path)
            said = replace(said, data=str(path), label_names=own.label_names)
        talk = _talk(desk, Caller(functions, said, own))
        talks.append(talk)
        return talk

    yield open_functions
    for talk in talks:
        talk.caller.close()
    desk.app.decoder.opening._live = None


class _Folder:
    def cleanup(self) -> None:
        """Leave the folder to the test."""


def _talk(desk: Desk, caller: Caller) -> Talk:
    live = joined(json.dumps({"address": caller.address, "key": caller.key.hex()}))
    LiveLink(live, desk.state, desk.app.decoder, desk.window, desk.window)
    desk.app.decoder.opening.prepare_live(live)
    with desk.qtbot.waitSignal(desk.state.model.model_changed, timeout=PATIENCE_MS):
        desk.state.model.request_model(live.path)
    if live.description.data:
        desk.state.model.request_data(live.description.data)
        # An image may be selected before it is encoded.
        caller.tell(Select(3))
        desk.qtbot.waitUntil(lambda: desk.state.model.embedded, timeout=PATIENCE_MS)
    desk.settle()
    return Talk(desk, caller, View(caller, _Folder()))  # type: ignore[arg-type]


def test_a_drag_is_decoded_by_the_persons_function_and_seen_from_python(opens: Opens, tmp_path: Path) -> None:
    talk = opens(spot)
    desk = talk.desk
    assert desk.state.model.misfit.startswith("spot is a decoder alone")
    desk.latent.set_component("z", 0, 1.25)
    np.testing.assert_allclose(talk.picture(), spot(desk.point.z[None])[0], atol=1e-6)
    draws = desk.state.answers.draws
    assert draws is not None
    assert draws.std.max() > 0.1
    assert draws.kl.shape == (2,)
    desk.qtbot.waitUntil(lambda: np.array_equal(talk.view.z, desk.point.z), timeout=PATIENCE_MS)
    talk.view.z = [0.5, -0.5]
    desk.qtbot.waitUntil(lambda: np.array_equal(desk.point.z, [0.5, -0.5]), timeout=PATIENCE_MS)
    desk.latent.add_point()
    desk.qtbot.waitUntil(lambda: list(talk.view.points) == ["A", "B"], timeout=PATIENCE_MS)
    talk.view.select("A")
    desk.qtbot.waitUntil(lambda: desk.point.name == "A", timeout=PATIENCE_MS)
    with pytest.raises(ValueError, match="there is no point 'Q', only A, B"):
        talk.view.select("Q")
    with pytest.raises(ValueError, match="z should be 2 finite numbers"):
        talk.view.z = [1.0, np.nan]
    with desk.qtbot.waitSignal(desk.state.export.previewed, timeout=PATIENCE_MS):
        desk.state.export.request_preview(ExportSettings(tmp_path, count=20))
    desk.settle()
    assert desk.state.export.preview.shape[1:] == (*SHAPE, 1)
    _check_snapshots(talk, tmp_path)


def _check_snapshots(talk: Talk, folder: Path) -> None:
    """Take a snapshot, and one that cannot be written, as a person's process does, while the window goes on."""
    refused = list[str]()
    (folder / "file").write_text("precious")

    def take() -> None:
        talk.view.snapshot(folder / "window.png")
        with pytest.raises(RuntimeError) as raised:
            talk.view.snapshot(folder / "file" / "window.png")
        refused.append(str(raised.value))

    thread = threading.Thread(target=take)
    thread.start()
    talk.desk.qtbot.waitUntil(lambda: not thread.is_alive(), timeout=PATIENCE_MS)
    assert len(refused) == 1
    assert "a file stands where a folder should be" in refused[0]
    with Image.open(folder / "window.png") as picture:
        assert picture.size == talk.desk.window.size().toTuple()


def test_images_and_codes_of_the_person_stand_on_the_map(opens: Opens, tmp_path: Path) -> None:
    got = list[np.ndarray]()

    def encode(x: np.ndarray) -> np.ndarray:
        got.append(x)
        return place(x)

    images = spot(CODES)
    talk = opens(spot, encode, images=images, labels=["left" if z < 0 else "right" for z in CODES[:, 0]])
    desk = talk.desk
    np.testing.assert_allclose(desk.embedding.mu, place(images), atol=1e-5)
    desk.qtbot.waitUntil(lambda: desk.point.source.index == 3, timeout=PATIENCE_MS)
    assert (desk.embedding.sigma == np.float32(SHARP)).all()
    # As the person gave them, not as the bytes that the window shows.
    assert all(x.dtype == np.float64 for x in got)
    assert (desk.data.info.name, desk.data.info.label_names) == ("spot", ("left", "right"))
    talk.view.select(7)
    desk.qtbot.waitUntil(lambda: desk.point.source.index == 7, timeout=PATIENCE_MS)
    np.testing.assert_array_equal(desk.point.mu, desk.embedding.mu[7])
    with desk.qtbot.waitSignal(desk.state.notices.noticed, timeout=PATIENCE_MS) as noticed:
        talk.view.select(40)
    assert noticed.args == ["warning", "There is no image 40 on the map."]
    _check_codes_alone(opens, tmp_path)


def _check_codes_alone(opens: Opens, folder: Path) -> None:
    """Open codes without images, and a picture, which nothing can encode."""
    desk = opens(spot, latents=CODES, labels=np.arange(40) % 2, names=["even", "odd"]).desk
    np.testing.assert_array_equal(desk.embedding.mu, CODES)
    np.testing.assert_allclose(desk.data.images[..., 0] / 255.0, spot(CODES), atol=0.51 / 255.0)
    assert desk.data.class_of(3) == "odd"
    Image.fromarray(np.zeros(SHAPE, np.uint8)).save(folder / "picture.png")
    said = list[str]()
    desk.state.notices.noticed.connect(lambda _, text: said.append(text))
    desk.drop(folder / "picture.png")
    desk.qtbot.waitUntil(lambda: any("without encode" in text for text in said), timeout=PATIENCE_MS)
    desk.settle()


def test_an_error_of_the_person_is_shown_with_its_traceback_once_and_ends_nothing(opens: Opens) -> None:
    def decode(z: np.ndarray) -> np.ndarray:
        if abs(z[0, 0] - 2.0) < 1e-3:
            raise RuntimeError("out of cheese")
        return spot(z)

    talk = opens(decode)
    desk, notices, lines = talk.desk, list[tuple[str, str]](), list[str]()
    desk.state.notices.noticed.connect(lambda *said: notices.append(said))
    desk.state.notices.logged.connect(lambda _, text: lines.append(text))
    for value in (2.0, 2.0001):
        desk.latent.set_component("z", 0, value)
        desk.settle()
    desk.qtbot.waitUntil(lambda: any("Traceback" in line for line in lines), timeout=PATIENCE_MS)
    assert notices == [("error", "decode raised RuntimeError: out of cheese. The traceback is in the Log pane.")]
    assert any("in decode" in line for line in lines)
    assert "out of cheese" in desk.state.answers.picture_fault
    for told in ("", json.dumps({"address": talk.caller.address, "key": "00" * 32})):
        with pytest.raises(UserError, match="no Python process that answers"):
            joined(told)
    desk.latent.set_component("z", 0, 0.0)
    np.testing.assert_allclose(talk.picture(), spot(desk.point.z[None])[0], atol=1e-6)
    _check_return(talk)


def _check_return(talk: Talk) -> None:
    """Open another model and return: the live one is neither saved nor exported, and has its points."""
    desk, menus = talk.desk, talk.desk.window.menus
    actions = menus.file.save_model, menus.file.save_as, menus.model.export_keras
    assert not any(action.isEnabled() for action in actions)
    assert {action.toolTip() for action in actions} == {
        "spot lives in a Python process and is saved there", "spot lives in a Python process and is exported there"
    }  # fmt: skip
    desk.latent.set_component("z", 0, 1.5)
    desk.reopen()
    assert all(action.isEnabled() for action in actions)
    assert "Save" in menus.file.save_model.toolTip()
    with desk.qtbot.waitSignal(desk.state.notices.noticed, timeout=PATIENCE_MS) as noticed:
        talk.view.z = [0.0, 0.0]
    assert "another one is open" in noticed.args[1]
    (box,) = desk.window.findChildren(ModelBox)
    box.open_path(box.itemData(box.findText("spot")))
    desk.qtbot.waitUntil(lambda: desk.state.model.model == desk.state.model.live, timeout=PATIENCE_MS)
    np.testing.assert_allclose(talk.picture(), spot(np.array([[1.5, 0.0]]))[0], atol=1e-6)
