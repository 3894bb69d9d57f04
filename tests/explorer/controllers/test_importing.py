"""A decoder that ends leaves no answer unanswered. State and controller, no window, no worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from PySide6.QtWidgets import QApplication

from explorer.client.channels import Requests
from explorer.controllers.importing import ImportingController
from explorer.state import AppState
from models.protocol.importing import Inspect, Inspected
from models.protocol.messages import Request

FIRST = Inspected(1, "/a/saved", "saved", "abc", {}, (), fault="saved: a program", program=True)


@dataclass
class Line:
    """Takes requests while a decoder is there."""

    there: bool = True
    sent: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> bool:
        if self.there:
            self.sent.append(request)
        return self.there


@pytest.fixture
def state(qapp: QApplication) -> Iterator[AppState]:
    state = AppState()
    yield state
    state.deleteLater()


def test_a_decoder_that_ends_over_an_answer_is_not_asked_again(state: AppState) -> None:
    line, importing = Line(), state.importing
    requests = Requests(line.send)
    controller = ImportingController(state, requests, state)
    importing.show(FIRST)
    importing.trust()
    assert importing.behind
    requests.forget_all()
    controller.crashed("signal 9")
    controller.catch_up()
    assert len(line.sent) == 1
    assert importing.found is not None
    assert (importing.behind, importing.found.program) == (False, False)
    assert importing.found.fault == "The decoder stopped: signal 9. Answer differently, or open the model again."


def test_what_was_answered_meanwhile_is_asked_of_the_next_decoder(state: AppState) -> None:
    line, importing = Line(there=False), state.importing
    requests = Requests(line.send)
    controller = ImportingController(state, requests, state)
    importing.show(replace(FIRST, program=False, fault=""))
    controller.crashed("signal 9")
    assert importing.found is not None
    assert importing.found.fault == ""
    importing.answer("range", "signed")
    assert importing.behind
    line.there = True
    controller.catch_up()
    assert isinstance(line.sent[0], Inspect)
    requests.take(replace(FIRST, id=line.sent[0].id, answers={"range": "signed"}))
    controller.catch_up()
    assert (importing.behind, len(line.sent)) == (False, 1)
