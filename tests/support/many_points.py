"""The pane of the latent map with many points of ten classes, without a decoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from explorer.state import AppState
from explorer.state.model import OpenedData, OpenedEmbedding
from explorer.theme.theme import Theme
from explorer.views.latent_map.pane import LatentMapPane
from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo
from models.core.settings import TrainSettings

CLASSES, SPREAD, BLOCK = 10, 0.6, 1 << 17
PANE = (720, 560)


def many_points(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 points [n, 2] around ten centres, and their classes [n]."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, count)
    centres = 1.5 * rng.standard_normal((CLASSES, 2))
    places = np.empty((count, 2), np.float32)
    for start in range(0, count, BLOCK):
        part = slice(start, start + BLOCK)
        places[part] = centres[labels[part]] + SPREAD * rng.standard_normal((len(labels[part]), 2))
    return places, labels


@contextmanager
def empty_map(scheme: str = "dark") -> Iterator[LatentMapPane]:
    """Open the pane with a model of two dimensions."""
    qt = QApplication.instance()
    assert isinstance(qt, QApplication)
    pane = LatentMapPane(AppState(), Theme(qt, None, scheme))
    pane.resize(*PANE)
    pane.show()
    pane.state.model.model = ModelInfo("", "m", "m", (1, 1, 1), TrainSettings(latent_dim=2), "", 0, 0)
    pane.state.model.model_changed.emit()
    pane.state.display.set_axes((0, 1))
    try:
        yield pane
    finally:
        pane.plot.layouter.close()
        for widget in (pane, pane.header):
            widget.close()
            widget.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def show_points(pane: LatentMapPane, places: np.ndarray, labels: np.ndarray) -> None:
    """Open an embedding of images with these means [n, 2] and classes [n]."""
    count, model, nothing = len(places), pane.state.model, np.zeros(2)
    info = DataInfo("", "d", "d", count, count - 1, (1, 1, 1), "", None)
    images = np.broadcast_to(np.uint8(0), (count, 1, 1, 1))
    model.data = OpenedData(info, images, labels, tuple(range(CLASSES)))
    summary = EmbeddingSummary(
        nothing, nothing > 0, nothing, nothing, nothing, np.eye(2), nothing, np.zeros((2, 1), np.int64)
    )
    model.embedding = OpenedEmbedding(places, places, summary, np.arange(2), "m")
    model.data_changed.emit()
    model.embedding_changed.emit()


def at_rest(pane: LatentMapPane) -> bool:
    """Return whether all is laid out and painted."""
    return not pane.plot.layouter.busy and all(layer.resting for layer in pane.plot.still)
