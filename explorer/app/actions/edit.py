"""The Edit menu: undo and redo, points, samples, the clipboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication, QImage, QKeySequence

from explorer.app.actions.base import Command, Entries, Key, MenuActions
from explorer.state import AppState
from explorer.state.latent import PointSource
from explorer.theme.theme import Theme


class EditActions(MenuActions):
    """The actions of the menu; panes lend their commands and the picture they show."""

    def __init__(
        self,
        state: AppState,
        theme: Theme,
        randomize: Callable[[], None],
        reset: Callable[[], None],
        picture: Callable[[], QImage | None],
        parent: QObject,
    ) -> None:
        super().__init__(theme, parent)
        self._state, self._picture = state, picture
        add = self.add_action
        self.undo, self.redo = self._history()
        self.add_point = add(Command("&Add point", state.latent.add_point, "plus", "Ctrl+D"))
        self.remove_point = add(Command("Re&move point", state.latent.remove_point, shortcut="Ctrl+Backspace"))
        tip = "Move the current point to a sample of the prior, from the next seed"
        self.sample = add(Command("&Sample", self._sample, "dice", "Ctrl+Shift+R", tip))
        self.randomize = add(Command("Randomi&ze unlocked dimensions", randomize, shortcut="Ctrl+R"))
        self.reset = add(Command("Reset &to μ", reset, "reset", "Ctrl+0"))
        self.copy_picture = add(Command("&Copy decoded picture", self._copy_picture, shortcut="Ctrl+Shift+C"))
        state.model.model_changed.connect(self._model_changed)
        state.undo.changed.connect(self._name_steps)
        self._model_changed()
        self._name_steps()

    @property
    def entries(self) -> Entries:
        """The menu from top to bottom."""
        points = self.add_point, self.remove_point
        return (
            self.undo, self.redo, None, *points, None, self.sample, self.randomize, self.reset, None,
            self.copy_picture,
        )  # fmt: skip

    def _history(self) -> tuple[QAction, QAction]:
        history = self._state.undo
        undo, redo = (self.add_action(Command(*row)) for row in (("&Undo", history.undo), ("&Redo", history.redo)))
        undo.setWhatsThis("Undo the last change")
        redo.setWhatsThis("Redo what was undone")
        undo.setShortcuts(QKeySequence.keyBindings(Key.Undo))
        # Not twice: Qt finds a key that an action has two times ambiguous, and does nothing.
        keys = [key for key in QKeySequence.keyBindings(Key.Redo) if key != QKeySequence("Ctrl+Y")]
        redo.setShortcuts([*keys, QKeySequence("Ctrl+Y")])
        self.set_icon(undo, "undo")
        self.set_icon(redo, "redo")
        return undo, redo

    def _name_steps(self) -> None:
        """Say what would be undone and redone."""
        history = self._state.undo
        for action, verb, step, there in (
            (self.undo, "Undo", history.undo_text(), history.can_undo()),
            (self.redo, "Redo", history.redo_text(), history.can_redo()),
        ):
            name = f"{verb} {step}".strip()
            action.setText(f"&{name}")
            action.setToolTip(f"{name} ({action.shortcut().toString()})")
            action.setEnabled(there)

    def _model_changed(self) -> None:
        known = self._state.model.model is not None
        for action in (self.sample, self.randomize, self.copy_picture):
            action.setEnabled(known)

    def _sample(self) -> None:
        state = self._state
        state.display.set_seed(state.display.seed + 1)
        dims, seed = state.latent.latent_dim, state.display.seed
        noise = state.display.prior_noise(dims, state.model.prior_family)
        state.latency.input()
        with state.latent.step("Sample from the prior"):
            held = ", but the locked dimensions" if state.latent.locked.any() else ""
            source = PointSource("prior", f"sample of the prior, seed {seed}{held}")
            state.latent.set_posterior(0.0 * noise, 0.0 * noise + 1.0, source, noise)

    def _copy_picture(self) -> None:
        image = self._picture()
        if image is not None:
            QGuiApplication.clipboard().setImage(image)
            self._state.notices.notice("info", "Copied the decoded picture.")
