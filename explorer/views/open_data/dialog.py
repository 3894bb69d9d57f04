"""The dialog that shows data before they are used, and lets every guess be changed; the images follow at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.pane import caption
from explorer.views.common.progress import thin_bar
from explorer.views.common.text_field import ReadOnlyText
from explorer.views.common.words import counted
from explorer.views.open_data.form import OptionsForm
from explorer.views.open_data.sheet import Sheet, scrolled
from models.core.preview import PreviewOfData

SIZE = (900, 560)
FORM_WIDTH = 280
CONVERSIONS_HEIGHT = 96
MOST_CLASSES = 6
COLOURS = {1: "grey", 3: "colour"}
READING = "Reading …"


class PreviewDialog(QDialog):
    """Asks for options and previews the data by them; Open opens them, Cancel stops whatever is under way."""

    def __init__(self, state: AppState, theme: Theme, path: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.state, self.path = state, path
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Open data: {Path(path).name}")
        self.form, self.sheet = OptionsForm(state.catalogue.options_of(path)), Sheet(theme)
        self.facts, self.conversions = QLabel(), ReadOnlyText()
        self.text, self.bar = QLabel(READING), thin_bar()
        self.open_data, self.cancel = QPushButton("Open"), QPushButton("Cancel")
        self.busy = False
        self._dress()
        self._build()
        self._connect()
        self.resize(*SIZE)
        self._ask(afresh=True)

    def _dress(self) -> None:
        self.open_data.setObjectName("primary")
        self.open_data.setDefault(True)
        for label in (self.facts, self.text):
            label.setWordWrap(True)
            # Names of files are no markup.
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setAccessibleName("What the data are")
        self.conversions.setAccessibleName("What is made of the files")
        self.conversions.setFixedHeight(CONVERSIONS_HEIGHT)

    def _build(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self.form)
        left.addSpacing(12)
        left.addWidget(self.facts)
        left.addStretch(1)
        side = QWidget()
        side.setLayout(left)
        side.setFixedWidth(FORM_WIDTH)
        left.setContentsMargins(0, 0, 0, 0)
        right = QVBoxLayout()
        right.addWidget(scrolled(self.sheet), 1)
        right.addWidget(caption("how the files are read"))
        right.addWidget(self.conversions)
        upper = QHBoxLayout()
        upper.setSpacing(16)
        upper.addWidget(side)
        upper.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.text, 1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.open_data)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.addLayout(upper, 1)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        preview = self.state.preview
        self.form.changed.connect(self._ask)
        self.open_data.clicked.connect(self._open)
        self.cancel.clicked.connect(self.reject)
        preview.changed.connect(self._show)
        preview.progressed.connect(self._progressed)
        preview.failed.connect(self._failed)
        preview.opened.connect(self.accept)

    def _ask(self, afresh: bool = False) -> None:
        """Ask what the data would be by the options of the form."""
        options = self.form.options()
        self.open_data.setEnabled(False)
        if options is None:
            self.text.setText(self.form.refusal)
            return
        self._wait(READING)
        self.state.preview.request(self.path, options, afresh)

    def _wait(self, text: str) -> None:
        self.text.setText(text)
        self.bar.setRange(0, 0)
        self.bar.show()

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setToolTip(f"{done:,} of {total:,}" if total else f"{done:,} files found")

    def _rest(self, text: str) -> None:
        self.text.setText(text)
        self.bar.setRange(0, 1)
        self.bar.setValue(0)

    def _show(self) -> None:
        preview = self.state.preview.preview
        if preview is None or preview.path != self.path or preview.options != self.form.options():
            return
        self.sheet.show_preview(preview)
        if not preview.whole:
            self.facts.setText(f"{preview.count:,} files; some are shown while all are being read")
            return
        self._rest("")
        self.form.offer(preview)
        self.facts.setText("\n".join(facts(preview)))
        self.conversions.setPlainText("\n".join(preview.conversions) or "Nothing: the images are taken as they are.")
        self.open_data.setEnabled(True)

    def _failed(self, reason: str) -> None:
        """Say why the data cannot be read so; other options may do."""
        self.busy = False
        self.form.setEnabled(True)
        self._rest(reason)
        self.open_data.setEnabled(False)

    def _open(self) -> None:
        options = self.form.options()
        if options is not None:
            self.busy = True
            self.form.setEnabled(False)
            self.open_data.setEnabled(False)
            self._wait("Opening …")
            self.state.preview.open(self.path, options)

    def done(self, result: int) -> None:
        """Stop what is under way, and close."""
        preview = self.state.preview
        preview.cancel()
        if self.busy and result != QDialog.DialogCode.Accepted:
            preview.stop()
        preview.set_preview(None)
        super().done(result)


def facts(preview: PreviewOfData) -> Iterator[str]:
    """Yield what data would be, in a line each."""
    height, width, channels = preview.image_shape
    size = f"{height} pixels high and {width} wide" if height != width else f"of {height} × {width} pixels"
    yield f"{counted(preview.count, 'image')} in {COLOURS[channels]}, {size}"
    yield f"{preview.train_count:,} train, {preview.count - preview.train_count:,} test"
    if preview.classes:
        names = ", ".join(name or "no label" for name, _ in preview.classes[:MOST_CLASSES])
        more = " …" if len(preview.classes) > MOST_CLASSES else ""
        yield f"{len(preview.classes):,} {'class' if len(preview.classes) == 1 else 'classes'}: {names}{more}"
    else:
        yield "no classes"
    if preview.factor_names:
        yield f"factors: {', '.join(preview.factor_names)}"
    if read_by := preview.options.words():
        yield f"options: {' '.join(read_by)}"
