"""A key point of the path as a button: a click removes it, a right click offers more."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QPushButton

from explorer.state import AppState
from explorer.views.common.menus import Entry, pop_up


class KeyChip(QPushButton):
    """The key point ``index`` of the path."""

    def __init__(self, state: AppState, index: int) -> None:
        self._key = state.paths.keys[index]
        super().__init__(f"{self._key.name}  ×")
        self._state, self._index = state, index
        self.setToolTip(f"Remove {self._key.name} from the path  ·  Right-click: go there, or move it")
        self.setAccessibleName(f"Remove {self._key.name} from the path")
        self.clicked.connect(self._take_out)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to go there, and to move the key point to where the current point is."""
        name = self._state.latent.point.name
        entries = [
            Entry(f"Move {name} there", self._go),
            Entry(f"Move this key point to {name}", self._move),
            Entry("Remove", self._take_out),
        ]
        pop_up(self, event.globalPos(), entries)

    def _take_out(self) -> None:
        self._state.paths.remove_key(self._index)

    def _go(self) -> None:
        latent = self._state.latent
        if len(self._key.z) == latent.latent_dim:
            self._state.latency.input()
            with latent.step(f"Go to {self._key.name}"):
                latent.set_z(np.array(self._key.z))

    def _move(self) -> None:
        self._state.paths.move_key(self._index, self._state.latent.point.z)
