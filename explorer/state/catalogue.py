"""The data sets that are known: those opened lately, and which belong to which model."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from explorer.state.model import ModelState
from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import ModelInfo
from models.core.files import is_there
from models.core.sprite_names import is_sprites
from resources import bundled_datasets, dataset_path

DATA_REMEMBERED = 10
PAIRS_REMEMBERED = 100


@dataclass(frozen=True)
class KnownData:
    """A data set that has been open: where it lies, what it is called, the digest and shape of its images.

    ``options`` say how it was read.
    """

    path: str
    name: str
    digest: str
    image_shape: tuple[int, int, int]
    options: DataOptions = AS_FOUND


class Catalogue(QObject):
    """The data opened lately in :attr:`recent`, the newest first, and in :attr:`pairs` the data opened with a model.

    Both hold what the person did; what a model was trained on, its file says.

    Signals
    -------
    changed
        Other data are known.
    """

    changed = Signal()

    def __init__(self, model: ModelState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.recent: tuple[KnownData, ...] = ()
        self.pairs: dict[str, str] = {}
        model.data_changed.connect(self._data_changed)

    def restore(self, recent: tuple[KnownData, ...], pairs: dict[str, str]) -> None:
        """Take over what an earlier session knew, behind what this one knows."""
        known = {data.path: data for data in (*self.recent, *recent)}
        self.recent = tuple(known.values())[:DATA_REMEMBERED]
        self.pairs = pairs | self.pairs
        self.changed.emit()

    def _data_changed(self) -> None:
        """Remember the open data, and that they belong to the open model if it can encode them."""
        data, model = self._model.data, self._model.model
        if data is None:
            return
        info = data.info
        newest = KnownData(info.path, info.name, info.digest, info.image_shape, info.options)
        self.recent = (newest, *(other for other in self.recent if other.path != newest.path))[:DATA_REMEMBERED]
        if model is not None and self._model.compatible:
            self.pairs.pop(model.digest, None)
            self.pairs[model.digest] = newest.path
            for digest in list(self.pairs)[:-PAIRS_REMEMBERED]:
                del self.pairs[digest]
        self.changed.emit()

    def options_of(self, path: str) -> DataOptions:
        """Return how the data at a path were read the last time."""
        return next((data.options for data in self.recent if data.path == path), AS_FOUND)

    def data_of(self, model: ModelInfo) -> str | None:
        """Return where the data last opened with a model lie, else those it was trained on; None if they are gone."""
        candidates = [self.pairs.get(model.digest), *self._trained_on(model)]
        return next((path for path in candidates if path is not None and _is_there(path)), None)

    def _trained_on(self, model: ModelInfo) -> list[str]:
        """Return where the data may lie that a model was trained on, the surest place first."""
        fitting = [data for data in self.recent if data.image_shape == model.image_shape]
        same = [data.path for data in fitting if data.digest == model.data_digest]
        bundled = [str(dataset_path(model.dataset))] if model.dataset in bundled_datasets() else []
        generated = [model.dataset] if is_sprites(model.dataset) else []
        return [*same, *bundled, *generated, *(data.path for data in fitting if data.name == model.dataset)]


def _is_there(path: str) -> bool:
    """Return whether data are there; generated ones always are, and what cannot be looked at is not."""
    return is_sprites(path) or is_there(path)
