"""A question before work is thrown away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from explorer.views.common.words import duration
from models.core.history import DAYS_IN_TRASH

# Less work than this is thrown away without a question: it can be taken back.
ASK_FROM_SECONDS = 60.0


class Question(QMessageBox):
    """Calls ``do`` if the person presses the button that says so; the event loop goes on meanwhile."""

    def __init__(self, over: QWidget, text: str, more: str, button: str, do: Callable[[], None]) -> None:
        super().__init__(QMessageBox.Icon.Question, "Latentscape", text, parent=over)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setInformativeText(more)
        self._do = do
        self.yes = self.addButton(button, QMessageBox.ButtonRole.DestructiveRole)
        self.no = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(self.no)
        self.setEscapeButton(self.no)
        self.buttonClicked.connect(self._answered)

    def _answered(self, button: QAbstractButton) -> None:
        if button is self.yes:
            self._do()


def discard_after_question(over: QWidget, what: str, seconds: float, do: Callable[[], None]) -> None:
    """Discard ``what``, which took so many seconds to make: if that is more than a minute, only when the person agrees.

    ``do`` moves it to the trash.
    """
    if seconds < ASK_FROM_SECONDS:
        do()
        return
    more = f"That is {duration(seconds)} of work. It can be taken back for {DAYS_IN_TRASH} days: Model ▸ Runs …"
    Question(over, f"Discard {what}?", more, "Discard", do).open()
