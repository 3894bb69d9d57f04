"""Diagnose a training that goes wrong, in words that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence

from models.core.history import EpochRecord
from models.core.settings import TrainSettings

EPOCHS_BEFORE_VERDICT = 3
COLLAPSED_NATS = 0.1
STRAY_NATS = 1.0
EXPLOSION = 10.0
LARGE_NATS = 50.0
OVERFIT_NATS = 5.0
PATIENCE = 5


def diagnose(records: Sequence[EpochRecord], settings: TrainSettings) -> str:
    """Return what is wrong after the epochs of ``records`` and what helps; "" if nothing is wrong."""
    if not records:
        return ""
    last = records[-1]
    if len(records) > 1 and last.train.kl > max(EXPLOSION * records[-2].train.kl, LARGE_NATS):
        return (
            f"KL explodes: {records[-2].train.kl:.0f} → {last.train.kl:.0f} nats in one epoch; "
            "lower the learning rate, or warm it up"
        )
    if len(records) < EPOCHS_BEFORE_VERDICT:
        return ""
    if last.active_units == 0 and last.test.kl >= STRAY_NATS:
        return (
            "no dimension is active: μ is the same for all images, though "
            f"q(z|x) is {last.test.kl:.1f} nats from the prior; lower the learning rate, or warm it up"
        )
    if last.active_units == 0 or last.test.kl < COLLAPSED_NATS:
        return f"posterior collapse: z carries {last.test.kl:.2f} nats, q(z|x) has become the prior; " + (
            "lower β, warm it up, or give free nats" if last.beta > 0.0 else "raise the learning rate"
        )
    return _overfitting(records, settings)


def _overfitting(records: Sequence[EpochRecord], settings: TrainSettings) -> str:
    best = max(range(len(records)), key=lambda index: records[index].test.elbo)
    lost = records[best].test.elbo - records[-1].test.elbo
    if len(records) - best <= PATIENCE or lost < OVERFIT_NATS or settings.early_stopping_patience > 0:
        return ""
    return f"overfitting: the test ELBO was {lost:.1f} nats better after epoch {records[best].epoch}; go back to it"
