"""What a person is asked about, and what counts as answered while newer answers are being looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication

from explorer.state.importing import ImportState
from models.protocol.importing import Inspected

FIRST = Inspected(1, "/a/vae.onnx", "vae.onnx", "abc", {}, ())


def test_only_the_newest_look_says_what_counts_as_answered(qapp: QApplication) -> None:
    state, asked = ImportState(), []
    state.inspect_requested.connect(lambda path, answers: asked.append((path, dict(answers))))
    state.show(FIRST)
    state.answer("range", "signed")
    state.answer("layout", "NCHW")
    assert asked == [(FIRST.path, {"range": "signed"}), (FIRST.path, {"range": "signed", "layout": "NCHW"})]
    state.show(replace(FIRST, answers={"range": "signed"}), newest=False)
    assert state.behind
    state.show(replace(FIRST, answers={"range": "signed", "layout": "NCHW", "beside": "alone"}))
    assert not state.behind
    assert state.answers["beside"] == "alone"
    state.refuse("it is gone")
    assert state.found is not None
    assert (state.found.fault, state.behind) == ("it is gone", False)


def test_only_the_model_that_was_asked_about_is_saved(qapp: QApplication) -> None:
    state = ImportState()
    state.show(FIRST)
    state.accept(Path("/b/mine.safetensors"))
    assert state.take_saving("/a/other.onnx") is None
    assert state.take_saving(FIRST.path) is None
    state.show(FIRST)
    state.accept(Path("/b/mine.safetensors"))
    assert state.take_saving(FIRST.path) == Path("/b/mine.safetensors")
    assert state.take_saving(FIRST.path) is None


def test_codes_go_with_the_model_that_is_opened(qapp: QApplication) -> None:
    state = ImportState()
    state.show(FIRST)
    state.set_latents("/a/codes.npz")
    state.accept()
    assert state.take_latents() == "/a/codes.npz"
    assert state.take_latents() == ""
    state.show(FIRST)
    state.set_latents("/a/codes.npz")
    state.dismiss()
    assert state.take_latents() == ""
