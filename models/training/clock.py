"""Measure the time of a training, and size the chunks of steps between which a person can interrupt it."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_CHUNK = 0.1
# The first chunks are short; each may have this many times the steps of the one before.
MAX_GROWTH = 4


@dataclass
class Clock:
    """Seconds of training without pauses, and the speed of the last chunks."""

    elapsed: float = 0.0
    seconds_per_step: float = 0.0
    last_steps: int = 1

    def add(self, steps: int, seconds: float) -> None:
        """Add a chunk; it counts a third for the speed, so that the remaining time does not jump."""
        self.elapsed += seconds
        self.last_steps = steps
        latest = seconds / steps
        if self.seconds_per_step == 0.0:
            self.seconds_per_step = latest
        self.seconds_per_step += (latest - self.seconds_per_step) / 3.0

    def chunk(self) -> int:
        """Return how many steps take about a tenth of a second; few until the speed is known."""
        if self.seconds_per_step == 0.0:
            return 1
        return max(1, min(int(SECONDS_PER_CHUNK / self.seconds_per_step), self.last_steps * MAX_GROWTH))
