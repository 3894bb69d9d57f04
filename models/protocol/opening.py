"""Open models and data sets, and embed one by the other."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo


@dataclass(frozen=True)
class OpenModel:
    """Load a model file; answered by :class:`ModelOpened`. The model open so far stays open if this fails."""

    id: int
    path: str


@dataclass(frozen=True)
class ModelOpened:
    """The model is ready to decode; its functions have been compiled and called once."""

    id: int
    model: ModelInfo


@dataclass(frozen=True)
class OpenData:
    """Read a data set (``.npz``, ``.npy``, IDX ``.gz``, folder of images); answered by :class:`DataOpened`."""

    id: int
    path: str


@dataclass(frozen=True)
class DataOpened:
    """The data set was checked and laid out in the cache folder."""

    id: int
    data: DataInfo


@dataclass(frozen=True)
class Embed:
    """Encode all images of the open data set with the open model, in the background; a newer one replaces it."""

    id: int


@dataclass(frozen=True)
class Embedded:
    """Posterior means and standard deviations of every image, float32 ``.npy`` files [n, d] to be memory-mapped."""

    id: int
    model_digest: str
    data_digest: str
    mu_path: str
    sigma_path: str
    summary: EmbeddingSummary
