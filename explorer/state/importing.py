"""A model of other people about which a person is asked: what is understood of it, and what has been answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from models.core.data_options import AS_FOUND, DataOptions
from models.core.foreign import TRUST, TRUSTED
from models.protocol.importing import Inspected


class ImportState(QObject):
    """Requests go out as signals to the controllers; answers come back through the setters.

    Attributes
    ----------
    found : Inspected or None
        What is understood with the newest answers that have been looked at; None while nobody is asked.
    answers : dict
        What the person has answered so far; the rest is guessed.
    saving : pair of str and Path, or None
        The file that is being opened, and where its model is to be saved as a file of Latentscape once it is open.
    latents, options : str, DataOptions
        A file of codes, which is opened by these options with the next model that the person opens; empty if there is
        none.

    Signals
    -------
    inspect_requested(str, object)
        Look at a file with these answers, or with those that are remembered for None.
    open_requested(str, object)
        Open a file with these answers.
    asked
        A person is to be asked.
    changed
        Other answers have been looked at.
    """

    inspect_requested = Signal(str, object)
    open_requested = Signal(str, object)
    asked = Signal()
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: Inspected | None = None
        self.answers: dict[str, str] = {}
        self.saving: tuple[str, Path] | None = None
        self.latents, self.options = "", AS_FOUND

    def review(self, path: str) -> None:
        """Ask once more about a file that has been opened."""
        self.found = None
        self.inspect_requested.emit(path, None)

    def show(self, found: Inspected, newest: bool = True) -> None:
        """Show what is understood of a file: the one that is asked about, or another one from now on.

        If it is with the ``newest`` answers, it says what counts as answered.
        """
        same = self.found is not None and self.found.path == found.path
        self.found = found
        if newest or not same:
            self.answers = dict(found.answers)
        if same:
            self.changed.emit()
        else:
            self.asked.emit()

    def refuse(self, reason: str) -> None:
        """Say why nothing is understood with the newest answers."""
        if self.found is not None:
            self.found = replace(self.found, answers=self.answers, fault=reason, program=False)
            self.changed.emit()

    @property
    def behind(self) -> bool:
        """Whether what is shown is not yet that of the newest answers."""
        return self.found is not None and dict(self.found.answers) != self.answers

    def answer(self, name: str, text: str) -> None:
        """Answer a question."""
        self._set_answers({**self.answers, name: text})

    def guess_again(self) -> None:
        """Take all answers back, save that the model is trusted."""
        self._set_answers({name: text for name, text in self.answers.items() if name == TRUST})

    def trust(self) -> None:
        """Let a model that is a program be loaded."""
        self.answer(TRUST, TRUSTED)

    def _set_answers(self, answers: Mapping[str, str]) -> None:
        if self.found is not None and answers != self.answers:
            self.answers = dict(answers)
            self.inspect_requested.emit(self.found.path, self.answers)

    def accept(self, saved_as: Path | None = None) -> None:
        """Open the model with the answers that were given, and save it as a file of Latentscape if that was asked."""
        if self.found is not None:
            path, self.found = self.found.path, None
            self.saving = None if saved_as is None else (path, saved_as)
            self.open_requested.emit(path, self.answers)

    def dismiss(self) -> None:
        """Open nothing."""
        self.found, self.latents = None, ""

    def open_latents(self, path: str, options: DataOptions) -> None:
        """Open the codes in a file with the next model, by some options."""
        self.latents, self.options = path, options

    def set_latents(self, path: str) -> None:
        """Open the codes in a file with the model."""
        self.latents, self.options = path, AS_FOUND
        self.changed.emit()

    def take_saving(self, origin: str) -> Path | None:
        """Return where a model that has been opened is to be saved, None if that was not asked for."""
        saving, self.saving = self.saving, None
        return None if saving is None or Path(saving[0]).absolute() != Path(origin).absolute() else saving[1]

    def take_latents(self) -> str:
        """Return the file of codes to open with the model that has been opened."""
        path, self.latents = self.latents, ""
        return path
