"""Joint moments of quadratic forms of normal noise, from their joint cumulants.

A form vᵀMv of v = (1, ε), ε ~ N(0, I) with n numbers, is its symmetric matrix M [..., 1 + n, 1 + n]; leading axes are
so many forms. With H = M[1:, 1:] and h = M[1:, 0] the joint cumulant of j > 1 forms is

κ = 2^(j−1) (Σ tr(H₁ H₂ ⋯ Hⱼ) over cyclic orders + Σ h₁ᵀ H₂ ⋯ Hⱼ₋₁ hⱼ over all orders)

(Mathai & Provost 1992, Quadratic forms in random variables, for a noise of mean zero), and the mean of a product is the
sum over the partitions of its factors of the products of cumulants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import permutations
from typing import TypeAlias

import numpy as np

from models.core.arrays import Floats64

Partition: TypeAlias = tuple[tuple[int, ...], ...]


def product_of(first: Floats64, second: Floats64) -> Floats64:
    """Return the form [..., 1 + n, 1 + n] of (aᵀv)(bᵀv) for coefficients [..., 1 + n]."""
    outer = first[..., :, np.newaxis] * second[..., np.newaxis, :]
    return np.asarray(0.5 * (outer + np.swapaxes(outer, -1, -2)))


def minus(form: Floats64, constant: Floats64 | float) -> Floats64:
    """Return the form less a constant [...]."""
    shape = np.broadcast_shapes(form.shape, (*np.shape(constant), 1, 1))
    moved = np.broadcast_to(form, shape).copy()
    moved[..., 0, 0] -= constant
    return moved


def mean_of(*forms: Floats64) -> Floats64:
    """Return the mean [...] of the product of some forms."""
    known: dict[tuple[int, ...], Floats64] = {}
    for partition in partitions(len(forms)):
        for block in partition:
            if block not in known:
                known[block] = cumulant(*(forms[place] for place in block))
    parts = [_product([known[block] for block in partition]) for partition in partitions(len(forms))]
    return np.asarray(np.sum(np.broadcast_arrays(*parts), axis=0))


def cumulant(*forms: Floats64) -> Floats64:
    """Return the joint cumulant [...] of some forms."""
    matrices, heads = [form[..., 1:, 1:] for form in forms], [form[..., 1:, 0] for form in forms]
    if len(forms) == 1:
        return np.asarray(forms[0][..., 0, 0] + np.trace(matrices[0], axis1=-2, axis2=-1))
    last = len(forms) - 1
    total = np.zeros(())
    for order in permutations(range(last)):
        total = total + _trace([matrices[place] for place in (*order, last)])
    for order in permutations(range(len(forms))):
        # An order and its reverse are equal.
        if order[0] < order[-1]:
            total = total + 2.0 * _chain(heads[order[0]], [matrices[at] for at in order[1:-1]], heads[order[-1]])
    return np.asarray(2.0**last * total)


def _trace(matrices: list[Floats64]) -> Floats64:
    half = len(matrices) // 2
    left, right = _matrix_product(matrices[:half]), _matrix_product(matrices[half:])
    return np.asarray((left * np.swapaxes(right, -1, -2)).sum(axis=(-2, -1)))


def _matrix_product(matrices: list[Floats64]) -> Floats64:
    product = matrices[0]
    for matrix in matrices[1:]:
        product = product @ matrix
    return product


def _chain(first: Floats64, matrices: list[Floats64], last: Floats64) -> Floats64:
    for matrix in reversed(matrices):
        last = (matrix @ last[..., np.newaxis])[..., 0]
    return np.asarray((first * last).sum(axis=-1))


def _product(factors: list[Floats64]) -> Floats64:
    return np.asarray(math.prod(factors[1:], start=factors[0]))


@cache
def partitions(count: int) -> tuple[Partition, ...]:
    """Return all ways to divide the numbers below ``count`` into blocks."""
    return tuple(_partitions(tuple(range(count))))


def _partitions(items: tuple[int, ...]) -> Iterator[Partition]:
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for smaller in _partitions(rest):
        yield ((first,), *smaller)
        for place, block in enumerate(smaller):
            yield (*smaller[:place], (first, *block), *smaller[place + 1 :])
