"""The schedules of the learning rate and of β, as functions of the step."""

from __future__ import annotations

import math

import tensorflow as tf

from models.core.settings import BetaSchedule, Schedule


def scheduled_rate(schedule: Schedule, rate: tf.Tensor, step: tf.Tensor, total: int, warmup: float) -> tf.Tensor:
    """Return the learning rate of ``step`` of ``total``: constant, or half a cosine down to 0.

    During the first ``warmup`` steps it rises in a straight line.
    """
    made = tf.cast(step, tf.float32)
    if warmup > 0.0:
        rate = rate * tf.minimum((made + 1.0) / warmup, 1.0)
    if schedule == "constant":
        return rate
    return 0.5 * rate * (1.0 + tf.cos(math.pi * tf.minimum(made / total, 1.0)))


def scheduled_beta(schedule: BetaSchedule, beta: tf.Tensor, step: tf.Tensor, period: float) -> tf.Tensor:
    """Return β at ``step``: constant, or rising in a straight line from 0.

    With ``warmup`` it rises once, for ``period`` steps (Sønderby et al. 2016); with ``cyclic`` in the first half of
    every ``period`` (Fu et al. 2019).
    """
    if schedule == "constant":
        return beta
    progress = tf.cast(step, tf.float32) / period
    risen = progress if schedule == "warmup" else 2.0 * tf.math.floormod(progress, 1.0)
    return beta * tf.minimum(risen, 1.0)
