"""A mixture of two normal distributions as a family of five parameters: two modes, or a skewed single one.

Everything is that of :class:`models.distributions.mixture.Mixture`; the path is implicit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Distribution, Domain
from models.distributions.mixture import Mixture
from models.distributions.normal import Normal


class NormalMixture(Mixture):
    """Mixture w·N(loc1, scale1²) + (1 − w)·N(loc2, scale2²) with ``weight`` 0 < w < 1."""

    domains: ClassVar[Mapping[str, Domain]] = {
        "weight": "fraction", "loc1": "real", "scale1": "positive", "loc2": "real", "scale2": "positive",
    }  # fmt: skip
    weight: tf.Tensor
    loc1: tf.Tensor
    scale1: tf.Tensor
    loc2: tf.Tensor
    scale2: tf.Tensor

    def __init__(
        self, weight: object, loc1: object, scale1: object, loc2: object, scale2: object, validate: bool = True
    ) -> None:
        given = {"weight": weight, "loc1": loc1, "scale1": scale1, "loc2": loc2, "scale2": scale2}
        Distribution.__init__(self, given, validate)
        checked = self.parameters
        normals = [
            Normal(self.loc1, self.scale1, validate=False),
            Normal(self.loc2, self.scale2, validate=False),
        ]
        super().__init__(normals, probs=tf.stack([self.weight, 1.0 - self.weight], axis=-1), validate=False)
        self.parameters = checked
