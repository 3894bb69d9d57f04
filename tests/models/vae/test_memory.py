"""A batch that would take too much memory goes through the network in parts, with the same answer."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.settings import TrainSettings
from models.vae import architecture as architectures
from models.vae.architecture import architecture_of
from models.vae.model import VAE


def test_a_batch_in_parts_gives_what_it_gives_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = architecture_of(TrainSettings(hidden=(8,), latent_dim=2), (6, 6, 1))
    parameters = architecture.initial_parameters(0)
    whole = VAE(architecture, parameters)
    # Two images at once, of 36 values each.
    monkeypatch.setattr(architectures, "VALUES_PER_LAYER", 80)
    parts = VAE(architecture, parameters)
    assert architecture.most_at_once == 2
    z = np.random.default_rng(0).standard_normal((5, 2)).astype(np.float32)
    images = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 1), np.uint8)
    assert np.allclose(parts.decode(z), whole.decode(z), atol=1e-6)
    for ours, theirs in zip(
        (*parts.encode(images), *parts.spread(z)), (*whole.encode(images), *whole.spread(z)), strict=True
    ):
        assert np.allclose(ours, theirs, atol=1e-6)
    assert parts.decode(z[:0]).shape == (0, 6, 6, 1)
