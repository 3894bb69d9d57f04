"""Explore a function of JAX that draws a picture of four numbers: ``pip install jax``."""

from __future__ import annotations

import jax
import jax.numpy as jnp

import latentscape
from latentscape.view import View

SIDE = 48


@jax.jit
def gabor(z: jax.Array) -> jax.Array:
    """Return Gabor patches [n, 48, 48] of ``z`` [n, 4]: place, orientation and frequency."""
    y, x = jnp.mgrid[:SIDE, :SIDE] / (SIDE / 2.0) - 1.0
    z = z[:, :, None, None]
    x, y = x - 0.3 * z[:, 0], y - 0.3 * z[:, 1]
    along = x * jnp.cos(z[:, 2]) + y * jnp.sin(z[:, 2])
    return 0.5 + 0.5 * jnp.exp(-4.0 * (x**2 + y**2)) * jnp.cos(8.0 * along * jnp.exp(0.3 * z[:, 3]))


def explored() -> View:
    """Open the window on the function; there is nothing to encode."""
    return latentscape.explore(gabor, latent_dim=4, title="Gabor patch")


if __name__ == "__main__":
    explored().wait()
