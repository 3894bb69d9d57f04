"""Notifications: a banner over the window that says what happened and, if possible, what to do."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMainWindow, QPushButton, QToolButton

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.question import discard_after_question

INFO_MS = 6000
# To read what was thrown away, and to think about it.
UNDO_MS = 20_000
MARGIN, TOP = 8, 2
# What is said in two lines of this width has room in the row of the menus.
WIDEST = 760
ICONS = {"info": "info", "warning": "warning", "error": "error"}


class Banner(QFrame):
    """One notification at a time, the newest, laid over the empty end of the menu bar so that nothing jumps.

    It covers nothing: only for what has no room there does the row of the menus grow, as long as it is shown.
    """

    def __init__(self, parent: QMainWindow, state: AppState, theme: Theme) -> None:
        super().__init__(parent)
        self.state, self.theme, self._over = state, theme, parent
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._icon, self.text, self.close_button = QLabel(), QLabel(), QToolButton()
        self.restart, self.resume, self.discard = QPushButton("Restart"), QPushButton(), QPushButton("Discard")
        self.undo = QPushButton("Undo")
        # The worker that Restart restarts; whether it hangs; the workers whose trouble was dismissed.
        self._role, self._hangs = "", False
        self._dismissed: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._build()
        self._connect()
        self.hide()

    @property
    def _buttons(self) -> tuple[QPushButton, ...]:
        return self.resume, self.discard, self.restart, self.undo

    def _build(self) -> None:
        self.text.setWordWrap(True)
        # Names of files and models are no markup.
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.resume.setObjectName("primary")
        self.resume.setAccessibleName("Resume the training")
        self.close_button.setIcon(self.theme.icon("close", self.theme.colors.muted))
        self.close_button.setAccessibleName("Close this message")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 4, 2)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        for button in self._buttons:
            row.addWidget(button)
            button.hide()
        row.addWidget(self.close_button)

    def _connect(self) -> None:
        state = self.state
        self._timer.timeout.connect(self._gone)
        self.close_button.clicked.connect(self._close)
        self.restart.clicked.connect(self._restart)
        self.resume.clicked.connect(self._resume)
        self.discard.clicked.connect(self._discard)
        self.undo.clicked.connect(self._undo)
        state.offers.changed.connect(self._offer)
        state.notices.noticed.connect(self.notify)
        state.notices.settled.connect(self._settled)
        state.workers.crashed.connect(self.crashed)
        state.workers.trouble_changed.connect(self._trouble_changed)
        self._over.installEventFilter(self)

    def notify(self, level: str, text: str) -> None:
        """Show a notification: information disappears by itself, the rest stays, above all a worker that is off."""
        if self._offers(self.restart):
            self.state.notices.withdraw_undo()
            return
        undoable = self.state.notices.undo is not None
        self._show(level, text)
        self.undo.setVisible(undoable)
        self._place()
        if level == "info":
            self._timer.start(UNDO_MS if undoable else INFO_MS)

    def _offers(self, button: QPushButton) -> bool:
        return self.isVisible() and not button.isHidden()

    def crashed(self, role: str, text: str, again: bool) -> None:
        """Report that a worker ended, with a button if it is not restarting anyway."""
        self._role = role
        self.state.notices.withdraw_undo()
        self._show("warning" if again else "error", text)
        self.restart.setVisible(not again)

    def _trouble_changed(self, role: str) -> None:
        """Say that a worker does not get on, with a button; take it back once it does."""
        self._dismissed.discard(role)
        if role in self.state.workers.trouble:
            self._warn_of(role)
        elif self._hangs and self._role == role:
            self._gone()

    def _warn_of(self, role: str) -> None:
        self.state.notices.withdraw_undo()
        self._show("warning", self._troubles[role])
        self._role, self._hangs = role, True
        self.restart.show()
        self._place()

    @property
    def _troubles(self) -> dict[str, str]:
        """What is to be said of workers that do not get on."""
        trouble = self.state.workers.trouble
        return {role: text for role, text in trouble.items() if role not in self._dismissed}

    def _show(self, level: str, text: str) -> None:
        self._timer.stop()
        self._hangs = False
        for button in self._buttons:
            button.hide()
        self.setProperty("level", level)
        self.style().unpolish(self)
        self.style().polish(self)
        color = getattr(self.theme.colors, {"info": "accent"}.get(level, level))
        self._icon.setPixmap(self.theme.icon(ICONS[level], color).pixmap(18, 18))
        self.text.setText(text)
        self.setAccessibleName(f"{level}: {text}")
        self._place()
        self.show()
        self.raise_()

    def _offer(self) -> None:
        """Show the run on offer, after what can be undone or hangs; without one, hide the offer that is shown."""
        offer = self.state.offers.offer
        if offer is not None and (self._offers(self.undo) or self._hangs):
            return
        if offer is not None:
            self._show("warning", offer.text)
            self.resume.setText(offer.button)
            self.resume.show()
            self.discard.show()
            self._place()
        elif not self.resume.isHidden():
            self.hide()

    def _gone(self) -> None:
        """Hide, and show the trouble or the offer that another notification had covered."""
        self.hide()
        self.state.notices.withdraw_undo()
        self._hangs = False
        if self._troubles:
            self._warn_of(next(iter(self._troubles)))
        elif self.state.offers.offer is not None:
            self._offer()

    def _settled(self) -> None:
        """Hide a complaint that is none any more; offers and a worker that is off are no complaints."""
        if not any(button.isVisible() for button in self._buttons):
            self._gone()

    def _close(self) -> None:
        """Dismiss the notification; an offer that is closed is made again at the next start."""
        if not self.resume.isHidden():
            self.state.offers.dismiss()
        if self._hangs:
            self._dismissed.add(self._role)
        self._gone()

    def _resume(self) -> None:
        offer = self.state.offers.offer
        if offer is not None:
            self.state.run.resume(offer.run)

    def _discard(self) -> None:
        offer = self.state.offers.offer
        if offer is not None:
            run = offer.run
            drop = partial(self.state.offers.drop, run)
            discard_after_question(self._over, f"the training of {run.name}", run.elapsed, drop)

    def _undo(self) -> None:
        undo = self.state.notices.withdraw_undo()
        self._gone()
        if undo is not None:
            undo()

    def _restart(self) -> None:
        role = self._role
        if not self._hangs:
            self._gone()
        self.state.workers.restart(role)

    def _place(self) -> None:
        bar = self._over.menuBar()
        menus = max((bar.actionGeometry(action).right() for action in bar.actions()), default=0)
        row, room = bar.sizeHint().height(), self._over.width() - menus - 2 * MARGIN
        width = min(WIDEST, room)
        if self.heightForWidth(width) > row:
            width = room
        height = self.heightForWidth(width)
        bar.setMinimumHeight(height + 2 * TOP)
        self.setGeometry(self._over.width() - width - MARGIN, max((row - height) // 2, TOP), width, height)

    def setVisible(self, visible: bool) -> None:
        """Show or hide it; hidden, it gives the row of the menus its own height back."""
        super().setVisible(visible)
        if not visible:
            self._over.menuBar().setMinimumHeight(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the window is resized."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
