"""Files of other people are opened like our own: with guesses, with answers, with the half beside them, at a class."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from models.core.errors import UserError
from models.core.foreign import is_model
from models.core.limits import bounded
from models.importing.answers import choices_of, recalled, remember
from models.vae import foreign
from models.vae.foreign import Reader, identity
from models.vae.inspection import inspected
from models.vae.model import VAE
from models.vae.model_file import OpenedModel, open_model
from tests.fixtures import make_onnx, make_weights
from tests.fixtures import reference as by_hand
from tests.fixtures.make_keras import PAIRS
from tests.fixtures.make_saved_model import saved_model
from tests.fixtures.make_tfjs import graph_model
from tests.fixtures.torch_writer import archive
from tests.models.importing.opening import compare_convolutional, same

Z = np.random.default_rng(0).standard_normal((3, make_onnx.LATENT)).astype(np.float32)


def _vae(opened: OpenedModel) -> VAE:
    return VAE(opened.architecture, opened.parameters)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.onnx"
    path.write_bytes(make_onnx.whole())
    return path


def test_a_file_is_opened_by_way_of_one_of_ours(whole: Path) -> None:
    opened = Reader().open(whole)
    compare_convolutional(_vae(opened))
    assert (opened.info.name, opened.info.source, opened.info.origin) == ("whole", str(whole), str(whole))
    ours = open_model(opened.info.path)
    assert (ours.info.digest, ours.info.origin) == (opened.info.digest, opened.info.path)
    assert opened.info.recipe == f"latentscape import {whole} --out whole.safetensors"


def test_what_was_answered_counts_until_something_else_is(whole: Path) -> None:
    assert recalled(identity(whole)) is None
    remember(identity(whole), {"activation": "linear"})
    reader = Reader()
    assert "output linear" in reader.open(whole).info.understood["decoder"]
    assert "output sigmoid" in reader.open(whole, {}).info.understood["decoder"]
    whole.write_bytes(make_onnx.encoder())
    assert recalled(identity(whole)) is None


def test_the_files_of_a_model_are_read_once_for_all_answers(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    original = foreign.read_model
    monkeypatch.setattr(foreign, "read_model", lambda path, choices: (read.append(path), original(path, choices))[1])
    reader = Reader()
    for answers in ({}, {"range": "signed"}, {"activation": "tanh"}):
        assert reader.understand(whole, answers).imported is not None
    assert read == [whole]
    os.utime(whole, (1, 1))
    reader.understand(whole)
    assert read == [whole, whole]


def test_halves_find_each_other_by_name_unless_they_are_strangers(tmp_path: Path) -> None:
    for part, model in zip(("encoder", "decoder"), PAIRS["dense"](keras), strict=True):
        model.save(tmp_path / f"my-{part}.keras")
    for part in ("encoder", "decoder"):
        assert Reader().open(tmp_path / f"my-{part}.keras").info.has_encoder
    alone = Reader().open(tmp_path / "my-decoder.keras", {"beside": "alone"})
    assert not alone.info.has_encoder
    (tmp_path / "my-encoder.keras").write_bytes(b"damaged")
    assert not Reader().open(tmp_path / "my-decoder.keras").info.has_encoder
    PAIRS["convolutional"](keras)[0].save(tmp_path / "my-encoder.keras")
    found = Reader().understand(tmp_path / "my-decoder.keras")
    assert found.imported is not None
    assert (found.imported.architecture.has_encoder, found.answers) == (False, {"beside": "alone"})
    with pytest.raises(UserError, match=r"my-encoder.keras: its encoder takes .* name an encoder and a decoder"):
        Reader().open(tmp_path / "my-encoder.keras")


@pytest.mark.parametrize("kind", ["programs", "tfjs"])
def test_halves_in_folders_of_their_own(kind: str, tmp_path: Path) -> None:
    trusted = {"trust": "yes"} if kind == "programs" else {}
    z = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    pair = PAIRS["dense"](keras)
    for part, model in zip(("encoder", "decoder"), pair, strict=True):
        if kind == "programs":
            model.export(tmp_path / part, verbose=False)
        else:
            (tmp_path / part).mkdir()
            graph_model(model, tmp_path / part)
    assert is_model(tmp_path)
    file = "saved_model.pb" if kind == "programs" else "model.json"
    for path in (tmp_path, tmp_path / "decoder" / file, tmp_path / "encoder" / file):
        opened = Reader().open(path, trusted)
        assert opened.info.has_encoder
        same(_vae(opened).decode(z), pair[1](z))


def test_a_program_beside_is_trusted_with_its_own_content(tmp_path: Path) -> None:
    saved_model(tmp_path).rename(tmp_path / "my-decoder")
    alone = identity(tmp_path / "my-decoder")
    shutil.copytree(tmp_path / "my-decoder", tmp_path / "my-encoder")
    both = identity(tmp_path / "my-decoder")
    assert both != alone
    (tmp_path / "my-encoder" / "assets").mkdir(exist_ok=True)
    (tmp_path / "my-encoder" / "assets" / "words.txt").write_text("other")
    assert identity(tmp_path / "my-decoder") not in (alone, both)


def test_a_conditional_model_is_held_at_any_class(tmp_path: Path) -> None:
    content, w = make_onnx.conditional()
    (tmp_path / "digits.onnx").write_bytes(content)
    reader = Reader()
    first = reader.open(tmp_path / "digits.onnx")
    assert (first.info.classes, first.info.label) == (make_onnx.CLASSES, 0)
    other = reader.open(tmp_path / "digits.onnx", label=2)
    again = reader.open(first.info.path, label=2)
    assert other.info.digest == again.info.digest != first.info.digest
    assert (other.info.label, again.info.source) == (2, first.info.path)
    assert other.architecture == first.architecture
    for label, opened in ((0, first), (2, other)):
        both = np.concatenate([Z, np.eye(make_onnx.CLASSES, dtype=np.float32)[[label] * len(Z)]], axis=1)
        made = by_hand.sigmoid(by_hand.dense(both, w["fc.weight"], w["fc.bias"]))
        same(_vae(opened).decode(Z), made)
    with pytest.raises(ValueError, match="digits has 4 classes, and none with the number 9"):
        reader.open(tmp_path / "digits.onnx", label=9)


def test_an_inspection_shows_what_the_opened_model_makes(whole: Path) -> None:
    reader = Reader()
    images = np.random.default_rng(1).integers(0, 256, (4, 12, 12, 1), np.uint8)
    found = inspected(1, whole, reader.understand(whole), images)
    vae = _vae(reader.open(whole))
    same(found.images[:1], vae.decode(np.zeros((1, make_onnx.LATENT), np.float32)))
    same(found.reconstructions, vae.decode(vae.encode(images)[0]))
    assert len(found.images) == 5
    assert {line.part for line in found.layers} == {"encoder", "decoder"}
    assert sum(line.parameters for line in found.layers) >= sum(w.size for w in make_onnx.weights().values()) - 8
    taken = {question.name: question.taken for question in found.questions}
    assert taken == {
        "layout": "NCHW", "range": "unit", "activation": "sigmoid", "mu": "mu", "log_var": "std/Exp", "spread": "sigma",
    }  # fmt: skip
    for question in found.questions:
        assert question.taken in [key for key, _ in question.options]
    other = inspected(1, whole, reader.understand(whole), images[:, :6])
    assert other.without == "The open images are 6 × 12 × 1, the model takes 12 × 12 × 1."
    assert len(other.reconstructions) == 0


def test_how_mean_and_spread_are_packed_can_be_answered(tmp_path: Path) -> None:
    path, reader = tmp_path / "model.pt", Reader()
    path.write_bytes(archive(make_weights.interleaved()))
    for answers, taken in (({}, "interleaved"), ({"packed": "halves"}, "halves")):
        shown = inspected(1, path, reader.understand(path, answers), None)
        question = next(question for question in shown.questions if question.name == "packed")
        assert question.taken == taken
        assert [key for key, _ in question.options] == ["halves", "interleaved"]
    # What was tried out of weights without architecture depends on what was said: they are read again.
    assert reader.open(path, {}).info.digest != reader.open(path, {"packed": "halves"}).info.digest


def test_whether_blocks_are_residual_can_be_answered(tmp_path: Path) -> None:
    path, reader, w = tmp_path / "model.pt", Reader(), make_weights.fitted()
    units = len(w["fc3.bias"])
    block = {f"fc3b.0.{name}": np.zeros((units, units) if name.endswith("weight") else units, np.float32)
             for name in ("0.weight", "0.bias", "2.weight", "2.bias")}  # fmt: skip
    names = list(w)
    cut = names.index("fc4.weight")
    path.write_bytes(archive({name: (w | block)[name] for name in [*names[:cut], *block, *names[cut:]]}))
    for answers, taken in (({}, "residual"), ({"blocks": "plain"}, "plain")):
        shown = inspected(1, path, reader.understand(path, {"hidden": "tanh", **answers}), None)
        question = next(question for question in shown.questions if question.name == "blocks")
        assert question.taken == taken


def test_what_cannot_be_opened_with_an_answer_says_why_and_can_be_answered_again(whole: Path) -> None:
    found = Reader().understand(whole, {"layout": "NHWC"})
    shown = inspected(1, whole, found, None)
    assert shown.fault.startswith("whole.onnx: its decoder makes [1, 12, 12], which is no picture")
    assert {question.name for question in shown.questions} >= {"layout", "range", "activation"}
    assert len(shown.images) == 0


def _saved_model(folder: Path) -> Path:
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").touch()
    return folder / "saved"


def _with(content: bytes, name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            _saved_model,
            "saved: this is a TensorFlow SavedModel, a program, .*; if you trust it, say so with",
        ),
        (_with(b"", "a.onnx"), "a.onnx: the file is empty"),
        (_with(b"something else", "a.pt"), "a.pt: it has the name of a PyTorch model, but its content is something"),
        (_with(b"....TFL3....", "a.tflite"), "a.tflite: this is a TensorFlow Lite model; import the model"),
    ],
)
def test_what_is_not_opened_is_named(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    path = make(tmp_path)
    assert is_model(path)
    with pytest.raises(UserError, match=reason):
        Reader().open(path)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"range": "wide"}, "range: wide is none of unit, signed, bytes"),
        ({"label": "three"}, "the class three: a class is a number"),
        ({"image_shape": "1x"}, "the size 1x: a size is HEIGHTxWIDTH"),
        ({"colour": "red"}, "the answers: they are about something else"),
    ],
)
def test_answers_that_make_no_sense_are_refused(answers: dict[str, str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        choices_of(answers)


@pytest.mark.parametrize(
    ("names", "model"),
    [
        (("encoder.keras", "decoder.keras", "sample.png"), True), (("model.json", "group1-shard1of1.bin"), True),
        (("vae.onnx", "notes.txt"), True), (("vae.onnx", "a.png"), False), (("a.npz", "b.npz"), False), ((), False),
    ],
)  # fmt: skip
def test_a_folder_of_a_model_is_told_from_one_of_pictures(tmp_path: Path, names: tuple[str, ...], model: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert is_model(tmp_path) == model


def test_weights_are_told_from_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "weights.npz", **{"fc1.weight": np.zeros((2, 2)), "fc1.bias": np.zeros(2)})
    np.savez(tmp_path / "by_hand.npz", W_mu=np.zeros((2, 2)), b_mu=np.zeros(2))
    with zipfile.ZipFile(tmp_path / "program.npz", "w") as program:
        program.writestr("vae/models/model.json", "{}")
    np.savez(tmp_path / "images.npz", images=np.zeros((2, 3, 3), np.uint8), weight=np.zeros(2))
    np.savez(tmp_path / "codes.npz", z=np.zeros((2, 3)))
    found = {name for name in ("weights", "by_hand", "program", "images", "codes", "gone")
             if is_model(tmp_path / f"{name}.npz")}  # fmt: skip
    assert found == {"weights", "by_hand", "program"}


def test_the_cache_keeps_those_used_last(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MOST_KEPT", 2)
    reader, paths = Reader(), []
    for number, pixels in enumerate(("unit", "signed", "bytes")):
        path = Path(reader.open(whole, {"activation": "linear", "range": pixels}).info.path)
        os.utime(path, (number, number))
        paths.append(path)
    assert [path.exists() for path in paths] == [False, True, True]


def _last_for_ever() -> None:
    while True:
        pass


def test_what_takes_too_long_or_too_much_ends() -> None:
    with pytest.raises(UserError, match=r"a.onnx: it takes more than 0.05 seconds to read"), bounded("a.onnx", 0.05):
        _last_for_ever()
    with pytest.raises(MemoryError), bounded("a.onnx", most=1 << 28):
        np.empty(1 << 27)
    np.empty(1 << 27)
