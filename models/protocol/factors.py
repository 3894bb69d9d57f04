"""How the latent dimensions depend on the factors of variation of the data."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.factors import Disentanglement


@dataclass(frozen=True)
class MeasureFactors:
    """Measure how the open model's dimensions depend on the factors of the open data; a newer one replaces it."""

    id: int


@dataclass(frozen=True)
class FactorsMeasured:
    """The answer; ``result`` is None where the data have neither factors nor labels."""

    id: int
    model_digest: str
    data_digest: str
    result: Disentanglement | None
