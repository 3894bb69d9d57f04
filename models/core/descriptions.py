"""Descriptions of what is open: a model, a data set, the posteriors of all its images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.data_options import AS_FOUND, DataOptions
from models.core.settings import TrainSettings

DIGEST_LENGTH = 16


def digest_of_model(content: bytes) -> str:
    """Return the digest that tells a model file with this content from others: the first digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]


@dataclass(frozen=True)
class ModelInfo:
    """The description in a model file. ``kl_per_dim`` and ``metrics`` are means over the test images, in nats.

    ``understood`` says, by subject, what was understood of a model that was imported; empty of those trained here; only
    of imported ones it can be that no images are encoded, where there ``has_encoder`` is False.
    ``has_decoder`` is False of latents from a file without a model.
    ``live`` is True of the functions of a person's own Python process, of which there is no file.
    ``source`` is the file of other people that it was made of when it was opened, or the model of which this one shows
    another class; empty of one that lies at ``path`` as it was written. A conditional one is held at ``label`` of its
    ``classes``, which are 0 of any other.
    ``dataset`` and ``data_digest`` are name and digest of the data it was trained on; earlier versions wrote no digest.
    ``data_options`` say how those were read, so that a picture that comes later is treated alike.
    """

    path: str
    name: str
    digest: str
    image_shape: tuple[int, int, int]
    settings: TrainSettings
    dataset: str
    epoch: int
    parameters: int
    recipe: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    kl_per_dim: tuple[float, ...] = ()
    data_digest: str = ""
    understood: dict[str, str] = field(default_factory=dict)
    has_encoder: bool = True
    has_decoder: bool = True
    live: bool = False
    source: str = ""
    classes: int = 0
    label: int = 0
    data_options: DataOptions = AS_FOUND

    @property
    def origin(self) -> str:
        """What a person opened: the file it was made of, else its own."""
        return self.source or self.path

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions d."""
        return self.settings.latent_dim


@dataclass(frozen=True)
class DataInfo:
    """An opened data set: uint8 images as a ``.npy`` file [n, h, w, c] that can be memory-mapped, labels int64 [n].

    The first ``train_count`` images train, the rest test. ``label_names`` are the names of the classes 0, 1, … where
    the source has names (sub-folders), otherwise empty. ``factors_path`` is an int64 ``.npy`` file [n, f] with the
    values of ``factor_names``, where the factors of variation are known. ``options`` are those by which the files were
    read, and ``conversions`` say in a line each what was made of them. ``table_path`` is what
    :mod:`models.core.columns` reads texts [n] about the images from, among them their names, where they have any. Of
    codes in a file the images are what the model with the digest ``codes_of`` makes of them.
    """

    path: str
    name: str
    digest: str
    count: int
    train_count: int
    image_shape: tuple[int, int, int]
    images_path: str
    labels_path: str | None
    label_names: tuple[str, ...] = ()
    factors_path: str | None = None
    factor_names: tuple[str, ...] = ()
    codes_of: str = ""
    options: DataOptions = AS_FOUND
    conversions: tuple[str, ...] = ()
    table_path: str | None = None


@dataclass(frozen=True)
class EmbeddingSummary:
    """Statistics of each latent dimension over all images, so that the window need not go through them.

    Attributes
    ----------
    kl : array [d]
        Mean over the images of KL(q(z_i|x) ‖ p(z_i)), in nats.
    active : array [d]
        Whether Var_x(μ_i) > 0.01 (Burda et al. 2016).
    low, high : array [d]
        Range of the posterior means.
    mean : array [d]
        Mean of the posterior means.
    principal, explained : array [2, d], [2]
        Their first two principal axes, orthonormal, and the share of their variance along each; d of them if d < 2.
        Of more than 512 dimensions, they are those of up to 1 024 images.
    counts : array [d, bins]
        Histogram of the posterior means of each dimension over :func:`models.core.geometry.drawn_range`.
    """

    kl: Floats64
    active: NDArray[np.bool_]
    low: Floats64
    high: Floats64
    mean: Floats64
    principal: Floats64
    explained: Floats64
    counts: NDArray[np.int64]
