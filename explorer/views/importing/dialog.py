"""What was understood of a model of other people: pictures, layers, and every guess to be answered instead."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.pane import heading
from explorer.views.importing.form import QuestionForm
from explorer.views.importing.sheet import PictureSheet
from models.core.foreign import TRUST
from models.core.formats import LATENT_FILES
from models.protocol.importing import Inspected

SIZE = (900, 580)
NO_CODES = "Codes …"
PROGRAM = (
    "This is a TensorFlow SavedModel, which is a program: while it is loaded it can do all that you can do on this "
    "computer. Trust it only if you know where it comes from. What is kept of it afterwards is a graph of known "
    "operations, and nothing of the program runs again."
)
SHOWN_FACTS = ("format", "image", "latent", "decoder", "encoder")


class ImportDialog(QDialog):
    """Asks about the model in the state; it closes when that is opened or dismissed.

    Signals
    -------
    saving
        The model is to be opened and saved as a file of Latentscape.
    """

    saving = Signal()

    def __init__(self, state: AppState, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = state.importing
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.sheet, self.form, self.layers = PictureSheet(theme), QuestionForm(self._state), QTreeWidget()
        self.facts, self.fault, self.guess = QLabel(), QLabel(), QPushButton("Guess again")
        self.open_model, self.save = QPushButton("Open"), QPushButton("Open and save as …")
        self.cancel, self.codes = QPushButton("Cancel"), QPushButton(NO_CODES)
        self.trust = QPushButton("I trust this file")
        self._dress()
        self._build()
        self.codes.clicked.connect(self._choose_codes)
        self.guess.clicked.connect(self._state.guess_again)
        self.trust.clicked.connect(self._state.trust)
        self.open_model.clicked.connect(self.accept)
        self.save.clicked.connect(self.saving)
        self.cancel.clicked.connect(self.reject)
        self._state.changed.connect(self.show_found)
        self._state.inspect_requested.connect(self._dim)
        self.show_found()
        self.open_model.setFocus()

    def _dress(self) -> None:
        self.open_model.setObjectName("primary")
        self.open_model.setDefault(True)
        self.fault.setObjectName("trouble")
        self.guess.setToolTip("Take all answers back")
        self.codes.setToolTip(
            "Explore the model with the codes in a file: z or mu, with sigma and labels if it has them"
        )
        self.save.setToolTip("Open it, and write a file that opens without questions on any computer")
        for label in (self.facts, self.fault):
            label.setWordWrap(True)
            # Names in files are no markup.
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.layers.setHeaderLabels(["layer", "makes", "parameters"])
        self.layers.setAccessibleName("Layers")
        self.layers.setUniformRowHeights(True)
        self.layers.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def _build(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(heading("Understood as"))
        right.addWidget(self._scrolled(self.form), 5)
        right.addWidget(heading("Layers"))
        right.addWidget(self.layers, 3)
        halves = QHBoxLayout()
        halves.setSpacing(16)
        halves.addWidget(self.sheet, 5)
        halves.addLayout(right, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.addWidget(self.facts)
        layout.addLayout(halves, 1)
        layout.addWidget(self.fault)
        layout.addLayout(self._buttons())
        self.resize(*SIZE)

    def _scrolled(self, form: QWidget) -> QScrollArea:
        area = QScrollArea()
        area.setObjectName("scrolled")
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        form.setObjectName("pane")
        area.setWidget(form)
        return area

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(self.guess)
        row.addWidget(self.codes)
        row.addStretch(1)
        for button in (self.trust, self.cancel, self.save, self.open_model):
            row.addWidget(button)
        return row

    def show_found(self) -> None:
        """Show what is understood with the newest answers."""
        found = self._state.found
        if found is None:
            return
        self.setWindowTitle(f"What was understood of {found.name}")
        self.facts.setText("  ·  ".join(_fact(found, subject) for subject in SHOWN_FACTS if subject in found.facts))
        self.fault.setText(PROGRAM if found.program else found.fault)
        self.fault.setVisible(bool(found.fault))
        self.form.show_questions(found.questions, self._state.answers)
        self.sheet.show_found(found)
        self.trust.setVisible(found.program)
        self.codes.setText(Path(self._state.latents).name or NO_CODES)
        self._show_layers(found)
        self._dim()

    def _show_layers(self, found: Inspected) -> None:
        self.layers.clear()
        for part in dict.fromkeys(line.part for line in found.layers):
            top = QTreeWidgetItem(self.layers, [part])
            for line in found.layers:
                if line.part == part:
                    shape = " × ".join(map(str, line.shape))
                    QTreeWidgetItem(top, [line.operation, shape, f"{line.parameters:,}" if line.parameters else ""])
            top.setExpanded(True)
        self.layers.resizeColumnToContents(1)

    def _dim(self) -> None:
        """Dim pictures of answers that count no longer; only what has been looked at can be opened."""
        found = self._state.found
        self.sheet.set_dimmed(self._state.behind)
        for button in (self.open_model, self.save):
            button.setEnabled(found is not None and not found.fault and not self._state.behind)
        self.guess.setEnabled(any(name != TRUST for name in self._state.answers))
        self.trust.setEnabled(not self._state.behind)

    def _choose_codes(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Codes to explore the model with", str(Path.home()), LATENT_FILES)
        if path:
            self._state.set_latents(path)

    def accept(self) -> None:
        """Open the model."""
        self._state.accept()
        super().accept()

    def accept_and_save(self, path: Path) -> None:
        """Open the model and save it."""
        self._state.accept(path)
        super().accept()

    def reject(self) -> None:
        """Open nothing."""
        self._state.dismiss()
        super().reject()


def _fact(found: Inspected, subject: str) -> str:
    return found.facts[subject] if subject in ("format", "latent") else f"{subject} {found.facts[subject]}"
