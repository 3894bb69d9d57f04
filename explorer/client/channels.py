"""Requests in channels: at most one is under way and one waits, which a newer one replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from models.protocol.decoding import Cancel, SampleTile
from models.protocol.messages import Reply, Request
from models.protocol.opening import DataPreviewed, Opening
from models.protocol.paths import WalkFound, WalkProgress

Build = Callable[[int], Request]
Answer = Callable[[Reply], None]


@dataclass
class _Channel:
    under_way: int | None = None
    waiting: tuple[Build, Answer] | None = None


class Requests:
    """Sends requests of several channels through ``send`` and hands each reply to whoever asked.

    ``send`` returns False when nobody listens; the request is dropped then, since a restarted worker is asked again.
    """

    def __init__(self, send: Callable[[Request], bool]) -> None:
        self._send = send
        self._ids = count(1)
        self._channels: dict[str, _Channel] = {}
        self._asked: dict[int, tuple[str, Answer]] = {}

    def ask(self, channel: str, build: Build, answer: Answer) -> None:
        """Send the request ``build(id)`` as soon as ``channel`` is free; ``answer`` gets its replies."""
        state = self._channels.setdefault(channel, _Channel())
        if state.under_way is None:
            self._start(channel, state, build, answer)
        else:
            state.waiting = (build, answer)

    def channel_of(self, number: int) -> str | None:
        """Return the channel in which the request ``number`` is under way."""
        asked = self._asked.get(number)
        return None if asked is None else asked[0]

    def under_way(self, channel: str) -> int | None:
        """Return the id of the request under way in a channel."""
        return self._channels[channel].under_way if channel in self._channels else None

    @property
    def busy(self) -> bool:
        """Whether a request is under way in any channel."""
        return any(channel.under_way is not None for channel in self._channels.values())

    def take(self, reply: Reply) -> None:
        """Deliver a reply, then send what waited behind it."""
        number = getattr(reply, "id", 0)
        asked = self._asked.get(number)
        if asked is None:
            return
        channel, answer = asked
        if not _more_follow(reply):
            del self._asked[number]
            self._free(channel)
        answer(reply)

    def cancel(self, channel: str) -> None:
        """Forget a channel's requests and tell the worker to drop the one under way."""
        number = self.under_way(channel)
        self._channels.pop(channel, None)
        if number is not None:
            self._asked.pop(number, None)
            self._send(Cancel(next(self._ids), number))

    def forget_all(self) -> None:
        """Forget everything: the worker that should have answered is gone."""
        self._channels.clear()
        self._asked.clear()

    def _free(self, channel: str) -> None:
        state = self._channels[channel]
        state.under_way = None
        waiting, state.waiting = state.waiting, None
        if waiting is not None:
            self._start(channel, state, *waiting)

    def _start(self, channel: str, state: _Channel, build: Build, answer: Answer) -> None:
        number = next(self._ids)
        if self._send(build(number)):
            state.under_way = number
            self._asked[number] = (channel, answer)


def _more_follow(reply: Reply) -> bool:
    if isinstance(reply, SampleTile):
        return reply.start + len(reply.z) < reply.total
    if isinstance(reply, DataPreviewed):
        return not reply.preview.whole
    return isinstance(reply, Opening | WalkProgress | WalkFound)
