"""The settings of a training run, with the defaults of the project's own architecture."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QRegularExpression, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from explorer.state import AppState
from explorer.views.pane import caption, real_box, whole_box
from models.protocol import LIKELIHOODS, TrainSettings
from resources import bundled_datasets, dataset_path

LIKELIHOOD_NAMES = {
    "bernoulli": "Bernoulli (binarized)",
    "continuous_bernoulli": "continuous Bernoulli",
    "gaussian": "Gaussian, learned σ²",
}
DATA_FILES = "Images (*.npz *.npy *.gz *ubyte);;All files (*)"


class TrainingForm(QWidget):
    """Data, sizes, likelihood, β, learning rate, epochs, batch size, seed."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        default = TrainSettings()
        self.data = QComboBox()
        self.hidden = QLineEdit(", ".join(str(size) for size in default.hidden))
        self.latent = whole_box(default.latent_dim, 1, 512)
        self.likelihood = QComboBox()
        self.beta = real_box(default.beta, 0.0, 100.0, 2, 0.1)
        self.rate = real_box(default.learning_rate, 1e-6, 1.0, 6, 0.0005)
        self.batch = whole_box(default.batch_size, 1, 8192)
        self.epochs = whole_box(default.epochs, 1, 100_000)
        self.seed = whole_box(default.seed, 0, 2**31 - 1)
        self._build()
        for name in bundled_datasets():
            self._add_data(name, str(dataset_path(name)))
        self.data.activated.connect(self._choose_data)
        state.model.data_changed.connect(self._data_changed)

    def _build(self) -> None:
        pattern = QRegularExpression(r"\s*[1-9]\d{0,3}(\s*[,\s]\s*[1-9]\d{0,3}){0,5}\s*")
        self.hidden.setValidator(QRegularExpressionValidator(pattern, self.hidden))
        self.hidden.setToolTip("Widths of the encoder's hidden layers; the decoder mirrors them")
        for key in LIKELIHOODS:
            self.likelihood.addItem(LIKELIHOOD_NAMES[key], key)
        self.data.setMinimumContentsLength(12)
        self.data.setAccessibleName("data")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(caption("data"), 0, 0)
        grid.addWidget(self.data, 0, 1, 1, 2)
        choices = (
            ("File …", "Choose a data file", self._choose_file),
            ("Folder …", "Choose a folder of images", self._choose_folder),
        )
        for column, (text, tip, slot) in enumerate(choices):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.clicked.connect(slot)
            grid.addWidget(button, 0, 3 + column)
        fields = (
            ("hidden sizes", self.hidden), ("latent dim", self.latent), ("likelihood", self.likelihood),
            ("β", self.beta), ("learning rate", self.rate), ("batch size", self.batch), ("epochs", self.epochs),
            ("seed", self.seed),
        )  # fmt: skip
        for number, (text, field) in enumerate(fields):
            row, column = 1 + number // 2, 3 * (number % 2)
            field.setAccessibleName(text)
            grid.addWidget(caption(text), row, column)
            grid.addWidget(field, row, column + 1, 1, 2 if column == 0 else 1)
        grid.setRowStretch(6, 1)
        self.setFixedWidth(430)

    def settings(self) -> TrainSettings:
        """Return the settings as typed."""
        sizes = tuple(int(size) for size in re.findall(r"\d+", self.hidden.text()))
        return TrainSettings(
            hidden=sizes or TrainSettings().hidden,
            latent_dim=self.latent.value(),
            likelihood=self.likelihood.currentData(),
            beta=self.beta.value(),
            batch_size=self.batch.value(),
            learning_rate=self.rate.value(),
            epochs=self.epochs.value(),
            seed=self.seed.value(),
        )

    def data_path(self) -> str | None:
        """Return the data chosen, None while there is none."""
        path = self.data.currentData()
        return path if isinstance(path, str) else None

    def _data_changed(self) -> None:
        data = self.state.model.data
        if data is not None:
            if self.data.findData(data.info.path) < 0:
                self._add_data(data.info.name, data.info.path)
            self.data.setCurrentIndex(self.data.findData(data.info.path))

    def _add_data(self, name: str, path: str) -> None:
        self.data.addItem(name, path)
        self.data.setItemData(self.data.count() - 1, path, Qt.ItemDataRole.ToolTipRole)

    def _choose_data(self, row: int) -> None:
        self.state.model.open_data_requested.emit(self.data.itemData(row))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose data", str(Path.home()), DATA_FILES)
        if path:
            self.state.model.open_data_requested.emit(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Choose a folder of images", str(Path.home()))
        if path:
            self.state.model.open_data_requested.emit(path)
