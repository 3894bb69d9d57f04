"""Newest wins: which requests are sent, in which order, and who gets the reply."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.client.channels import Requests
from models.core.families import Family
from models.protocol.decoding import Cancel, SampleTile
from models.protocol.distribution import Locate, Located
from models.protocol.lifecycle import Failed
from models.protocol.messages import Reply, Request

NORMAL = Family("Normal", {"loc": 0.0, "scale": 1.0})


class Wire:
    """A connection that records what is sent and can be cut."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.cut = False
        self.requests = Requests(self._send)
        self.answers: list[tuple[str, Reply]] = []

    def _send(self, request: Request) -> bool:
        if not self.cut:
            self.sent.append(request)
        return not self.cut

    def ask(self, channel: str, u: float) -> None:
        """Request a quantile; its reply is recorded under u."""
        self.requests.ask(
            channel, lambda n: Locate(n, NORMAL, "u", u), lambda reply: self.answers.append((f"{u}", reply))
        )

    def reply(self, request: Request) -> None:
        """Answer a request."""
        self.requests.take(Located(request.id, 0.0))

    @property
    def asked(self) -> list[float]:
        """Return u of every request sent, in order."""
        return [request.value for request in self.sent if isinstance(request, Locate)]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_the_newest_of_those_waiting_is_sent(wire: Wire) -> None:
    for u in (0.1, 0.2, 0.3, 0.4):
        wire.ask("picture", u)
    assert wire.asked == [0.1]
    wire.reply(wire.sent[0])
    assert wire.asked == [0.1, 0.4]
    wire.reply(wire.sent[1])
    assert [name for name, _ in wire.answers] == ["0.1", "0.4"]
    assert wire.requests.under_way("picture") is None


def test_channels_do_not_wait_for_each_other(wire: Wire) -> None:
    wire.ask("picture", 0.1)
    wire.ask("curves", 0.2)
    assert wire.asked == [0.1, 0.2]
    wire.reply(wire.sent[1])
    assert [name for name, _ in wire.answers] == ["0.2"]
    assert wire.requests.under_way("picture") == wire.sent[0].id


def test_ids_are_never_used_twice(wire: Wire) -> None:
    for u in (0.1, 0.2, 0.3):
        wire.ask("picture", u)
        wire.reply(wire.sent[-1])
    assert len({request.id for request in wire.sent}) == 3


def test_what_waited_is_sent_before_the_answer_is_handed_on(wire: Wire) -> None:
    order: list[str] = []
    wire.requests.ask("picture", lambda n: Locate(n, NORMAL, "u", 0.1), lambda _: order.append(f"{wire.asked}"))
    wire.ask("picture", 0.2)
    wire.reply(wire.sent[0])
    assert order == ["[0.1, 0.2]"]


def test_an_answer_nobody_asked_for_is_dropped(wire: Wire) -> None:
    wire.ask("picture", 0.1)
    wire.requests.take(Located(999, 1.0))
    assert not wire.answers
    assert wire.requests.under_way("picture") is not None


def test_a_failure_frees_its_channel(wire: Wire) -> None:
    wire.ask("picture", 0.1)
    wire.ask("picture", 0.2)
    wire.requests.take(Failed(wire.sent[0].id, "Locate", "no"))
    assert wire.asked == [0.1, 0.2]


def test_a_cancelled_request_is_told_and_its_answer_dropped(wire: Wire) -> None:
    wire.ask("export", 0.1)
    wire.ask("export", 0.2)
    wire.requests.cancel("export")
    cancel = wire.sent[-1]
    assert isinstance(cancel, Cancel)
    assert cancel.job == wire.sent[0].id
    wire.reply(wire.sent[0])
    assert not wire.answers
    assert wire.asked == [0.1]


def test_cancelling_nothing_sends_nothing(wire: Wire) -> None:
    wire.requests.cancel("export")
    assert not wire.sent


def test_after_a_crash_all_is_forgotten_and_asked_anew(wire: Wire) -> None:
    for channel in ("picture", "curves"):
        wire.ask(channel, 0.1)
        wire.ask(channel, 0.2)
    lost = list(wire.sent)
    wire.requests.forget_all()
    for request in lost:
        wire.reply(request)
    assert not wire.answers
    wire.ask("picture", 0.3)
    assert wire.asked[-1] == 0.3


def test_a_request_nobody_takes_does_not_block_its_channel(wire: Wire) -> None:
    wire.cut = True
    wire.ask("picture", 0.1)
    assert wire.requests.under_way("picture") is None
    wire.cut = False
    wire.ask("picture", 0.2)
    assert wire.asked == [0.2]


def test_a_series_holds_its_channel_until_its_last_tile(wire: Wire) -> None:
    wire.ask("export", 0.1)
    rows = np.zeros((2, 1), np.float32)
    for start in (0, 2):
        wire.requests.take(SampleTile(wire.sent[0].id, start, 4, rows, rows, rows))
        assert (wire.requests.under_way("export") is None) == (start == 2)
    assert len(wire.answers) == 2
