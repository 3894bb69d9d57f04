"""The first things to try, told in the window until they have been done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from PySide6.QtCore import QObject, Signal

Hint = Literal["point", "image", "slider"]
HINTS: tuple[Hint, ...] = get_args(Hint)


class HintState(QObject):
    """Which of the first things to try are still :attr:`open`; what has been done or dismissed does not come back.

    Signals
    -------
    changed
        There are fewer open, or others.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.open: tuple[Hint, ...] = ()

    def offer(self, hints: Iterable[object]) -> None:
        """Tell these, in their own order; anything else is left out."""
        wanted = list(hints)
        self.open = tuple(hint for hint in HINTS if hint in wanted)
        self.changed.emit()

    def mark(self, hint: Hint) -> None:
        """Record that something has been done."""
        if hint in self.open:
            self.open = tuple(other for other in self.open if other != hint)
            self.changed.emit()

    def dismiss(self) -> None:
        """Tell no more."""
        self.offer(())
