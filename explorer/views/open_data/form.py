"""The fields of a preview: how data are to be read where the files leave it open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QWidget

from explorer.views.common.choices import Choice
from explorer.views.common.pane import caption
from explorer.views.common.text_field import TextField
from models.core.data_options import FITS, LAYOUTS, NO_LABELS, RANGES, DataOptions, parse_size
from models.core.errors import UserError
from models.core.preview import PreviewOfData

AS_FOUND = "as found"
LAYOUT_WORDS: dict[str, str] = dict(zip(LAYOUTS, ("n × h × w × c", "n × c × h × w", "h × w × c × n"), strict=True))
RANGE_WORDS: dict[str, str] = dict(zip(RANGES, ("0 to 1", "−1 to 1", "0 to 255", "lowest to highest"), strict=True))
FIT_WORDS: dict[str, str] = dict(zip(FITS, ("crop", "pad", "stretch"), strict=True))
FROM_FILE = "file"
# So long after the last key, a size is taken as typed.
TYPED_MS = 300


class OptionsForm(QWidget):
    """The options as fields; :attr:`changed` tells of each change."""

    changed = Signal()

    def __init__(self, options: DataOptions) -> None:
        super().__init__()
        self.key, self.layout_box, self.range_box = Choice(), Choice(), Choice()
        self.fit, self.labels, self.size_box = Choice(), Choice(), TextField()
        self.invert, self.strict = QCheckBox("invert black and white"), QCheckBox("refuse damaged pictures")
        self.refusal = ""
        self._typed = QTimer(self, singleShot=True, interval=TYPED_MS)
        self._build()
        self._fill(options)
        self._connect()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = (
            ("images", self.key, "The array, variable or feature that holds the images"),
            ("layout", self.layout_box, "Order of the axes: n images, h rows, w columns, c channels"),
            ("range", self.range_box, "The values that are black and white"),
            ("size", self.size_box, "HEIGHTxWIDTH to bring the images to, such as 28x28"),
            ("fit", self.fit, "How images of another shape are brought to the size"),
            ("labels", self.labels, "The array, column or file that holds the classes"),
        )
        for row, (name, field, tip) in enumerate(rows):
            field.setAccessibleName(name)
            field.setToolTip(tip)
            grid.addWidget(caption(name), row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self.invert, len(rows), 0, 1, 2)
        grid.addWidget(self.strict, len(rows) + 1, 0, 1, 2)

    def _fill(self, options: DataOptions) -> None:
        _offer(self.key, {"": AS_FOUND}, options.key)
        _offer(self.layout_box, {"": AS_FOUND, **LAYOUT_WORDS}, options.layout)
        _offer(self.range_box, {"": AS_FOUND, **RANGE_WORDS}, options.range)
        _offer(self.fit, FIT_WORDS, options.fit)
        self._offer_labels((), options.labels)
        self.size_box.setPlaceholderText(AS_FOUND)
        self.size_box.setText("" if options.size is None else "x".join(map(str, options.size)))
        self.invert.setChecked(options.invert)
        self.strict.setChecked(options.strict)

    def _connect(self) -> None:
        for box in (self.key, self.layout_box, self.range_box, self.fit):
            box.activated.connect(self.changed)
        self.labels.activated.connect(self._labels_chosen)
        self.invert.toggled.connect(self.changed)
        self.strict.toggled.connect(self.changed)
        self.size_box.textEdited.connect(self._type)
        self._typed.timeout.connect(self.changed)

    def _type(self) -> None:
        """Wait for the next key."""
        self._typed.start()

    def options(self) -> DataOptions | None:
        """Return what the fields say; None, and a :attr:`refusal`, while the size is none."""
        text = self.size_box.text().strip()
        try:
            size = parse_size(text) if text else None
        except UserError as error:
            self.refusal = f"Size: {error.reason}."
            return None
        self.refusal = ""
        return DataOptions(
            self.key.currentData(), self.layout_box.currentData(), self.range_box.currentData(), size,
            self.fit.currentData(), self.labels.currentData(), self.invert.isChecked(), self.strict.isChecked(),
        )  # fmt: skip

    def offer(self, preview: PreviewOfData) -> None:
        """Offer the names that are in the files, and show what size was found."""
        names = dict.fromkeys(preview.keys)
        _offer(self.key, {"": AS_FOUND, **{name: name for name in names}}, preview.options.key)
        self._offer_labels(preview.label_choices, preview.options.labels)
        height, width, _ = preview.image_shape
        self.size_box.setPlaceholderText(f"{height}x{width}, {AS_FOUND}")
        self.key.setEnabled(self.key.count() > 2 or bool(preview.options.key))

    def _offer_labels(self, names: Sequence[str], chosen: str) -> None:
        listed = {"": AS_FOUND, NO_LABELS: "none", **{name: name for name in names}, FROM_FILE: "from a file …"}
        if chosen and chosen not in listed:
            listed[chosen] = Path(chosen).name
        _offer(self.labels, listed, chosen)
        self._labels = chosen

    def _labels_chosen(self) -> None:
        """Take other labels; of a file, ask for which."""
        if self.labels.currentData() == FROM_FILE:
            kinds = "Labels (*.csv *.tsv *.npy *.txt);;All files (*)"
            path, _ = QFileDialog.getOpenFileName(self, "Labels", str(Path.home()), kinds)
            names = [self.labels.itemData(row) for row in range(self.labels.count())]
            self._offer_labels([n for n in names if n not in ("", NO_LABELS, FROM_FILE)], path or self._labels)
            if not path:
                return
        self.changed.emit()


def _offer(box: Choice, words: dict[str, str], chosen: str) -> None:
    """Fill a box with values and their words, and choose one, which is added if it is not among them."""
    with QSignalBlocker(box):
        box.clear()
        for value, word in {**words, **({} if chosen in words else {chosen: chosen})}.items():
            box.addItem(word, value)
        box.setCurrentIndex(box.findData(chosen))
