"""The running tally of one gradient estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from models.core.arrays import Vector
from models.protocol.lab import Estimates

KEPT = 20_000


@dataclass
class Tally:
    """All samples of one estimator in one parameter so far: moments of all, the newest ones kept for the histogram."""

    estimator: str
    biased: bool
    variance: float | None
    microseconds: float
    count: int = 0
    mean: float = 0.0
    scatter: float = 0.0
    newest: Vector = field(default_factory=lambda: np.zeros(0))
    counts: list[int] = field(default_factory=list)
    means: list[float] = field(default_factory=list)

    def add(self, estimates: Estimates) -> None:
        """Take in a batch (Chan, Golub & LeVeque 1983: moments of two parts together)."""
        batch, size = estimates.gradients, len(estimates.gradients)
        total, shift = self.count + size, float(batch.mean()) - self.mean
        self.scatter += float(batch.var()) * size + shift * shift * self.count * size / total
        self.mean += shift * size / total
        self.count = total
        self.newest = np.concatenate([self.newest, batch])[-KEPT:]
        self.counts.append(total)
        self.means.append(self.mean)
        self.microseconds += (estimates.microseconds - self.microseconds) / len(self.counts)

    @property
    def sample_variance(self) -> float:
        """Variance of one sample."""
        return self.scatter / max(self.count - 1, 1)

    @property
    def error(self) -> float:
        """Standard error of the running mean."""
        return math.sqrt(self.sample_variance / max(self.count, 1))
