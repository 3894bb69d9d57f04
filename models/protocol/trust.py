"""Judge whether a latent point lies where the data do."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.arrays import Floats64
from models.core.trust import Trust


@dataclass(frozen=True)
class Judge:
    """Judge the point ``z`` [d]; answered by :class:`Judged`.

    The data must have been embedded. A newer request replaces an older one.
    """

    id: int
    z: Floats64


@dataclass(frozen=True)
class Judged:
    """What is known of a point, by the open model and the open data."""

    id: int
    model_digest: str
    data_digest: str
    trust: Trust
