"""The mutual information that independent variables show in a sample, in nats: what a measured one is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# With so many images to each cell, the leading term is off by less than 3 %.
ENOUGH_PER_CELL = 5

Counts = NDArray[np.int64]


def information_by_chance(rows: Counts, columns: Counts) -> float:
    """Return the mean mutual information in nats of independent variables with these counts, all above 0.

    With many images to a cell it is (R − 1)(C − 1)/(2n) (Miller 1955). With few, that goes beyond the entropy: then
    it is the mean over all tables with these counts in their margins (Vinh, Epps & Bailey 2010, eq. 24a).
    """
    count = int(rows.sum())
    if count >= ENOUGH_PER_CELL * len(rows) * len(columns):
        return (len(rows) - 1) * (len(columns) - 1) / (2 * count)
    return float(sum(_of_value(rows, int(number), count) for number in columns))


def _of_value(rows: Counts, number: int, count: int) -> float:
    """Return the part of one value with ``number`` images: a cell of it holds a hypergeometric number of them."""
    from scipy.special import gammaln

    a, k = rows[:, np.newaxis].astype(float), np.arange(1.0, min(number, int(rows.max())) + 1.0)
    possible = (k <= a) & (k >= a + number - count)
    k = np.where(possible, k, np.maximum(1.0, a + number - count))
    log_ways = -sum(gammaln(part + 1.0) for part in (k, a - k, number - k, count - a - number + k))
    log_ways += sum(gammaln(part + 1.0) for part in (a, number, count - a, count - number)) - gammaln(count + 1.0)
    terms = k / count * np.log(count * k / (a * number)) * np.exp(log_ways)
    return float(np.where(possible, terms, 0.0).sum())
