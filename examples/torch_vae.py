"""Train a small VAE in PyTorch on pictures of rings and explore it: ``pip install torch``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

import latentscape
from latentscape.view import View

SIDE, LATENT_DIM = 16, 3


def rings(count: int) -> np.ndarray:
    """Return pictures [n, 16, 16] of rings in any place and of any size."""
    rng = np.random.default_rng(0)
    place, radius = rng.uniform(5.0, 11.0, (2, count, 1, 1)), rng.uniform(2.0, 4.5, (count, 1, 1))
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(x - place[0], y - place[1]) - radius
    return np.exp(-(distance**2)).astype(np.float32)


class VAE(nn.Module):
    """Two layers each way; the encoder returns μ and log σ²."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 128), nn.ReLU(), nn.Linear(128, 2 * LATENT_DIM))
        self.decoder = nn.Sequential(nn.Linear(LATENT_DIM, 128), nn.ReLU(), nn.Linear(128, SIDE**2))

    def loss(self, x: torch.Tensor) -> torch.Tensor:
        """Return the negative ELBO of a batch in nats."""
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        log_likelihood = -nn.functional.binary_cross_entropy_with_logits(self.decoder(z), x.flatten(1), reduction="sum")
        kl = 0.5 * (log_var.exp() + mu**2 - 1.0 - log_var).sum()
        return (kl - log_likelihood) / len(x)


def trained(images: np.ndarray, steps: int) -> VAE:
    """Return a VAE after some steps with Adam."""
    torch.manual_seed(0)
    vae, x = VAE(), torch.as_tensor(images)
    adam = torch.optim.Adam(vae.parameters(), 1e-3)
    for _ in range(steps):
        adam.zero_grad()
        vae.loss(x[torch.randint(len(x), (128,))]).backward()
        adam.step()
    return vae.eval()


def explored(steps: int = 3000) -> View:
    """Train the VAE and open the window on it."""
    images = rings(4000)
    vae = trained(images, steps)

    @torch.no_grad()
    def decode(z: np.ndarray) -> torch.Tensor:
        return torch.sigmoid(vae.decoder(torch.as_tensor(z))).reshape(-1, SIDE, SIDE)

    @torch.no_grad()
    def encode(x: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        mu, log_var = vae.encoder(torch.as_tensor(x)).chunk(2, dim=1)
        return mu, torch.exp(0.5 * log_var)

    return latentscape.explore(decode, encode, images, title="VAE of rings", likelihood="bernoulli")


if __name__ == "__main__":
    explored().wait()
