"""The χ² distribution of a sum of squared normal variables: a gamma distribution by another name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import tensorflow as tf

from models.distributions.base import Domain
from models.distributions.gamma import Gamma


class Chi2(Gamma):
    """χ² distribution with ``df`` degrees of freedom: Gamma(df/2, 1/2)."""

    domains: ClassVar[Mapping[str, Domain]] = {"df": "positive"}
    df: tf.Tensor

    def __init__(self, df: object, validate: bool = True) -> None:
        super(Gamma, self).__init__({"df": df}, validate)
        self.concentration = 0.5 * self.df
        self.rate = tf.constant(0.5, self.dtype)
