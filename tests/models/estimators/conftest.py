"""How the estimators are asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.estimators import continuous, draw_gradients
from models.numerics.tracing import Recent
from models.protocol.lab import Gradients, GradientsReady, Problem
from models.vae.model import VAE

SOME = 20_000


@pytest.fixture(autouse=True, scope="module")
def all_estimators_are_kept() -> Iterator[None]:
    """Trace those of each family once for all tests, which take them in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(continuous, "_kept", Recent(1000))
        yield


def ask(problem: Problem, samples: int = SOME, seed: int = 5, vae: VAE | None = None) -> GradientsReady:
    return draw_gradients(Gradients(1, problem, samples, seed), vae)
