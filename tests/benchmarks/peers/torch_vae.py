"""PyTorch, eager or compiled: ``torch_vae.py [compile]``, with a Python that has PyTorch and NumPy, no more."""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))

from turns import Work, serve

COMPILED = "compile" in sys.argv[1:]


class TorchVAE(nn.Module):
    def __init__(self, work: Work, shape: tuple[int, ...]) -> None:
        super().__init__()
        height, _, colours = shape
        down, up, last = [], [], int(np.prod(shape))
        if work.kind == "conv":
            small, sizes = height // 2 ** len(work.channels), [colours, *work.channels]
            for below, above in pairwise(sizes):
                down += [nn.Conv2d(below, above, 4, 2, 1), nn.ReLU()]
            last = small * small * sizes[-1]
            up = [nn.Linear(work.hidden[0], last), nn.ReLU(), nn.Unflatten(1, (sizes[-1], small, small))]
            for above, below in pairwise(sizes[::-1]):
                up += [nn.ConvTranspose2d(above, below, 4, 2, 1), nn.ReLU()]
            up = [*up[:-1], nn.Flatten()]
        else:
            up = [nn.Linear(work.hidden[0], last)]
        self.encoder = nn.Sequential(*down, nn.Flatten(), *self.stack(last, work.hidden))
        self.loc, self.scale = (nn.Linear(work.hidden[-1], work.latent_dim) for _ in range(2))
        self.decoder = nn.Sequential(*self.stack(work.latent_dim, work.hidden[::-1]), *up)

    @staticmethod
    def stack(inputs: int, sizes: tuple[int, ...]) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for size in sizes:
            layers += [nn.Linear(inputs, size), nn.ReLU()]
            inputs = size
        return layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(x)
        loc, scale = self.loc(hidden), functional.softplus(self.scale(hidden)) + 1e-4
        logits = self.decoder(loc + scale * torch.randn_like(loc))
        target = x.flatten(1)
        reconstruction = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(1)
        kl = (0.5 * (loc**2 + scale**2 - 1.0) - torch.log(scale)).sum(1)
        return reconstruction + kl


class Torch:
    def __init__(self, work: Work) -> None:
        arrays = np.load(work.data)
        torch.manual_seed(0)
        self.work = work
        self.images, self.test = (
            torch.from_numpy(arrays[name]).movedim(-1, 1).contiguous() for name in ("train", "test")
        )
        self.model = TorchVAE(work, arrays["train"].shape[1:])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=work.learning_rate, eps=1e-7)
        self.terms = torch.compile(self.model) if COMPILED else self.model
        self.steps(1)

    def steps(self, count: int) -> None:
        size, order = self.work.batch_size, torch.randperm(len(self.images))
        for index in range(count):
            grey = self.images[order[index * size : (index + 1) * size]].float() / 255.0
            x = (torch.rand_like(grey) < grey).float()
            loss = self.terms(x).mean()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()

    def train(self, epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs):
            self.steps(len(self.images) // self.work.batch_size)
        return time.perf_counter() - began

    def elbo(self) -> float:
        with torch.no_grad():
            return -float(self.model(self.test.float() / 255.0).mean())


if __name__ == "__main__":
    serve(Torch)
