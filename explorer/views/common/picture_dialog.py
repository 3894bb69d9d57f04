"""A picture at a chosen size, smooth or sharp: to copy or to save."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.export.pictures import Latent, png_at, resized
from explorer.views.common.bubble import say
from explorer.views.common.number_box import WholeBox
from explorer.views.common.pane import Segments, caption
from explorer.views.common.qimages import Bytes, to_qimage
from explorer.views.common.saving import ask_target, save_bytes

WIDEST = 8192
USUAL_WIDTH = 512
KINDS = "Pictures (*.png)"
WAYS = {"sharp": "sharp", "smooth": "smooth"}
TIPS = {"sharp": "Every pixel becomes a square", "smooth": "Pixels flow into each other (bicubic)"}


class PictureDialog(QDialog):
    """Asks for the width; the height follows. A picture that carries its latent returns to its point when opened."""

    def __init__(self, pixels: Bytes, name: str, latent: Latent | None, over: QWidget) -> None:
        super().__init__(over)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Picture at a size")
        self._pixels, self._name, self._latent = pixels, name, latent
        self.width_box, self.way = WholeBox(1, WIDEST, live=False), Segments("Enlarge", WAYS, TIPS)
        self.told: QLabel = caption()
        self.copy_button, self.save_button = QPushButton("Copy"), QPushButton("Save as …")
        self._build()
        self._show_size()

    def _build(self) -> None:
        width = self._pixels.shape[1]
        # Whole squares as near to the usual width as there are.
        self.width_box.setValue(width * max(1, round(USUAL_WIDTH / width)))
        self.width_box.setAccessibleName("Width in pixels")
        self.way.set_choice("sharp")
        self.told.setWordWrap(True)
        self.told.setMinimumSize(280, 36)
        form = QFormLayout()
        form.addRow(caption("width"), self.width_box)
        form.addRow(caption("pixels"), self.way)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.copy_button, self.save_button):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.told)
        column.addLayout(row)
        self.save_button.setObjectName("primary")
        self.width_box.valueChanged.connect(self._show_size)
        self.way.group.idClicked.connect(self._show_size)
        self.copy_button.clicked.connect(self._copy)
        self.save_button.clicked.connect(self._save)

    @property
    def smooth(self) -> bool:
        """Whether pixels flow into each other."""
        return self.way.key_of(self.way.group.checkedId()) == "smooth"

    def _show_size(self) -> None:
        (height, width, _), wanted = self._pixels.shape, self.width_box.value()
        text = f"{wanted} × {max(1, round(wanted * height / width))} pixels, made of {width} × {height}."
        if not self.smooth and wanted % width:
            text += " Not a multiple: some squares are a pixel wider than others."
        self.told.setText(self.width_box.refusal or text)
        for button in (self.copy_button, self.save_button):
            button.setEnabled(not self.width_box.refusal)

    def _copy(self) -> None:
        image = to_qimage(resized(self._pixels, self.width_box.value(), self.smooth))
        QGuiApplication.clipboard().setImage(image)
        say(self.copy_button, f"Copied {image.width()} × {image.height()} pixels")

    def _save(self) -> None:
        if path := ask_target(self, "Save picture", f"{self._name}.png", KINDS, ".png"):
            content = png_at(self._pixels, self.width_box.value(), self.smooth, self._latent)
            save_bytes(self.save_button, path, content)
