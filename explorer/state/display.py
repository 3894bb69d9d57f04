"""Display choices: axes of the map, the chosen dimension, the way of decoding, the noise bank."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from models.core.arrays import Vector
from models.core.families import LatentFamily
from models.core.geometry import standard_noise

DecodeMode = Literal["mu", "sample", "mean"]
Axes = tuple[int, int] | Literal["pca"]
SliderScale = Literal["z", "posterior", "prior"]
BANK_SIZE = 512
# No latent dimension has this number: the bank of the workbench is none of theirs.
WORKBENCH_BANK = 10_000
DRAWS = 32


class DisplayState(QObject):
    """Choices of the person that do not change the latent, and so are not undone.

    ``locate_requested(dim, anchor, value)`` asks to move z of a dimension to where u has that value, under the
    posterior (anchor "u") or the prior ("u of p"), or the noise of the posterior ("eps").
    """

    axes_changed = Signal()
    dimension_changed = Signal()
    decode_changed = Signal()
    seed_changed = Signal()
    active_only_changed = Signal()
    locate_requested = Signal(int, str, float)
    zoom_changed = Signal()
    log_changed = Signal()
    slider_scale_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.axes: Axes = "pca"
        self.dimension = 0
        self.decode_mode: DecodeMode = "mu"
        self.draws = DRAWS
        self.seed = 7
        self.active_only = False
        self.zoomed = True
        self.logarithmic = False
        self.slider_scale: SliderScale = "z"

    def locate(self, dim: int, anchor: str, value: float) -> None:
        """Ask for z of a dimension to be moved to a probability or a noise."""
        self.locate_requested.emit(dim, anchor, value)

    def set_slider_scale(self, scale: SliderScale) -> None:
        """Choose whether sliders move z, or its probability u under the posterior or the prior."""
        self.slider_scale = scale
        self.slider_scale_changed.emit()

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Choose whether densities and distribution functions are drawn on a logarithmic scale."""
        self.logarithmic = logarithmic
        self.log_changed.emit()

    def set_zoomed(self, zoomed: bool) -> None:
        """Choose whether the curves are drawn around the posterior only."""
        self.zoomed = zoomed
        self.zoom_changed.emit()

    def set_axes(self, axes: Axes) -> None:
        """Choose the plane of the map: two dimensions, or the first two principal components."""
        self.axes = axes
        self.axes_changed.emit()

    def set_dimension(self, dim: int) -> None:
        """Choose the dimension whose distribution is shown."""
        if dim != self.dimension:
            self.dimension = dim
            self.dimension_changed.emit()

    def set_decode_mode(self, mode: DecodeMode) -> None:
        """Choose what the large picture shows: the point, a draw around it, or the mean of many."""
        self.decode_mode = mode
        self.decode_changed.emit()

    def set_seed(self, seed: int) -> None:
        """Set the seed of the noise bank, of draws and of samples."""
        if seed != self.seed:
            self.seed = seed
            self.seed_changed.emit()

    def set_active_only(self, active_only: bool) -> None:
        """Choose whether collapsed dimensions are hidden."""
        self.active_only = active_only
        self.active_only_changed.emit()

    def bank(self, dim: int) -> Vector:
        """Return the frozen bank of a dimension from the seed: sorted normal scores [512] of its noise."""
        return _bank(self.seed, dim)

    def prior_noise(self, latent_dim: int, prior: LatentFamily) -> Vector:
        """Return one draw [d] of the prior from the seed: the first of an export with that seed."""
        noise: Vector = standard_noise(self.seed, 1, latent_dim, prior)[0].astype(np.float64)
        return noise


@lru_cache(maxsize=8)
def _bank(seed: int, dim: int) -> Vector:
    """Draw a bank once: every frame of a drag asks for it."""
    scores: Vector = np.sort(np.random.default_rng([seed, dim]).standard_normal(BANK_SIZE))
    scores.flags.writeable = False
    return scores
