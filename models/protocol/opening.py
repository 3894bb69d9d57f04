"""Open models and data sets, and embed the one by the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo, EmbeddingSummary, ModelInfo
from models.core.preview import PreviewOfData


@dataclass(frozen=True)
class OpenModel:
    """Open a model, ours or other people's; answered by :class:`ModelOpened`.

    If this fails, the model open before stays open.

    Attributes
    ----------
    path : str
        A model file, or a folder that holds one.
    ask : bool
        Whether :class:`Inspected` is to be the answer instead where nobody has been asked about the file yet.
    answers : mapping, optional
        What a person has answered about a file of other people, which is remembered; else what was answered earlier
        counts, and the rest is guessed.
    label : int, optional
        The class that a conditional model is to be held at.
    """

    id: int
    path: str
    ask: bool = False
    answers: Mapping[str, str] | None = None
    label: int | None = None


@dataclass(frozen=True)
class OpenLive:
    """Open the functions of a person's own Python process as a model; answered by :class:`ModelOpened`.

    That process listens at ``address`` for whoever knows ``key`` (:mod:`latentscape.wire`); ``path`` is what the window
    calls the model instead of a file.
    """

    id: int
    path: str
    address: str
    key: bytes


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

    Of very many files, a first :class:`DataPreviewed` that is not whole comes before all have been looked at.

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
    """A data set is being read: ``done`` of ``total`` pieces of the work under way, 0 where that is not known yet."""

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
