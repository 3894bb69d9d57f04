"""Python's garbage collector, kept to the GUI thread.

A collection runs in whichever thread happens to allocate. In a reader or writer thread it would destroy Qt objects
outside their own thread, which crashes; in the GUI thread it may come in the middle of a drag. So automatic collection
is off while there is a window, and a timer does its work in small generations.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 400


class Collector(QObject):
    """Collects, between two events, what Python itself would have collected by now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect)

    def start(self) -> None:
        """Take over from the automatic collector; what exists now is assumed to stay and is not examined again."""
        gc.disable()
        gc.freeze()
        self._timer.start()

    def stop(self) -> None:
        """Hand back to the automatic collector."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def collect(self) -> None:
        """Collect the oldest generation that is due."""
        due = [count > limit for count, limit in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        if any(due):
            gc.collect(max(generation for generation, is_due in enumerate(due) if is_due))
