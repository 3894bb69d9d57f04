"""Answers of the decoder for the current point: pictures, curves, thumbnails."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from models.core.arrays import Floats32, Vector
from models.core.families import Family
from models.core.geometry import dimension_name
from models.protocol.decoding import AggregateReady, Drawn
from models.protocol.distribution import CurvesReady, Place

CALLS_KEPT = 4096
# So many images of the data are shown with their reconstructions.
RECONSTRUCTED = 8


@dataclass(frozen=True)
class DistributionAnswer:
    """The answer for one family with what was asked, so that all drawn of it agrees.

    ``dim`` is the latent dimension, None on the workbench; ``norm`` is the length |z| of the latent point; ``stamp``
    is the time of the input that a workbench's answer follows.
    """

    dim: int | None
    family: Family
    reference: Family
    norm: float
    curves: CurvesReady
    stamp: float | None = None

    @property
    def place(self) -> Place:
        """The value z, with its noise and its probability."""
        return self.curves.place

    @property
    def name(self) -> str:
        """The name of the axis of values."""
        return "z" if self.dim is None else dimension_name(self.dim)


@dataclass(frozen=True)
class Reconstructions:
    """Images ``rows`` of the open data, uint8 [n, h, w, c], and what the open model makes of their posterior means."""

    rows: tuple[int, ...]
    images: NDArray[np.uint8]
    decoded: Floats32


class AnswerState(QObject):
    """The newest answers; views paint these and nothing else.

    Signals
    -------
    picture_changed
        The large picture [h, w, c] in :attr:`picture`; :attr:`picture_stamp` is the time of the input behind it;
        :attr:`picture_fault` says why there is none.
    draws_changed
        Reconstruction, mean and standard deviation of the current posterior in :attr:`draws`.
    thumbnails_changed
        Pictures of the named points in :attr:`thumbnails`.
    curves_changed, aggregate_changed
        Curves of the chosen dimension in :attr:`distribution`, its aggregate posterior in :attr:`aggregate`.
    workbench_changed
        Curves of the family on the workbench in :attr:`workbench`.
    reconstructions_changed
        A few images of the data and their reconstructions in :attr:`reconstructions`.
    probabilities_changed
        u = F(z) of every dimension [d] in :attr:`probabilities`.
    """

    picture_changed = Signal()
    draws_changed = Signal()
    thumbnails_changed = Signal()
    curves_changed = Signal()
    aggregate_changed = Signal()
    workbench_changed = Signal()
    reconstructions_changed = Signal()
    probabilities_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.picture: Floats32 | None = None
        self.picture_stamp: float | None = None
        self.picture_fault = ""
        self.draws: Drawn | None = None
        self.thumbnails: dict[str, Floats32] = {}
        self.distribution: DistributionAnswer | None = None
        self.aggregate: AggregateReady | None = None
        self.workbench: DistributionAnswer | None = None
        self.reconstructions: Reconstructions | None = None
        self.probabilities: Vector | None = None
        self.decode_call_seconds: deque[float] = deque(maxlen=CALLS_KEPT)

    def set_picture(self, image: Floats32, stamp: float | None) -> None:
        """Show a decoded image [h, w, c], float32 in 0–1."""
        self.picture, self.picture_stamp, self.picture_fault = image, stamp, ""
        self.picture_changed.emit()

    def fail_picture(self, reason: str) -> None:
        """Show why there is no picture of the point."""
        self.picture, self.picture_stamp, self.picture_fault = None, None, reason
        self.picture_changed.emit()

    def set_draws(self, drawn: Drawn | None) -> None:
        """Show the current posterior in pixels, or nothing for None."""
        self.draws = drawn
        self.draws_changed.emit()

    def set_thumbnail(self, name: str, image: Floats32) -> None:
        """Show the picture of one point."""
        self.thumbnails[name] = image
        self.thumbnails_changed.emit()

    def set_thumbnails(self, images: dict[str, Floats32]) -> None:
        """Show the pictures of all points; those of points that are gone are dropped."""
        self.thumbnails = images
        self.thumbnails_changed.emit()

    def set_reconstructions(self, reconstructions: Reconstructions | None) -> None:
        """Show a few images with their reconstructions; None while there are none of the open model and data."""
        self.reconstructions = reconstructions
        self.reconstructions_changed.emit()

    def set_distribution(self, answer: DistributionAnswer) -> None:
        """Show the curves of the chosen dimension."""
        self.distribution = answer
        self.curves_changed.emit()

    def set_workbench(self, answer: DistributionAnswer) -> None:
        """Show the curves of the family on the workbench."""
        self.workbench = answer
        self.workbench_changed.emit()

    def set_probabilities(self, u: Vector | None) -> None:
        """Show where z stands in every dimension by its probability u [d]; None while that is unknown."""
        if u is not None or self.probabilities is not None:
            self.probabilities = u
            self.probabilities_changed.emit()

    def set_aggregate(self, aggregate: AggregateReady) -> None:
        """Show the aggregate posterior of the chosen dimension."""
        self.aggregate = aggregate
        self.aggregate_changed.emit()

    def forget_aggregate(self) -> None:
        """Drop the aggregate posterior; views learn it with the next curves."""
        self.aggregate = None
