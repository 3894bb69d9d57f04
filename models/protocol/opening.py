"""Open models and data sets, and embed the one by the other."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo
from models.core.preview import PreviewOfData


@dataclass(frozen=True)
class OpenModel:
    """Open a model file; answered by :class:`ModelOpened`. If this fails, the model open before stays open."""

    id: int
    path: str


@dataclass(frozen=True)
class ModelOpened:
    """The model is ready to decode."""

    id: int
    model: ModelInfo


@dataclass(frozen=True)
class OpenData:
    """Open a data set, by its path or the name of generated data; answered by :class:`DataOpened`.

    ``options`` say how to read it. :class:`Opening` comes before the answer, while it takes long. If this fails, the
    data open before stays open. A newer request replaces an older one.
    """

    id: int
    path: str
    options: DataOptions = AS_FOUND


@dataclass(frozen=True)
class PreviewData:
    """Look at a data set without using it; answered by :class:`DataPreviewed`, and :class:`Opening` before.

    What was found at the path is kept for the next request, unless it is to be looked at ``afresh``. A newer request
    replaces an older one.
    """

    id: int
    path: str
    options: DataOptions
    afresh: bool


@dataclass(frozen=True)
class DataPreviewed:
    """What a data set would be."""

    id: int
    preview: PreviewOfData


@dataclass(frozen=True)
class Opening:
    """A data set is being read: ``done`` of ``total`` pieces of the work under way."""

    id: int
    done: int
    total: int


@dataclass(frozen=True)
class DataOpened:
    """The data set has been checked and laid out in the cache folder."""

    id: int
    data: DataInfo


@dataclass(frozen=True)
class Embed:
    """Encode all images of the open data set by the open model, in the background; answered by :class:`Embedded`.

    A newer request replaces an older one.
    """

    id: int


@dataclass(frozen=True)
class Embedded:
    """Locations and scales of the posteriors of all images, in float32 ``.npy`` files [n, d] to be memory-mapped."""

    id: int
    model_digest: str
    data_digest: str
    mu_path: str
    sigma_path: str
    summary: EmbeddingSummary
