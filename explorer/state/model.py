"""The open model, the open data set and the embedding of one by the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from explorer.state.latent import Point, PointSource, fault_of
from models.core.arrays import Floats32, Vector
from models.core.columns import NAME, Columns, columns_of, original_of
from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo
from models.core.families import LATENT_VARIANCES, Family, LatentFamily, latent_member
from models.core.geometry import USUAL_RANGE, drawn_range
from models.core.history import run_of
from models.core.npy import map_array
from models.core.packed import packed_of
from models.protocol.opening import Embedded

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
MOST_CLASSES = 30
# By so many standard deviations posteriors differ that are the same up to rounding; nobody sees as little.
SAME_SIGMAS = 1e-3
# Labels within this range are counted; of others, a sample mostly tells that they are no classes.
WIDEST, SAMPLE = 1 << 16, 10_000


@dataclass(frozen=True)
class OpenedData:
    """An opened data set: memory-mapped images uint8 [n, h, w, c] and labels [n], if it has any.

    ``classes`` are the labels that occur; none where there are so many that they are rather names of images.
    ``columns`` are texts about the images, among them the names of their files.
    """

    info: DataInfo
    images: Images
    labels: Labels | None
    classes: tuple[int, ...] = ()
    columns: Columns = field(default_factory=dict)

    @property
    def pictured(self) -> bool:
        """Whether there are images to see: latents without any have one pixel in their place."""
        return self.info.image_shape[:2] != (1, 1)

    def name_of(self, index: int) -> str:
        """Return the name of an image, empty where it has none."""
        names = self.columns.get(NAME, ())
        return names[index] if 0 <= index < len(names) else ""

    def original_of(self, index: int) -> Path | None:
        """Return the file that an image was read from, None where it is not one of its own."""
        name = self.name_of(index)
        return original_of(self.info, name) if name else None

    def packed_of(self, index: int) -> tuple[Path, str] | None:
        """Return the archive that holds the file of an image, and its name there; None if none does."""
        name = self.name_of(index)
        return packed_of(self.info, name) if name else None

    def about(self, index: int) -> list[str]:
        """Return what is known of an image: its name, and what the other columns say."""
        others = [(word, column[index]) for word, column in self.columns.items() if word != NAME and column[index]]
        return [*filter(None, [self.name_of(index)]), *(f"{word}: {text}" for word, text in others)]

    def class_name(self, label: int) -> str:
        """Return the name of a class: its folder's, where the data has names, else its number."""
        names = self.info.label_names
        return names[label] if 0 <= label < len(names) else str(label)

    def class_of(self, index: int) -> str | None:
        """Return the name of an image's class, None where there are no classes."""
        return None if self.labels is None else self.class_name(int(self.labels[index]))


@dataclass(frozen=True)
class OpenedEmbedding:
    """Memory-mapped posterior means and standard deviations [n, d], and what all of them say of each dimension.

    ``model`` is the digest of the model that encoded the images.
    """

    mu: Floats32
    sigma: Floats32
    summary: EmbeddingSummary
    order: NDArray[np.intp]
    model: str = ""

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions d."""
        return len(self.order)


def classes_in(labels: Labels) -> tuple[int, ...]:
    """Return the labels that occur in order, none if there are more than :data:`MOST_CLASSES`."""
    low, high = int(labels.min()), int(labels.max())
    if high - low < WIDEST:
        # A million are counted in a tenth of the time in which they are sorted.
        found = low + np.flatnonzero(np.bincount(labels - low))
    else:
        found = np.unique(labels[:SAMPLE])
        found = found if len(found) > MOST_CLASSES else np.unique(labels)
    return tuple(found.tolist()) if len(found) <= MOST_CLASSES else ()


def descends(model: ModelInfo, before: ModelInfo) -> bool:
    """Return whether a model is the same as another one, at another time of its training or with other answers.

    The answers are those about a file of other people, or the class at which a conditional model is held.
    """
    if model.digest == before.digest:
        return True
    alike = (model.latent_dim, model.image_shape) == (before.latent_dim, before.image_shape)
    same = run_of(model.path) == run_of(before.path) != ""
    answered = bool(model.source or before.source) and model.origin == before.origin
    return alike and (same or answered)


class ModelState(QObject):
    """The open model, data set and embedding. Requests go out as signals; answers come back through the setters."""

    open_model_requested = Signal(str)
    open_data_requested = Signal(str)
    open_picture_requested = Signal(str)
    class_requested = Signal(int)
    model_changed = Signal()
    data_changed = Signal()
    embedding_changed = Signal()
    recent_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.model: ModelInfo | None = None
        # That of a person's own Python process, if there is one: it can be returned to.
        self.live: ModelInfo | None = None
        self.data: OpenedData | None = None
        self.embedding: OpenedEmbedding | None = None
        self.recent: list[str] = []

    def request_model(self, path: str) -> None:
        """Ask for a model file to be opened."""
        self.open_model_requested.emit(path)

    def request_data(self, path: str) -> None:
        """Ask for a data set to be opened."""
        self.open_data_requested.emit(path)

    def request_class(self, label: int) -> None:
        """Ask for a conditional model to be held at another class."""
        if self.model is not None and label != self.model.label:
            self.class_requested.emit(label)

    def request_picture(self, path: str) -> None:
        """Ask for a picture file to be encoded as the current point."""
        self.open_picture_requested.emit(path)

    @property
    def compatible(self) -> bool:
        """Whether the open model encodes the images of the open data set."""
        return self.misfit == "" and self.model is not None and self.data is not None

    @property
    def misfit(self) -> str:
        """Why the open model cannot encode the open data, in a sentence; empty if it can, or one of them is missing."""
        if self.model is None or self.data is None:
            return ""
        if self.data.info.codes_of == self.model.digest:
            return ""
        if not self.model.has_decoder:
            return f"{self.model.name} are latents without a model: they encode no images."
        if not self.model.has_encoder:
            return f"{self.model.name} is a decoder alone: it encodes no images."
        found, wanted = (" × ".join(map(str, shape)) for shape in (self.data.info.image_shape, self.model.image_shape))
        return "" if found == wanted else f"These images are {found}, the model takes {wanted}."

    @contextmanager
    def replaced(self, model: ModelInfo) -> Iterator[None]:
        """Replace the model at once, and announce it when the block has brought the points into its latent space.

        While a run goes on, the embedding by its last model stands in until the new one comes.
        """
        before, self.model = self.model, model
        self.live = model if model.live else self.live
        goes_on = before is not None and descends(model, before)
        stale = self.embedding is not None and not (goes_on and self.compatible)
        if stale:
            self.embedding = None
        try:
            yield
        finally:
            self.model_changed.emit()
            if stale:
                self.embedding_changed.emit()

    def set_data(self, info: DataInfo) -> None:
        """Show another data set, laid out by the worker."""
        labels = None if info.labels_path is None else map_array(info.labels_path)
        images: Images = map_array(info.images_path)
        shown = () if labels is None else classes_in(labels)
        self.data = OpenedData(info, images, labels, shown, columns_of(info))
        self.embedding = None
        self.data_changed.emit()
        self.embedding_changed.emit()

    @property
    def posterior_family(self) -> LatentFamily:
        """The family of q(z_i|x) of the open model."""
        return "Normal" if self.model is None else self.model.settings.posterior

    @property
    def prior_family(self) -> LatentFamily:
        """The family of p(z_i) of the open model."""
        return "Normal" if self.model is None else self.model.settings.prior

    def posterior(self, mu: float, sigma: float) -> Family:
        """Return q(z_i|x) with this location and scale."""
        return latent_member(self.posterior_family, mu, sigma)

    @property
    def prior(self) -> Family:
        """The prior p(z_i) of the open model."""
        return latent_member(self.prior_family)

    @property
    def prior_deviation(self) -> float:
        """The standard deviation of the prior in each dimension."""
        return math.sqrt(LATENT_VARIANCES[self.prior_family])

    def deviation(self, sigma: Vector) -> Vector:
        """Return the standard deviations [d] of posteriors with scales ``sigma`` [d]."""
        return sigma * math.sqrt(LATENT_VARIANCES[self.posterior_family])

    def range_of(self, dim: int) -> tuple[float, float]:
        """Return the range of one latent dimension worth drawing: the usual ±4, widened to the data."""
        if self.embedding is None or dim >= self.embedding.latent_dim:
            return -USUAL_RANGE, USUAL_RANGE
        low, high = drawn_range(self.embedding.summary.low[dim], self.embedding.summary.high[dim])
        return float(low), float(high)

    @property
    def embedded(self) -> bool:
        """Whether the embedding is that of the open model, and none that stands in for it."""
        return self.model is not None and self.embedding is not None and self.embedding.model == self.model.digest

    def posterior_of(self, index: int) -> tuple[Vector, Vector, PointSource] | None:
        """Return μ, σ [d] and the source of image ``index`` of the open data set.

        None if it is not encoded, or as numbers that no point can have.
        """
        embedding, data = self.embedding, self.data
        if embedding is None or data is None or not 0 <= index < len(embedding.mu):
            return None
        image = np.array(data.images[index])
        source = PointSource("data", f"image {index}", index, image, embedding.model, data.info.digest)
        mu, sigma = embedding.mu[index].astype(np.float64), embedding.sigma[index].astype(np.float64)
        return None if fault_of(mu, sigma, mu) else (mu, sigma, source)

    def stands_for_image(self, point: Point) -> bool:
        """Return whether a point still has the posterior of its image; True where that is not known.

        Encoded alone, an image has the posterior that it has among others up to rounding.
        """
        source, known = point.source, self.embedding
        if known is None or self.data is None or source.index is None or source.data != self.data.info.digest:
            return True
        mu, sigma = known.mu[source.index], known.sigma[source.index]
        gaps = np.maximum(np.abs(point.mu - mu), np.abs(point.sigma - sigma))
        return bool((gaps <= SAME_SIGMAS * sigma).all())

    def image_name(self, point: Point) -> str:
        """Return the name of the image of the open data that a point has the posterior of, empty if there is none."""
        data, source = self.data, point.source
        if data is None or source.index is None or source.data != data.info.digest or not self.stands_for_image(point):
            return ""
        return data.name_of(source.index)

    def set_embedding(self, answer: Embedded) -> None:
        """Show the posteriors of all images."""
        mu: Floats32 = map_array(answer.mu_path)
        sigma: Floats32 = map_array(answer.sigma_path)
        order = np.argsort(-answer.summary.kl, kind="stable")
        self.embedding = OpenedEmbedding(mu, sigma, answer.summary, order, answer.model_digest)
        self.embedding_changed.emit()

    def set_recent(self, paths: list[str]) -> None:
        """Set the recent files, the newest first."""
        self.recent = paths
        self.recent_changed.emit()

    def remember(self, path: str, limit: int = 10) -> None:
        """Put a file at the head of the recent ones."""
        self.set_recent([path, *(p for p in self.recent if p != path)][:limit])
