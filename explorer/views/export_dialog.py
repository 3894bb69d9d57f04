"""The dialog that exports sample images: what, how many, from which seed, with a preview and progress."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.export.names import earlier_files, free_folder
from explorer.state import AppState
from explorer.state.export import MOST_EXPORTED, PREVIEW_IMAGES, ExportSettings
from explorer.theme.theme import Theme
from explorer.views.common.choices import Choice
from explorer.views.common.number_box import NumberBox, WholeBox
from explorer.views.common.number_text import Exact
from explorer.views.common.pane import caption
from explorer.views.common.pictures import Picture
from explorer.views.common.progress import outcome, thin_bar
from models.core.arrays import Floats32
from models.protocol.decoding import SampleSource

SOURCES: dict[SampleSource, str] = {
    "prior": "the prior N(0, I)",
    "around": "around the point, N(z, spread²)",
    "posterior": "the posterior q(z|x)",
}


MOST_ZOOM = 32
LARGEST_SEED = 2**31 - 1


class ExportDialog(QDialog):
    """Asks for settings, previews them live and shows progress; Cancel stops and says what was written."""

    def __init__(self, state: AppState, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.state = state
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export samples")
        self.source, self.count = Choice(), WholeBox(1, MOST_EXPORTED, live=False)
        self.seed, self.zoom = WholeBox(0, LARGEST_SEED, live=False), WholeBox(1, MOST_ZOOM, live=False)
        self.spread = NumberBox(0.01, 10.0, Exact(2), 0.1, live=False)
        self.pictures, self.sheet = QCheckBox("PNG files, each with its latent"), QCheckBox("contact sheet")
        self.tables = QCheckBox("latents as NPZ and CSV")
        self.folder, self.bar, self.text = QLineEdit(), thin_bar(), outcome()
        self.export, self.cancel = QPushButton("Export"), QPushButton("Close")
        self.preview = Picture(theme, "preview", "Preview", smallest=320)
        self._fill()
        self._build()
        self._connect()
        self.ask_preview()

    def _fill(self) -> None:
        for key, text in SOURCES.items():
            self.source.addItem(text, key)
        self._numbers = {"number": self.count, "seed": self.seed, "spread": self.spread, "zoom": self.zoom}
        for field, value in zip(self._numbers.values(), (16, self.state.display.seed, 0.5, 4), strict=True):
            field.setValue(value)
        self.folder.setText(str(Path.home() / "latentscape-samples"))
        for box in (self.pictures, self.sheet, self.tables):
            box.setChecked(True)
        self.export.setObjectName("primary")
        self.export.setDefault(True)

    def _build(self) -> None:
        left = QVBoxLayout()
        left.addLayout(self._form())
        left.addStretch(1)
        left.addWidget(self.text)
        left.addWidget(self.bar)
        left.addLayout(self._buttons())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(left, 5)
        layout.addWidget(self.preview, 4)
        self.resize(860, 470)

    def _form(self) -> QGridLayout:
        form = QGridLayout()
        form.setVerticalSpacing(8)
        form.setColumnStretch(1, 1)
        rows = (("draw from", self.source), ("number", self.count), ("seed", self.seed), ("spread", self.spread),
                ("zoom", self.zoom))  # fmt: skip
        for row, (name, field) in enumerate(rows):
            field.setAccessibleName(name)
            form.addWidget(caption(name), row, 0)
            form.addWidget(field, row, 1)
        for row, box in enumerate((self.pictures, self.sheet, self.tables), start=len(rows)):
            form.addWidget(box, row, 1)
        form.addWidget(caption("folder"), form.rowCount(), 0)
        form.addLayout(self._folder_row(), form.rowCount() - 1, 1)
        return form

    def _folder_row(self) -> QHBoxLayout:
        self.folder.setAccessibleName("folder")
        browse = QPushButton("Choose …")
        browse.clicked.connect(self._choose_folder)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        return row

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.export)
        return row

    def _connect(self) -> None:
        export = self.state.export
        self.source.activated.connect(self.ask_preview)
        self.count.valueChanged.connect(self.ask_preview)
        self.seed.valueChanged.connect(self.ask_preview)
        self.spread.valueChanged.connect(self.ask_preview)
        self.zoom.valueChanged.connect(self.ask_preview)
        for box in (self.pictures, self.sheet, self.tables):
            box.toggled.connect(self._allow)
        self.folder.textChanged.connect(self._allow)
        self.export.clicked.connect(self._start)
        self.cancel.clicked.connect(self.reject)
        export.previewed.connect(self._show_preview)
        export.progressed.connect(self._progressed)
        export.finished.connect(self._finished)

    def settings(self) -> ExportSettings:
        """Return what the dialog says."""
        return ExportSettings(
            self._chosen_folder(), self.source.currentData(), self.count.value(), self.seed.value(),
            self.spread.value(), self.zoom.value(), self.pictures.isChecked(), self.sheet.isChecked(),
            self.tables.isChecked(),
        )  # fmt: skip

    def _chosen_folder(self) -> Path:
        folder = Path(self.folder.text())
        try:
            return folder.expanduser()
        except RuntimeError:
            # "~somebody", whom nobody knows, is a name like others.
            return folder

    def _allow(self) -> None:
        """Offer the export only if there is something to write, and somewhere to write it."""
        missing = ""
        if not any(box.isChecked() for box in (self.pictures, self.sheet, self.tables)):
            missing = "Choose at least one kind of files to write."
        elif not self.folder.text().strip():
            missing = "Choose a folder."
        self.export.setEnabled(not missing and not self.state.export.running)
        if not self.state.export.running:
            self.text.setText(missing)

    def ask_preview(self) -> None:
        """Ask for the first images of what would be exported."""
        self.spread.setEnabled(self.source.currentData() == "around")
        refusals = [f"{name}: {box.refusal}" for name, box in self._numbers.items() if box.refusal]
        self.export.setEnabled(not refusals and not self.state.export.running)
        self.text.setText(" ".join(refusals))
        if not refusals:
            self.state.export.request_preview(self.settings())

    def _show_preview(self) -> None:
        images = self.state.export.preview
        self.preview.set_image(grid(images) if len(images) else None)
        self.preview.set_text(f"the first {len(images)} of {self.count.value()}")

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for the samples", self.folder.text())
        if path:
            self.folder.setText(path)

    def _start(self) -> None:
        settings = self._without_loss(self.settings())
        if settings is None:
            return
        self.folder.setText(str(settings.folder))
        self.export.setEnabled(False)
        self.cancel.setText("Cancel")
        self.text.setText("Drawing …")
        self.state.export.start(settings)

    def _without_loss(self, settings: ExportSettings) -> ExportSettings | None:
        """Ask what becomes of an earlier export in the folder; None if the person thinks better of it."""
        there, other = len(earlier_files(settings.folder)), free_folder(settings.folder)
        if there == 0:
            return settings
        box = QMessageBox(QMessageBox.Icon.Question, self.windowTitle(), "", parent=self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"{there:,} {'files' if there > 1 else 'file'} of an earlier export exist in {settings.folder}.")
        box.setInformativeText(f"Keep both writes to the new folder “{other.name}”.")
        replacing = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        keeping = box.addButton("Keep both", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(keeping)
        box.exec()
        if box.clickedButton() is replacing:
            return replace(settings, replace=True)
        return replace(settings, folder=other) if box.clickedButton() is keeping else None

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.text.setText(f"{done} of {total}")

    def _finished(self, text: str) -> None:
        self._allow()
        self.text.setText(text)
        self.cancel.setText("Close")

    def reject(self) -> None:
        """Cancel a running export; close otherwise."""
        if self.state.export.running:
            self.state.export.cancel()
        else:
            super().reject()


def grid(images: Floats32, gap: int = 1) -> Floats32:
    """Tile up to 16 images [n, h, w, c] into a square picture with thin gaps."""
    chosen = images[:PREVIEW_IMAGES]
    side = int(np.ceil(np.sqrt(len(chosen))))
    _, height, width, channels = chosen.shape
    canvas = np.full((side * (height + gap) - gap, side * (width + gap) - gap, channels), 0.25, np.float32)
    for number, image in enumerate(chosen):
        top, left = (number // side) * (height + gap), (number % side) * (width + gap)
        canvas[top : top + height, left : left + width] = image
    return canvas
