"""Requests to the decoder for a walk through the latent space, and its answers."""

from __future__ import annotations

from dataclasses import dataclass

from models.core.arrays import Floats64
from models.core.walk_settings import WalkSettings
from models.core.walks import Evidence, Walk


@dataclass(frozen=True)
class FindWalk:
    """Find the walk through the key points ``keys`` [k, d], then the evidence along it.

    Answered by :class:`WalkProgress` while it lasts, :class:`WalkFound`, and :class:`WalkMeasured`.
    """

    id: int
    settings: WalkSettings
    keys: Floats64


@dataclass(frozen=True)
class WalkProgress:
    """The share of the walk that is found, and after :class:`WalkFound` of its evidence, from 0 to 1."""

    id: int
    share: float


@dataclass(frozen=True)
class WalkFound:
    """The walk; its evidence follows."""

    id: int
    walk: Walk


@dataclass(frozen=True)
class WalkMeasured:
    """The evidence along the walk, which ends the answer."""

    id: int
    evidence: Evidence
