"""The desktop ends its session: unsaved models are asked about as on closing, or kept, and the session is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from explorer.app.session_file import session_path
from explorer.app.startup import App
from explorer.state.unsaved import UnsavedModel
from models.core.history import UnfinishedRun
from models.core.settings import TrainSettings
from tests.support.desk import opened_app

RUN = UnfinishedRun("/runs/m", "m", "sprites:50", 3, 0.0, TrainSettings(), 1e-3, 1.0)


class Manager:
    """The session manager of a desktop, which lets a program ask or does not."""

    def __init__(self, lets_ask: bool) -> None:
        self.lets_ask, self.heard = lets_ask, list[str]()

    def allowsInteraction(self) -> bool:
        return self.lets_ask

    def release(self) -> None:
        self.heard.append("release")

    def cancel(self) -> None:
        self.heard.append("cancel")


@contextmanager
def unsaved_app(qapp: QApplication) -> Iterator[App]:
    """Open a window with a model that is not saved."""
    with opened_app(qapp, keep_session=True) as app:
        app.state.unsaved.set_models((UnsavedModel("/runs/m/checkpoint-3/model.safetensors", 3, RUN),))
        app.state.display.set_seed(99)
        yield app


def _answer(button: str, asked: list[str]) -> None:
    """Press a button of the question that comes next."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.informativeText())
        next(one for one in box.buttons() if one.text().replace("&", "") == button).click()

    QTimer.singleShot(0, press)


def test_the_person_may_stop_the_end_of_the_session(qapp: QApplication) -> None:
    manager, asked = Manager(lets_ask=True), list[str]()
    with unsaved_app(qapp) as app:
        _answer("Cancel", asked)
        app.desktop.commit(manager)
        assert "m, epoch 3" in asked[0]
        assert (manager.heard, len(app.state.unsaved.models)) == (["release", "cancel"], 1)
        assert json.loads(session_path().read_text())["seed"] == 99
        _answer("Cancel", asked)
        assert not app.window.close()
        assert len(asked) == 2


def test_what_is_discarded_at_the_end_of_the_session_is_not_asked_about_again(qapp: QApplication) -> None:
    manager, asked = Manager(lets_ask=True), list[str]()
    with unsaved_app(qapp) as app:
        _answer("Discard", asked)
        app.desktop.commit(manager)
        assert (manager.heard, app.state.unsaved.models, len(asked)) == (["release"], (), 1)
        assert app.window.close()


def test_what_may_not_be_asked_about_is_kept_and_closing_asks_again_after_a_change(qapp: QApplication) -> None:
    manager, asked = Manager(lets_ask=False), list[str]()
    with unsaved_app(qapp) as app:
        app.desktop.commit(manager)
        stored = json.loads(session_path().read_text())
        assert (manager.heard, stored["seed"]) == ([], 99)
        assert "/runs/m/checkpoint-3/model.safetensors" in json.dumps(stored)
        app.state.unsaved.add(UnsavedModel("/runs/n/checkpoint-4/model.safetensors", 4, RUN))
        _answer("Cancel", asked)
        assert not app.window.close()
        assert len(asked) == 1
        app.desktop.commit(manager)
        # Nothing but the end of the window follows, and it does not wait for an answer either.
        assert app.window.close()
