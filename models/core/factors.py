"""Factors of variation, and how well a latent space separates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64


@dataclass(frozen=True)
class Factor:
    """One factor: the mean and the spread of every dimension's posterior mean where it has each of its values.

    Attributes
    ----------
    name : str
        Its name; data with labels have the one factor ``class``.
    values : array [v]
        The values that occur, ascending.
    value_names : tuple of str
        Their names, empty where they are numbers.
    entropy : float
        Of the factor among the images, in nats.
    bias : float
        The mean mutual information, in nats, of so many images with a dimension that does not depend on the factor
        (Miller 1955): (B − 1)(v − 1)/(2n) with B bins in use, for the dimension with the most bins.
    means, deviations : array [v, d]
        Mean and standard deviation of the posterior means of each dimension over the images of each value.
    """

    name: str
    values: NDArray[np.int64]
    value_names: tuple[str, ...]
    entropy: float
    bias: float
    means: Floats64
    deviations: Floats64


@dataclass(frozen=True)
class Disentanglement:
    """Mutual information in nats [f, d] of factors and latent dimensions over ``count`` images.

    The gap of a factor is the difference of its two largest, relative to its entropy (MIG, Chen et al. 2018); NaN of
    a factor that has but one value.
    """

    count: int
    factors: tuple[Factor, ...]
    information: Floats64

    @property
    def normalized(self) -> Floats64:
        """Mutual information relative to the entropy of the factor [f, d], 0 to 1; NaN where that is 0."""
        entropies = np.array([factor.entropy for factor in self.factors])[:, np.newaxis]
        known = np.where(entropies > 0.0, entropies, np.nan)
        result: Floats64 = self.information / known
        return result

    @property
    def gaps(self) -> Floats64:
        """The mutual information gap of each factor [f]; with a single dimension, all its normalized information."""
        ranked = np.sort(self.normalized, axis=1)
        second = ranked[:, -2] if ranked.shape[1] > 1 else 0.0
        result: Floats64 = ranked[:, -1] - second
        return result

    @property
    def gap(self) -> float:
        """The mean of the gaps that are known, NaN if none is."""
        known = self.gaps[np.isfinite(self.gaps)]
        return float(known.mean()) if len(known) else float("nan")
