"""How the estimators are asked."""

from __future__ import annotations

from models.estimators import draw_gradients
from models.protocol.lab import Gradients, GradientsReady, Problem
from models.vae.model import VAE

SOME = 20_000


def ask(problem: Problem, samples: int = SOME, seed: int = 5, vae: VAE | None = None) -> GradientsReady:
    return draw_gradients(Gradients(1, problem, samples, seed), vae)
