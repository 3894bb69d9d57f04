"""Protocol of the training benchmark's peers: one line of JSON per turn. Standard library only.

A peer has ``train(epochs) -> seconds`` and ``elbo() -> nats``; ``work`` is what it trains on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Work:
    """Data and network: the arrays ``train`` and ``test`` of the file are uint8 [n, h, w, c], the test binarized."""

    data: str
    kind: str
    hidden: tuple[int, ...] = (256, 128)
    channels: tuple[int, ...] = (32, 32, 64)
    latent_dim: int = 50
    batch_size: int = 128
    learning_rate: float = 1e-3


class Peer(Protocol):
    """One way to train."""

    def train(self, epochs: int) -> float:
        """Train and return the seconds it took."""

    def elbo(self) -> float:
        """Return the ELBO of the test images with one draw of ε each, in nats."""


def serve(make: Callable[[Work], Peer]) -> None:
    """Answer turns on the standard streams until they end; output of the libraries goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    first = json.loads(sys.stdin.readline())
    peer = make(Work(**{name: tuple(value) if isinstance(value, list) else value for name, value in first.items()}))
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        epochs = json.loads(line)
        print(json.dumps(peer.train(epochs) if epochs else peer.elbo()), file=answers, flush=True)
