"""The curves of a training run as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Series:
    """One curve: epochs and values in nats. A long one is thinned to every other point again and again."""

    epochs: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, epoch: float, value: float) -> None:
        """Append a value; a run resumed from an earlier epoch drops what lies after it."""
        while self.epochs and self.epochs[-1] >= epoch:
            self.epochs.pop()
            self.values.pop()
        self.epochs.append(epoch)
        self.values.append(value)
        if len(self.epochs) > POINTS_KEPT:
            self.epochs, self.values = self.epochs[1::2], self.values[1::2]


POINTS_KEPT = 4000

TERMS = ("elbo", "reconstruction", "kl")

NORM = "gradient_norm"
