"""An export of sample images: settings, progress, outcome."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from models.core.arrays import Floats32
from models.protocol.decoding import SampleSource

PREVIEW_IMAGES = 16
MOST_EXPORTED = 10_000


@dataclass(frozen=True)
class ExportSettings:
    """Settings of an export; ``zoom`` is the number of screen pixels per image pixel.

    With ``replace``, the files of an earlier export in ``folder`` are removed first.
    """

    folder: Path
    source: SampleSource = "prior"
    count: int = 16
    seed: int = 7
    spread: float = 0.5
    zoom: int = 4
    pictures: bool = True
    sheet: bool = True
    tables: bool = True
    replace: bool = False


class ExportState(QObject):
    """Requests go out as signals to the controllers; answers come back through the setters.

    Signals
    -------
    preview_requested(ExportSettings), start_requested(ExportSettings), cancel_requested
        What the person wants.
    keras_requested(str, Path)
        A model file, and the ``.keras`` file to be made of it.
    previewed
        The first images of what would be exported are in :attr:`preview`.
    progressed(int, int)
        Files written, of how many.
    finished(str)
        How it ended, in one sentence.
    """

    preview_requested = Signal(object)
    start_requested = Signal(object)
    cancel_requested = Signal()
    keras_requested = Signal(str, object)
    previewed = Signal()
    progressed = Signal(int, int)
    finished = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preview: Floats32 = np.zeros((0, 1, 1, 1), np.float32)
        self.running = False

    def set_preview(self, images: Floats32) -> None:
        """Show these images [n, h, w, c]."""
        self.preview = images
        self.previewed.emit()

    def request_preview(self, settings: ExportSettings) -> None:
        """Ask for the first images of what would be exported."""
        self.preview_requested.emit(settings)

    def cancel(self) -> None:
        """Ask for the export under way to be stopped."""
        self.cancel_requested.emit()

    def export_keras(self, model: str, out: Path) -> None:
        """Ask for a model file to be written for Keras."""
        self.keras_requested.emit(model, out)

    def start(self, settings: ExportSettings) -> None:
        """Ask for an export."""
        self.running = True
        self.start_requested.emit(settings)

    def finish(self, text: str) -> None:
        """Record that the export has ended, and how."""
        self.running = False
        self.finished.emit(text)
