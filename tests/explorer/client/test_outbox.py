"""Requests to a worker that does not read: whoever sends never waits, nothing piles up, the order is kept."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from itertools import count
from multiprocessing.connection import Connection

import numpy as np
import pytest

from explorer.client.channels import Requests
from explorer.client.outbox import FITS, Outbox
from models.protocol.decoding import Cancel, EncodeImages, Sample
from models.protocol.messages import Request

BIG = np.zeros((4000, 28, 28, 1), np.uint8)
PATIENCE = 10.0


class Pipe:
    """An outbox and the worker's end of its pipe."""

    def __init__(self) -> None:
        ours, self.theirs = multiprocessing.Pipe()
        self.ours: Connection = ours
        self.outbox = Outbox(ours, "writer")

    def read(self, n: int) -> list[Request]:
        """Read as the worker does."""
        return [self._next() for _ in range(n)]

    def _next(self) -> Request:
        assert self.theirs.poll(PATIENCE)
        request: Request = self.theirs.recv()
        return request

    def close(self) -> None:
        self.theirs.close()
        self.outbox.close(PATIENCE)
        self.ours.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


def sample(number: int) -> Sample:
    return Sample(number, "prior", 10, 0, np.zeros(50, np.float32), np.ones(50, np.float32))


def test_asking_and_cancelling_while_nobody_reads_neither_waits_nor_piles_up(pipe: Pipe) -> None:
    requests = Requests(pipe.outbox.put)
    for _ in range(2000):
        requests.ask("preview", sample, lambda _: None)
        requests.cancel("preview")
    assert len(pipe.outbox) <= 1
    requests.ask("preview", sample, lambda _: None)
    wanted = requests.under_way("preview")
    read = pipe.read(1)
    while read[-1].id != wanted:
        read += pipe.read(1)
    # What was written before the pipe was full is cancelled by what follows it.
    asked = [request.id for request in read if isinstance(request, Sample)]
    cancelled = [request.job for request in read if isinstance(request, Cancel)]
    assert cancelled == asked[:-1]
    assert [request.id for request in read] == sorted(request.id for request in read)


def test_what_does_not_fit_is_written_in_order_as_it_is_read(pipe: Pipe) -> None:
    numbers = count(1)
    for images in (BIG[:1], BIG, BIG[:1], BIG[: FITS // 784], BIG, BIG[:2]):
        assert pipe.outbox.put(EncodeImages(next(numbers), images))
    assert [request.id for request in pipe.read(6)] == [1, 2, 3, 4, 5, 6]


def test_a_request_is_sent_as_it_was_when_it_was_asked(pipe: Pipe) -> None:
    images = BIG.copy()
    pipe.outbox.put(EncodeImages(1, images))
    pipe.outbox.put(EncodeImages(2, images))
    images[:] = 1
    assert [int(request.images.max()) for request in pipe.read(2) if isinstance(request, EncodeImages)] == [0, 0]


def test_nothing_is_taken_for_a_worker_that_has_ended(pipe: Pipe) -> None:
    for number in range(3):
        pipe.outbox.put(EncodeImages(number, BIG))
    pipe.theirs.close()
    pipe.outbox._writer.join(PATIENCE)
    assert not pipe.outbox.put(sample(4))
