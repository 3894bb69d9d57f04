"""Masses and tails of the families of whole numbers by mpmath."""

from __future__ import annotations

import mpmath as mp

from tests.models.distributions.cases import Formula, gamma_lower, gamma_upper


def success(logits: mp.mpf) -> mp.mpf:
    return 1 / (1 + mp.exp(-logits))


def binomial_mass(k: mp.mpf, n: mp.mpf, logits: mp.mpf) -> mp.mpf:
    return mp.binomial(n, k) * success(logits) ** k * success(-logits) ** (n - k)


def binomial_sum(first: mp.mpf, last: mp.mpf, n: mp.mpf, logits: mp.mpf) -> mp.mpf:
    return mp.fsum(binomial_mass(mp.mpf(k), n, logits) for k in range(int(first), int(last) + 1))


def failures_mass(k: mp.mpf, r: mp.mpf, logits: mp.mpf) -> mp.mpf:
    return mp.gamma(k + r) / mp.gamma(r) / mp.factorial(k) * success(logits) ** k * success(-logits) ** r


MASSES: dict[str, tuple[Formula, Formula, Formula]] = {
    "Bernoulli": (
        lambda k, t: success(t) if k else success(-t), lambda k, t: mp.mpf(1) if k else success(-t),
        lambda k, t: mp.mpf(0) if k else success(t),
    ),
    "Binomial": (
        binomial_mass, lambda k, n, t: binomial_sum(mp.mpf(0), k, n, t), lambda k, n, t: binomial_sum(k + 1, n, n, t),
    ),
    "Poisson": (
        lambda k, r: mp.exp(k * mp.log(r) - r) / mp.factorial(k), lambda k, r: gamma_upper(k + 1, r),
        lambda k, r: gamma_lower(k + 1, r),
    ),
    "NegativeBinomial": (
        failures_mass, lambda k, r, t: mp.betainc(r, k + 1, 0, success(-t), regularized=True),
        lambda k, r, t: mp.betainc(k + 1, r, 0, success(t), regularized=True),
    ),
}  # fmt: skip
