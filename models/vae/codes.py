"""Codes in a file as a data set: each image is what a model makes of a code, and its posterior is the code itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.preview import PreviewOfData
from models.data import cache
from models.data.latents import StoredLatents, read_latents
from models.data.preview import previewed
from models.data.source import Images, Source, Steps, check_size
from models.importing.moments import SHARP
from models.vae import posterior_cache
from models.vae.model import VAE
from models.vae.posterior import Posteriors

NOTE = "these are codes: each image is what the model makes of one"
# Decoded at a time: a drag waits no longer than for these.
BLOCK = 32


def opening_codes(vae: VAE, model_digest: str, path: Path) -> Steps[DataInfo]:
    """Return the codes in a file as data of the model with this digest, a few milliseconds at a time.

    :class:`UserError` if they are not of the model's latent space. Codes without standard deviations get a small one.
    """
    source, codes = _source(vae, path)
    fingerprint = _fingerprint(model_digest, codes)
    try:
        info = cache.stored(path, fingerprint)
        if info is None:
            info = yield from cache.store(path, fingerprint, source, AS_FOUND)
        sigma = np.full_like(codes.z, SHARP) if codes.sigma is None else codes.sigma
        yield from posterior_cache.store(model_digest, info, Posteriors(codes.z, sigma))
    except OSError as error:
        raise UserError(path.name, reason_of(error)) from error
    return replace(info, codes_of=model_digest)


def preview_of_codes(vae: VAE, path: Path, options: DataOptions) -> Steps[PreviewOfData]:
    """Return what the codes in a file would be as data of the model; :class:`UserError` as :func:`opening_codes`."""
    source, _ = _source(vae, path)
    return (yield from previewed(source, str(path), "codes", options))


def _source(vae: VAE, path: Path) -> tuple[Source, StoredLatents]:
    """Return codes and, as a data set, the images that the model makes of them."""
    shape, codes = vae.architecture.image_shape, read_latents(path, vae.architecture.latent_dim)
    if len(codes.z) < 2:
        raise UserError(path.name, "there is only one code in it, at least two are needed")
    check_size(len(codes.z), shape, path.name)

    def sample(numbers: Sequence[int]) -> Images:
        return np.concatenate(list(_decoded(vae, codes.z[list(numbers)])))

    return Source(len(codes.z), shape, _decoded(vae, codes.z), codes.labels, notes=[NOTE], sample=sample), codes


def _decoded(vae: VAE, z: Floats32) -> Iterator[Images]:
    for start in range(0, len(z), BLOCK):
        images = np.nan_to_num(vae.decode(z[start : start + BLOCK]))
        yield np.rint(255.0 * np.clip(images, 0.0, 1.0)).astype(np.uint8)


def _fingerprint(model_digest: str, codes: StoredLatents) -> str:
    digest = hashlib.sha256(f"codes of {model_digest}".encode())
    for values in (codes.z, codes.sigma, codes.labels):
        digest.update(b"none" if values is None else values.tobytes())
    return digest.hexdigest()[:16]
