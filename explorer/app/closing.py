"""The question before the window closes: which trained models would be lost, and what is to become of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from explorer.state import AppState
from explorer.state.unsaved import DOT, UnsavedModel
from models.core.history import DAYS_IN_TRASH

Answer = Literal["save", "discard", "close", "cancel"]
TRAINING = "A training run is in progress. It ends with the window; the next start offers to resume it."
ANSWERS = (
    "Save asks where to keep {them}. Discard moves {them} to the trash, where {they} for {days} days. "
    "Cancel keeps the window open."
)


def ask_before_closing(over: QWidget, state: AppState) -> Answer:
    """Ask what is to become of unsaved models and of a run under way; ``close`` at once if there are none."""
    models, training = state.unsaved.models, state.run.active
    if not models and not training:
        return "close"
    box = QMessageBox(over)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(over.windowTitle().replace("[*]", ""))
    box.setText(_question(len(models)))
    box.setInformativeText(_details(models, training))
    answers = _add_buttons(box, len(models))
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return next((answer for answer, button in answers.items() if button is clicked), "cancel")


def _question(count: int) -> str:
    match count:
        case 0:
            return "Close the window and end the training?"
        case 1:
            return "Save the trained model before closing?"
        case _:
            return f"Save the {count} trained models before closing?"


def _details(models: Sequence[UnsavedModel], training: bool) -> str:
    """Name the models, and say what each button does."""
    parts = ["\n".join(f"{DOT} {model.title}" for model in models)] if models else []
    if models:
        them, they = ("it", "it stays") if len(models) == 1 else ("them", "they stay")
        parts.append(ANSWERS.format(them=them, they=they, days=DAYS_IN_TRASH))
    return "\n\n".join([*parts, TRAINING] if training else parts)


def _add_buttons(box: QMessageBox, count: int) -> dict[Answer, QPushButton]:
    roles = QMessageBox.ButtonRole
    them = "" if count <= 1 else f" {count} models"
    if count:
        buttons: dict[Answer, QPushButton] = {
            "save": box.addButton(f"Save{them} …", roles.AcceptRole),
            "discard": box.addButton(f"Discard{them}", roles.DestructiveRole),
        }
    else:
        buttons = {"close": box.addButton("End training and close", roles.AcceptRole)}
    buttons["cancel"] = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons.get("save", buttons["cancel"]))
    box.setEscapeButton(buttons["cancel"])
    return buttons
