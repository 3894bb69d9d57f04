"""The run manager, the notification and the offers, with the real files of runs, but no process and no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from explorer.app.actions.file import FileActions
from explorer.app.banner import Banner
from explorer.client.folders import runs_folder
from explorer.controllers import runs
from explorer.controllers.runs import RunsController
from explorer.state import AppState
from explorer.state.unsaved import UnsavedModel
from explorer.theme.theme import Theme
from explorer.views.common.question import Question
from explorer.views.common.words import room
from explorer.views.runs.dialog import RunsDialog
from models.core.descriptions import ModelInfo
from models.core.errors import UserError
from models.core.history import PastRun
from models.core.settings import TrainSettings
from models.protocol.lifecycle import Failed
from models.protocol.messages import Request
from models.training.storage.checkpoint import checkpoint_folders, latest_checkpoint
from models.training.storage.folder import RunFolder
from models.training.storage.outline import resumable
from models.training.storage.trash import discard_run
from models.workers.runs import look_after_runs
from tests.faults.committer import STEPS, commit, records_of

BUNDLED = "/bundled.safetensors"


class Trainer(QObject):
    """Answers in this process, once it has been started."""

    received = Signal(object)
    started = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.running = False

    def start(self) -> None:
        self.running = True
        self.started.emit()

    def send(self, request: Request) -> bool:
        try:
            self.received.emit(look_after_runs(request))
        except UserError as error:
            self.received.emit(Failed(0, type(request).__name__, str(error), ""))
        return True


class Opened(list[str]):
    """The models that were asked for."""

    open_model = list.append

    def open_data(self, path: str) -> None:
        """No test asks for data."""


class Office:
    """A window with a banner and a run manager over the state."""

    def __init__(self, qapp: QApplication) -> None:
        self.state, self.theme, self.window = AppState(), Theme(qapp), QMainWindow()
        self.banner, self.trainer, self.opened = Banner(self.window, self.state, self.theme), Trainer(), Opened()
        self.controller = RunsController(self.state, self.trainer, self.opened, BUNDLED)  # type: ignore[arg-type]
        self.window.resize(1280, 800)
        self.window.show()

    def manager(self) -> RunsDialog:
        dialog = RunsDialog(self.state, self.window)
        dialog.show()
        return dialog

    def show_model(self, path: Path) -> None:
        """Let the model of a run be on the screen."""
        with self.state.model.replaced(ModelInfo(str(path), "m", "digest", (4, 3, 1), TrainSettings(), "d", 1, 1)):
            pass


@pytest.fixture
def office(qapp: QApplication, qtbot: QtBot) -> Iterator[Office]:
    office = Office(qapp)
    yield office
    office.window.close()
    for thing in (office.window, office.controller, office.state, office.theme):
        thing.deleteLater()


def leave_run(name: str) -> Path:
    """Leave an interrupted run of two epochs that took a second."""
    run = RunFolder(runs_folder() / name, 1)
    run.begin()
    for step in (STEPS, 2 * STEPS):
        commit(run, step)
    run.close()
    return run.path


def press(dialog: Question, button: str) -> None:
    getattr(dialog, button).click()
    QApplication.sendPostedEvents(dialog, QEvent.Type.DeferredDelete)


def test_a_run_on_offer_is_discarded_at_once_and_taken_back(office: Office) -> None:
    folder = leave_run("left")
    found, other = latest_checkpoint(folder), latest_checkpoint(leave_run("other"))
    assert found is not None
    assert other is not None
    office.show_model(found.model_path)
    state, banner = office.state, office.banner
    state.run.set_previous(str(found.model_path))
    unsaved = UnsavedModel(str(found.model_path), 2, resumable(found))
    state.unsaved.add(unsaved)
    state.offers.set_found([resumable(found), resumable(other)])
    banner.discard.click()
    assert (folder.exists(), state.unsaved.models) == (False, ())
    assert (office.opened, state.run.previous) == ([BUNDLED], BUNDLED)
    assert (banner.undo.isVisible(), banner.resume.isVisible()) == (True, False)
    banner.undo.click()
    assert (folder.exists(), state.unsaved.models) == (True, (unsaved,))
    assert office.opened == [BUNDLED, str(found.model_path)]
    assert banner.text.text() == "The training of m is back, after epoch 2 of 1000."
    assert (banner.undo.isVisible(), banner.resume.isVisible()) == (False, True)
    banner.close_button.click()
    assert state.offers.offer is not None
    assert state.offers.offer.run.folder == str(other.folder.parent)


def test_more_than_a_minute_of_work_is_not_discarded_unasked(office: Office) -> None:
    folder = leave_run("long")
    found = latest_checkpoint(folder)
    assert found is not None
    office.state.offers.set_found([replace(resumable(found), elapsed=61.0)])
    for answer, left in (("no", True), ("yes", False)):
        office.banner.discard.click()
        (question,) = office.window.findChildren(Question)
        assert "61 s of work" in question.informativeText()
        press(question, answer)
        assert folder.exists() is left


def test_runs_that_take_much_room_are_told_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_run("kept")
    discard_run(leave_run("thrown away"))
    state, banner = office.state, office.banner
    office.trainer.start()
    assert (len(state.runs.runs or ()), len(state.runs.trash or ()), banner.isVisible()) == (1, 1, False)
    monkeypatch.setattr(runs, "PLENTY", state.runs.taken - 1)
    state.notices.notice("info", "Discarded a run.", undo=lambda: None)
    state.run.finish(None)
    assert banner.text.text() == "Discarded a run."
    banner.close_button.click()
    state.run.finish(None)
    whole, half = room(state.runs.taken), room(state.runs.trash[0].size if state.runs.trash else 0)
    assert banner.text.text() == (
        f"The runs that are kept take {whole} on the disk, {half} of it in the trash. "
        "Model ▸ Runs … shows the size of each, discards runs and empties the trash."
    )
    banner.close_button.click()
    state.run.finish(None)
    assert not banner.isVisible()
    state.runs.remove(None)
    leave_run("another")
    state.run.finish(None)
    assert banner.isVisible()


def test_the_manager_shows_what_there_is_and_does_what_it_can(office: Office) -> None:
    folders = [leave_run(name) for name in ("one", "two")]
    (checkpoint, _) = checkpoint_folders(leave_run("damaged"))
    for path in checkpoint_folders(checkpoint.parent):
        (path / "state.safetensors").write_bytes(b"")
    dialog = office.manager()
    assert office.trainer.running
    assert dialog.runs.rowCount() == 3
    shown = {dialog.runs.item(row, 1).text(): [dialog.runs.item(row, n).text() for n in (2, 3, 5)] for row in range(3)}
    assert shown == {"m": ["data", "2 of 1,000", "interrupted"], "damaged": ["", "", "damaged"]}
    buttons = dialog.open_run, dialog.resume, dialog.compare, dialog.export, dialog.discard
    assert [button.isEnabled() for button in buttons] == [False] * 5
    assert not any(button.isDefault() or button.autoDefault() for button in dialog.findChildren(QPushButton))
    dialog.runs.selectAll()
    assert [button.isEnabled() for button in buttons] == [False, False, False, False, True]
    dialog.discard.click()
    assert (dialog.runs.rowCount(), dialog.trash.rowCount(), dialog.tabs.tabText(1)) == (0, 3, "Trash (3)")
    assert office.banner.text.text().startswith("Discarded 3 runs.")
    office.banner.undo.click()
    assert (dialog.runs.rowCount(), dialog.trash.rowCount()) == (3, 0)
    assert all(folder.exists() for folder in folders)


def select(dialog: RunsDialog, folder: Path) -> None:
    dialog.runs.clearSelection()
    for row in range(dialog.runs.rowCount()):
        dialog.runs.selectRow(row)
        if [run.folder for run in dialog.runs.chosen()] == [str(folder)]:
            return


def test_one_run_is_opened_compared_resumed_and_exported(office: Office) -> None:
    folder, state = leave_run("one"), office.state
    dialog = office.manager()
    select(dialog, folder)
    asked: list[str] = []
    state.model.open_model_requested.connect(asked.append)
    dialog.open_run.click()
    assert asked == [str(checkpoint_folders(folder)[-1] / "model.safetensors")]
    assert tuple(state.run.records) == records_of(2 * STEPS)
    dialog.compare.click()
    assert state.review.compared is not None
    assert state.review.compared.records == records_of(2 * STEPS)
    assert state.review.compared in state.review.past
    wanted: list[PastRun] = []
    dialog.curves_wanted.connect(wanted.append)
    dialog.export.menu().actions()[2].trigger()
    assert wanted == [state.review.compared]
    resumed: list[object] = []
    state.run.resume_requested.connect(resumed.append)
    dialog.resume.click()
    found = latest_checkpoint(folder)
    assert found is not None
    assert resumed == [resumable(found)]
    assert not dialog.resume.isEnabled()
    state.run.finish(None)


def test_what_is_deleted_for_good_is_asked_about(office: Office) -> None:
    leave_run("one")
    leave_run("two")
    dialog = office.manager()
    dialog.runs.selectAll()
    dialog.discard.click()
    dialog.tabs.setCurrentIndex(1)
    dialog.trash.selectRow(0)
    for button, answer, left in (
        (dialog.remove, "no", 2), (dialog.remove, "yes", 1), (dialog.empty, "no", 1), (dialog.empty, "yes", 0)
    ):  # fmt: skip
        button.click()
        (question,) = dialog.findChildren(Question)
        press(question, answer)
        assert dialog.trash.rowCount() == left
    assert [path for path in runs_folder().rglob("*") if path.is_file()] == []


def test_an_unsaved_model_is_discarded_and_comes_back_to_its_place(office: Office) -> None:
    folder, state = leave_run("trained"), office.state
    found = latest_checkpoint(folder)
    assert found is not None
    file = FileActions(state, office.theme, office.window, office.window.close)
    model = UnsavedModel(str(found.model_path), 2, resumable(found))
    office.show_model(found.model_path)
    assert (file.discard.isEnabled(), state.further.run) == (False, None)
    state.unsaved.add(model)
    office.show_model(found.model_path)
    assert (file.discard.isEnabled(), state.further.run) == (True, resumable(found))
    file.discard.trigger()
    assert (folder.exists(), state.unsaved.models, file.discard.isEnabled()) == (False, (), False)
    assert office.opened == [BUNDLED]
    office.banner.undo.click()
    assert (folder.exists(), state.unsaved.models, file.discard.isEnabled()) == (True, (model,), True)
    assert office.opened == [BUNDLED, model.path]
    file.recent.deleteLater()


def test_a_run_that_is_listed_can_be_trained_further_if_it_has_ended(office: Office) -> None:
    folder, state = leave_run("listed"), office.state
    found = latest_checkpoint(folder)
    assert found is not None
    office.manager()
    office.show_model(found.model_path)
    assert state.further.run is None
    assert state.runs.runs is not None
    state.runs.set_listed((replace(state.runs.runs[0], stage="finished"),), ())
    office.show_model(found.model_path)
    assert state.further.run == resumable(found)
