"""The dialog that exports the walk: which file, how large, how fast; with progress and Cancel."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.state import AppState
from explorer.state.paths import WalkExport
from explorer.views.common.choices import Choice
from explorer.views.common.number_box import WholeBox
from explorer.views.common.pane import caption
from explorer.views.common.progress import outcome, thin_bar
from explorer.views.common.saving import may_replace
from models.core.errors import UserError
from models.core.walk_settings import MOST_RATE, MOST_ZOOM, Play

KINDS = {
    "animated GIF": ".gif", "animated PNG": ".apng", "animated WebP": ".webp", "MP4 video": ".mp4",
    "strip (PNG)": ".png", "folder of frames": "",
}  # fmt: skip
PLAYS: dict[str, Play] = {"again and again": "loop", "back and forth": "ping-pong", "once": "once"}


class WalkDialog(QDialog):
    """Asks for what is to be written; Cancel stops at once, and leaves no half a file."""

    def __init__(self, state: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self.state = state
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export the walk")
        self.kind, self.play = Choice(), Choice()
        self.zoom, self.rate = WholeBox(1, MOST_ZOOM, live=False), WholeBox(1, MOST_RATE, live=False)
        self.table = QCheckBox("latents and evidence (.csv)")
        self.recipe = QCheckBox("recipe that makes it again (.json)")
        self.path, self.bar, self.text = QLineEdit(), thin_bar(), outcome()
        self.export, self.cancel = QPushButton("Export"), QPushButton("Close")
        self._fill()
        self._build()
        self._connect()

    def _fill(self) -> None:
        for text, suffix in KINDS.items():
            self.kind.addItem(text, suffix)
        for text, play in PLAYS.items():
            self.play.addItem(text, play)
        self.play.setCurrentIndex(self.play.findData(self.state.paths.play_mode))
        self.zoom.setValue(4)
        self.rate.setValue(self.state.paths.rate)
        self.recipe.setChecked(True)
        self.path.setText(str(Path.home() / "walk.gif"))
        self.export.setObjectName("primary")
        self.export.setDefault(True)

    def _build(self) -> None:
        form = QGridLayout()
        form.setVerticalSpacing(8)
        form.setColumnStretch(1, 1)
        for row, (name, field) in enumerate((
            ("write", self.kind), ("zoom", self.zoom), ("frames per second", self.rate), ("play", self.play),
        )):  # fmt: skip
            field.setAccessibleName(name)
            form.addWidget(caption(name), row, 0)
            form.addWidget(field, row, 1)
        file = QHBoxLayout()
        browse = QPushButton("Choose …")
        browse.clicked.connect(self._browse)
        self.path.setAccessibleName("file")
        file.addWidget(self.path, 1)
        file.addWidget(browse)
        form.addWidget(caption("file"), 4, 0)
        form.addLayout(file, 4, 1)
        form.addWidget(self.table, 5, 1)
        form.addWidget(self.recipe, 6, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.export)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.addLayout(form)
        for widget in (self.text, self.bar):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.resize(480, 360)

    def _connect(self) -> None:
        self.kind.activated.connect(self._chose_kind)
        self.export.clicked.connect(self._start)
        self.cancel.clicked.connect(self.reject)
        self.state.paths.exported.connect(self._progressed)
        self.state.paths.export_ended.connect(self._ended)

    def _chose_kind(self) -> None:
        """Give the file the suffix of its kind."""
        suffix, path = str(self.kind.currentData()), Path(self.path.text())
        self.path.setText(str(path.with_suffix(suffix)))
        moves = suffix not in ("", ".png")
        self.rate.setEnabled(moves)
        self.play.setEnabled(moves)

    def _browse(self) -> None:
        suffix = str(self.kind.currentData())
        if suffix:
            kinds = f"{self.kind.currentText()} (*{suffix})"
            chosen, _ = QFileDialog.getSaveFileName(self, self.windowTitle(), self.path.text(), kinds)
        else:
            chosen = QFileDialog.getExistingDirectory(self, self.windowTitle(), self.path.text())
        if chosen:
            self.path.setText(chosen)

    def wanted(self) -> WalkExport:
        """Return what is to be written."""
        suffix, path = str(self.kind.currentData()), Path(self.path.text()).expanduser()
        path = path.with_name(path.name + suffix) if suffix and path.suffix != suffix else path
        return WalkExport(
            path, self.zoom.value(), float(self.rate.value()), self.play.currentData(),
            path.with_suffix(".csv") if self.table.isChecked() else None,
            path.with_suffix(".json") if self.recipe.isChecked() else None,
        )  # fmt: skip

    def _start(self) -> None:
        # Pillow is loaded when it is needed.
        from explorer.export.animations import Animation, earlier_frames

        model, wanted = self.state.model.model, self.wanted()
        try:
            if model is not None:
                animation = Animation(wanted.path, wanted.zoom, wanted.rate, wanted.play)
                animation.check(model.image_shape, self.state.paths.settings.frames)
        except UserError as error:
            self.text.setText(str(error))
            return
        frames = [wanted.path] if wanted.path.suffix else earlier_frames(wanted.path)
        beside = [path for path in (wanted.table, wanted.recipe) if path is not None]
        if may_replace(self, self.windowTitle(), *frames[:1], *beside):
            self.export.setEnabled(False)
            self.cancel.setText("Cancel")
            self.state.paths.export(wanted)

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)

    def _ended(self, text: str) -> None:
        self.export.setEnabled(True)
        self.cancel.setText("Close")
        self.text.setText(text)

    def reject(self) -> None:
        """Cancel a running export; close otherwise."""
        if self.state.paths.exporting:
            self.state.paths.stop_export()
        else:
            super().reject()
