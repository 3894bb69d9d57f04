"""Factors of variation, and how well a latent space separates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64

# So many standard deviations beyond its mean, information is not due to chance.
CERTAIN = 4.0


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

    @property
    def told(self) -> Floats64:
        """Information [f, d] beyond chance, in nats: less the bias, and 0 within four deviations of what chance shows.

        2n times the information of independent variables is about a χ² variable of mean 2n·bias, so that its deviation
        is √(bias/n).
        """
        bias = np.array([factor.bias for factor in self.factors])[:, np.newaxis]
        chance = bias + CERTAIN * np.sqrt(bias / self.count)
        result: Floats64 = np.where(self.information > chance, self.information - bias, 0.0)
        return result

    @property
    def modularity(self) -> float:
        """The mean over the dimensions that tell anything of 1 − Σ I²/(I_best²·(f − 1)), over the other factors.

        It is 1 if each dimension tells of one factor, and 0 if all tell of all alike or none tells anything (Ridgeway &
        Mozer 2018, §3.2; they count dimensions that tell nothing, too). NaN with a single factor.
        """
        if len(self.factors) < 2:
            return float("nan")
        told = self.told
        best = told.max(axis=0)
        told, best = told[:, best > 0.0], best[best > 0.0]
        if not len(best):
            return 0.0
        others = np.square(told / best).sum(axis=0) - 1.0
        return float(np.mean(1.0 - others / (len(self.factors) - 1)))
