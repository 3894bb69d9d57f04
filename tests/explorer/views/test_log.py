"""The Log: sentences of this program on top, the output of the workers folded below, and what is left out of it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication

from explorer.state import AppState
from explorer.state.workers import Status
from explorer.views.log import LogPane, worth_reading
from models.protocol.lifecycle import Hello
from models.protocol.training import Finished

NO_CARD = "E0000 00:00:1 16697 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: UNKNOWN ERROR (303)"
ABSL = "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR"
FAULT = "ValueError: something else"


def test_sentences_are_told_and_output_is_folded(qapp: QApplication, tmp_path: Path) -> None:
    state = AppState()
    pane, log = LogPane(state), tmp_path / "decoder.log"
    log.write_text(f"of another session\n{ABSL}\n{FAULT}\nhalf a li", "utf-8")
    state.workers.logs["decoder"] = (str(log), len("of another session\n"))
    state.workers.set_hello(Hello(3, "decoder", 7, "2.21.0", "CPU", 3.21))
    state.workers.set_status("decoder", Status.BUSY)
    state.notices.notice("error", "file.npz: no such file.")
    state.notices.log("Decode: overtaken")
    state.run.name = "digits-vae-2"
    state.run.finish(Finished(1, "early", None, 9))
    pane.show()
    pane.set_shown(True)
    assert [line[10:] for line in pane.text.toPlainText().splitlines()] == [
        "decoder: ready after 3.2 s, with TensorFlow 2.21.0 on the processor.",
        "error: file.npz: no such file.",
        "note: Decode: overtaken",
        "training: digits-vae-2 ended early after epoch 9.",
    ]
    assert pane.output.isHidden()
    assert pane.fold.text() == "Output of the workers: 1 line"
    pane.fold.click()
    assert pane.output.isVisible()
    assert pane.output.toPlainText() == f"decoder  {FAULT}"
    pane.set_shown(False)
    pane.close()
    pane.deleteLater()


def test_a_missing_card_is_no_error_and_a_broken_one_is() -> None:
    lines = [ABSL, NO_CARD, FAULT]
    assert worth_reading(lines, card=False) == [FAULT]
    assert worth_reading(lines, card=True) == [NO_CARD, FAULT]
