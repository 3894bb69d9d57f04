"""Draw latents and decode them, and check arrays from outside against a model.

Pure computations on arrays, for the decoder worker and the command line alike. A seed decides the noise, which is the
same in every process (:func:`models.core.geometry.standard_noise`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32, Floats64
from models.core.families import LatentFamily
from models.core.geometry import standard_noise
from models.protocol.decoding import SampleSource
from models.vae.model import VAE

TILE_IMAGES = 64
MAX_LATENTS_SAMPLED = 100_000
MAX_DRAWS = 4096


@dataclass(frozen=True)
class Drawing:
    """The image of a centre, mean and standard deviation of the images of draws around it, each [h, w, c] in 0–1.

    ``kl`` [d] is KL(q ‖ p) of each dimension in nats.
    """

    centre: Floats32
    mean: Floats32
    std: Floats32
    kl: Floats64


@dataclass(frozen=True)
class DrawnLatents:
    """A centre [1, d], draws ``z`` [n, d] around it, and KL(q ‖ p) of each dimension [d] in nats."""

    centre: Floats32
    z: Floats32
    kl: Floats64


def draw(vae: VAE, centre: Floats32, sigma: Floats32, draws: int, seed: int) -> Drawing:
    """Decode ``centre`` [d] and ``draws`` samples centre + sigma·ε of the posterior around it.

    ValueError as of :func:`drawn_latents`.
    """
    drawn = drawn_latents(vae, centre, sigma, draws, seed)
    mean, std = vae.spread(drawn.z)
    return Drawing(vae.decode(drawn.centre)[0], mean, std, drawn.kl)


def drawn_latents(vae: VAE, centre: Floats32, sigma: Floats32, draws: int, seed: int) -> DrawnLatents:
    """Return ``centre`` [d] as it is decoded, and ``draws`` samples centre + sigma·ε of the posterior around it.

    ValueError if an array does not fit the model, ``sigma`` [d] is not positive, or there are too many draws.
    """
    if not 1 <= draws <= MAX_DRAWS:
        raise ValueError(f"the number of draws lies in 1 to {MAX_DRAWS}, not {draws}")
    centre, sigma = checked_latents(vae, centre[np.newaxis]), checked_scale(vae, sigma)
    z = centre + sigma * _noise(vae, seed, draws, vae.space.posterior)
    return DrawnLatents(centre, z, vae.divergence(centre, sigma[np.newaxis])[0])


def sample_latents(
    vae: VAE, source: SampleSource, n: int, seed: int, centre: Floats32, sigma: Floats32, spread: float
) -> tuple[Floats32, Floats32]:
    """Return ε and z, float32 [n, d], of ``n`` samples.

    They are draws of the prior (z = ε), of the posterior with locations ``centre`` and scales ``sigma`` [d]
    (z = centre + sigma·ε), or of the posterior's family around ``centre`` (z = centre + spread·ε). ValueError if an
    array does not fit the model, or a number is out of range.
    """
    if not 1 <= n <= MAX_LATENTS_SAMPLED:
        raise ValueError(f"the number of samples lies in 1 to {MAX_LATENTS_SAMPLED}, not {n}")
    if source == "prior":
        eps = _noise(vae, seed, n, vae.space.prior)
        return eps, eps.copy()
    centre = checked_latents(vae, centre[np.newaxis])[0]
    eps = _noise(vae, seed, n, vae.space.posterior)
    if source == "posterior":
        return eps, centre + checked_scale(vae, sigma) * eps
    if not (np.isfinite(spread) and spread >= 0):
        raise ValueError(f"the spread must not be negative, it is {spread}")
    return eps, centre + np.float32(spread) * eps


def _noise(vae: VAE, seed: int, n: int, family: LatentFamily) -> Floats32:
    return standard_noise(seed, n, vae.architecture.latent_dim, family)


def checked_latents(vae: VAE, z: NDArray[np.floating]) -> Floats32:
    """Return ``z`` as float32 [n, d]; ValueError if its shape does not fit the model or it is not finite."""
    latent_dim = vae.architecture.latent_dim
    if z.ndim != 2 or z.shape[1] != latent_dim:
        raise ValueError(f"latents must have the shape [n, {latent_dim}], not {list(z.shape)}")
    if not np.isfinite(z).all():
        raise ValueError("latents must be finite")
    return np.ascontiguousarray(z, np.float32)


def checked_scale(vae: VAE, sigma: NDArray[np.floating]) -> Floats32:
    """Return ``sigma`` as float32 [d]; ValueError if its shape does not fit or an entry is not positive."""
    values: Floats32 = checked_latents(vae, np.asarray(sigma)[np.newaxis])[0]
    if not (values > 0).all():
        raise ValueError("standard deviations must be positive")
    return values


def checked_images(vae: VAE, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 ``images`` [n, h, w, c]; ValueError if they do not fit the model."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != vae.architecture.image_shape:
        wanted = list(vae.architecture.image_shape)
        raise ValueError(f"images must be uint8 [n, *{wanted}], not {images.dtype} {list(images.shape)}")
    return np.ascontiguousarray(images)
