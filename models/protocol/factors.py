"""Measure how the latent dimensions depend on the factors of variation of the data."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.factors import Disentanglement


@dataclass(frozen=True)
class MeasureFactors:
    """Measure the mutual information of latent dimensions and factors; answered by :class:`FactorsMeasured`.

    The data must have been embedded. A newer request replaces an older one.
    """

    id: int


@dataclass(frozen=True)
class FactorsMeasured:
    """The measure of the open model on the open data; None where the data have neither factors nor labels."""

    id: int
    model_digest: str
    data_digest: str
    result: Disentanglement | None
