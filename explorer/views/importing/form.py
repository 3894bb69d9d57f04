"""The questions that a file leaves open, each with what stands now; an answer is passed on at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from explorer.state.importing import ImportState
from explorer.views.common.choices import Choice
from explorer.views.common.pane import caption
from models.protocol.importing import Question

Field = Choice | QLineEdit
GUESSED, ANSWERED = "guessed", "answered"
SHORTEST = 6


class QuestionForm(QWidget):
    """A row for each question: its name, its field, and whether what stands there was guessed."""

    def __init__(self, state: ImportState) -> None:
        super().__init__()
        self._state = state
        self.fields: dict[str, Field] = {}
        self._marks: dict[str, QLabel] = {}
        self._shown: tuple[object, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)

    def show_questions(self, questions: Sequence[Question], answers: Mapping[str, str]) -> None:
        """Show questions and what stands now; a field that is being used stays as it is."""
        shape = tuple((question.name, question.options) for question in questions)
        if shape != self._shown:
            self._shown = shape
            self._rebuild(questions)
        for question in questions:
            _show(self.fields[question.name], question.taken)
            self._marks[question.name].setText(ANSWERED if question.name in answers else GUESSED)

    def _rebuild(self, questions: Sequence[Question]) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.deleteLater()
        self.fields = {question.name: self._field(question) for question in questions}
        self._marks = {question.name: _mark() for question in questions}
        for row, question in enumerate(questions):
            field = self.fields[question.name]
            field.setAccessibleName(question.label)
            self._grid.addWidget(caption(question.label), row, 0)
            self._grid.addWidget(field, row, 1)
            self._grid.addWidget(self._marks[question.name], row, 2, Qt.AlignmentFlag.AlignLeft)

    def _field(self, question: Question) -> Field:
        if not question.options:
            line = QLineEdit()
            line.setPlaceholderText("height x width x channels")
            line.editingFinished.connect(partial(self._typed, question.name, line))
            return line
        box = Choice()
        box.setMinimumContentsLength(SHORTEST)
        box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for key, words in question.options:
            box.addItem(words, key)
        box.activated.connect(partial(self._chosen, question.name, box))
        return box

    def _typed(self, name: str, line: QLineEdit) -> None:
        if line.isModified() and line.text().strip():
            line.setModified(False)
            self._state.answer(name, line.text().strip())

    def _chosen(self, name: str, box: Choice, row: int) -> None:
        self._state.answer(name, str(box.itemData(row)))


def _mark() -> QLabel:
    """Return a label that keeps its width whatever it says."""
    label = caption(ANSWERED)
    label.setMinimumWidth(label.sizeHint().width())
    return label


def _show(field: Field, taken: str) -> None:
    if isinstance(field, QLineEdit):
        if not field.isModified():
            field.setText(taken)
    else:
        field.setCurrentIndex(field.findData(taken))
