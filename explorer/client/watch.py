"""Judge from its signs of life whether a worker gets on."""

from __future__ import annotations

from models.protocol.lifecycle import Alive

# Without a sign of life: stopped, or the machine has no time for it. Until it has greeted, loading libraries from a
# slow disk may hold Python up.
SILENT_SECONDS, SILENT_AT_START = 5.0, 30.0
# Within one turn and using no processor: it waits for something. Compiling and computing use it.
STUCK_SECONDS = 20.0
# Within one turn at all: even compiling a large network on a slow machine takes less.
LONG_SECONDS = 180.0
# What the whole process uses in the time above if it works at all, even beside others that are preferred.
WORKING_CPU = 0.2
# When the window itself was stopped, or busy, the time it missed says nothing about the worker.
LONGEST_LOOK = 2.0

SILENT = "gives no sign of life: it is stopped, or the machine has no time for it"
STUCK = f"has waited for something for {STUCK_SECONDS:.0f} seconds, such as a slow disk"
LONG = f"has been busy with one thing for {LONG_SECONDS / 60:.0f} minutes"


class Watch:
    """One worker, from its start to its end.

    :meth:`hear` may be called from another thread.
    """

    def __init__(self) -> None:
        self.greeted = False
        self._heard: Alive | None = None
        self._seen: Alive | None = None
        self._silent = 0.0
        # Since it began the turn, and since it was seen to use the processor in it.
        self._turn = self._idle = 0.0
        self._cpu = 0.0

    @property
    def memory(self) -> int:
        """The bytes that the worker held last while it had nothing to do; 0 if that is not known."""
        heard = self._heard
        return 0 if heard is None or heard.at_work else heard.memory

    def hear(self, alive: Alive) -> None:
        """Take note of a sign of life."""
        self._heard = alive

    def look(self, seconds: float) -> str:
        """Return what is wrong, as the end of a sentence, or nothing; ``seconds`` have passed since the last look."""
        heard, seconds = self._heard, min(seconds, LONGEST_LOOK)
        if heard is None or heard is self._seen:
            self._silent += seconds
        else:
            self._silent = 0.0
            self._follow(heard, seconds)
        if self._silent >= (SILENT_SECONDS if self.greeted else SILENT_AT_START):
            return SILENT
        if self._idle >= STUCK_SECONDS:
            return STUCK
        return LONG if self._turn >= LONG_SECONDS else ""

    def _follow(self, heard: Alive, seconds: float) -> None:
        seen, self._seen = self._seen, heard
        if seen is None or heard.turn != seen.turn or not heard.at_work:
            self._turn = self._idle = 0.0
            self._cpu = heard.cpu_seconds
            return
        self._turn += seconds
        self._idle += seconds
        if heard.cpu_seconds - self._cpu >= WORKING_CPU:
            self._idle, self._cpu = 0.0, heard.cpu_seconds
