"""Mutual information between latent dimensions and known factors, and its gap (MIG, Chen et al. 2018). NumPy only.

A dimension is represented by the posterior means of the images, in 20 bins of equal width over their range, as in
Locatello et al. 2019; mutual information is that of the joint counts, in nats. Counted from n images it comes out too
large by what independent variables show by chance, which is stated with it and not taken off.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.factors import Disentanglement, Factor
from models.core.npy import map_array
from models.vae.chance import information_by_chance

BINS = 20
# With more values, labels are names of images rather than classes, and their information would be all bias.
MOST_VALUES = 256
CLASS = "class"
# Rows of 50 dimensions and 5 factors take 3 ms: a decode that waits for a slice still makes its frame.
CELLS_PER_SLICE = 100_000

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class KnownFactors:
    """Values [n, f] of the named factors; ``value_names`` are those of the values 0, 1, … of the first."""

    names: tuple[str, ...]
    values: NDArray[np.integer]
    value_names: tuple[str, ...] = ()


def factors_of(data: DataInfo) -> KnownFactors | None:
    """Return the factors of a data set, memory-mapped; of one with labels the class; None without either."""
    if data.factors_path is not None:
        values = map_array(data.factors_path)
        return KnownFactors(data.factor_names, values, data.label_names)
    if data.labels_path is not None:
        labels = map_array(data.labels_path)
        return KnownFactors((CLASS,), labels[:, np.newaxis], data.label_names)
    return None


def disentanglement(mu: Floats32, known: KnownFactors) -> Generator[None, None, Disentanglement]:
    """Return the mutual information of posterior means ``mu`` [n, d] and factors, yielding between slices.

    :class:`UserError` if a factor has too many values.
    """
    low, high = yield from _ranges(mu)
    tallies = []
    for column, name in enumerate(known.names):
        values = np.unique(known.values[:, column])
        if len(values) > MOST_VALUES:
            raise UserError(name, f"it has {len(values):,} values, factors of up to {MOST_VALUES} can be measured")
        tallies.append(_Tally(values.astype(np.int64), mu.shape[1], low))
        yield
    for rows in _slices(mu, len(known.names)):
        means = np.asarray(mu[rows], np.float64)
        bins = _binned(means, low, high)
        for column, tally in enumerate(tallies):
            tally.add(means, bins, np.asarray(known.values[rows, column]))
        yield
    names = [known.value_names, *((),) * (len(tallies) - 1)]
    factors = tuple(t.factor(name, of) for t, name, of in zip(tallies, known.names, names, strict=True))
    return Disentanglement(len(mu), factors, np.array([mutual_information(tally.counts) for tally in tallies]))


def mutual_information(counts: Integers) -> Floats64:
    """Return the mutual information [d] in nats of joint counts [d, bins, values]."""
    joint = counts / counts.sum(axis=(1, 2), keepdims=True)
    return entropy(joint.sum(axis=2)) + entropy(joint.sum(axis=1)) - entropy(joint.reshape(len(joint), -1))


def entropy(shares: Floats64) -> Floats64:
    """Return −Σ p log p over the last axis, in nats."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0.0)
    # Not below 0: the sign of 0 · log 1 would show.
    result: Floats64 = np.maximum(-(shares * logs).sum(axis=-1), 0.0)
    return result


@dataclass
class _Tally:
    """Joint counts [d, bins, values] of one factor, and sums of the means around ``origin`` by its values [v, d]."""

    values: Integers
    dims: int
    origin: Floats64
    counts: Integers = field(init=False)
    first: Floats64 = field(init=False)
    second: Floats64 = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.dims, BINS, len(self.values)), np.int64)
        self.first, self.second = np.zeros((2, len(self.values), self.dims))

    def add(self, means: Floats64, bins: Integers, factor: NDArray[np.integer]) -> None:
        """Add some images: their means and bins [k, d], and values of the factor [k]."""
        width = len(self.values)
        index = np.searchsorted(self.values, factor)
        shifted = means - self.origin
        for dim in range(self.dims):
            joint = np.bincount(bins[:, dim] * width + index, minlength=BINS * width)
            self.counts[dim] += joint.reshape(BINS, width)
            self.first[:, dim] += np.bincount(index, shifted[:, dim], width)
            self.second[:, dim] += np.bincount(index, shifted[:, dim] ** 2, width)

    def factor(self, name: str, value_names: tuple[str, ...]) -> Factor:
        """Return the factor with its statistics."""
        numbers = self.counts[0].sum(axis=0)
        mean = self.first / numbers[:, np.newaxis]
        variance = np.maximum(self.second / numbers[:, np.newaxis] - mean**2, 0.0)
        in_bins = self.counts.sum(axis=2)
        fullest = in_bins[np.argmax((in_bins > 0).sum(axis=1))]
        bias = information_by_chance(fullest[fullest > 0], numbers)
        own = float(entropy(numbers / numbers.sum()))
        # A name for every value or none.
        names = tuple(value_names[value] for value in self.values) if _all_named(self.values, value_names) else ()
        return Factor(name, self.values, names, own, bias, self.origin + mean, np.sqrt(variance))


def _all_named(values: Integers, names: tuple[str, ...]) -> bool:
    return bool(names) and int(values[0]) >= 0 and int(values[-1]) < len(names)


def _slices(mu: Floats32, factors: int) -> list[slice]:
    size = max(1, CELLS_PER_SLICE // (mu.shape[1] * factors))
    return [slice(start, start + size) for start in range(0, len(mu), size)]


def _ranges(mu: Floats32) -> Generator[None, None, tuple[Floats64, Floats64]]:
    low, high = mu[0].astype(np.float64), mu[0].astype(np.float64)
    for rows in _slices(mu, 1):
        np.minimum(low, mu[rows].min(axis=0), out=low)
        np.maximum(high, mu[rows].max(axis=0), out=high)
        yield
    return low, high


def _binned(means: Floats64, low: Floats64, high: Floats64) -> Integers:
    """Return the bin of each of ``means`` [k, d]; a dimension that never moves has all in the first."""
    width = np.where(high > low, high - low, 1.0)
    bins: Integers = np.minimum((means - low) / width * BINS, BINS - 1).astype(np.int64)
    return bins
