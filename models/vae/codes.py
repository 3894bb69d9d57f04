"""Codes in a file as a data set: each image is what a model makes of a code, and its posterior is the code itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.columns import NAME
from models.core.data_options import AS_FOUND, DataOptions
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.preview import PreviewOfData
from models.data import cache
from models.data.latents import TABLES, StoredLatents, read_latents
from models.data.opening import Found, read_by, recognized
from models.data.preview import previewed
from models.data.source import Images, Source, Steps, check_size
from models.data.tables import NAME_COLUMNS, joined, labelled, labels_time, read_table, rows_numbered
from models.importing.moments import SHARP
from models.vae import posterior_cache
from models.vae.model import VAE
from models.vae.posterior import Posteriors
from models.vae.scatter import BLANK, Scatter

NOTE = "these are codes: each image is what the model makes of one"
# Decoded at a time: a drag waits no longer than for these.
BLOCK = 32
BLANKS = 1 << 16


def opening_codes(vae: VAE, model_digest: str, path: Path, options: DataOptions = AS_FOUND) -> Steps[DataInfo]:
    """Return the codes in a file as data of the model with this digest, a few milliseconds at a time.

    The options may name images that the codes stand for, instead of those that the model makes of them, and a file of
    labels and other columns. :class:`UserError` if the codes are not of the model's latent space, or not as many as the
    images. Codes without standard deviations get a small one.
    """
    codes = _codes(vae, path)
    try:
        found = (yield from recognized(options.images)) if options.images else None
        fingerprint = _fingerprint(model_digest, codes, options, found)
        info = cache.stored(path, fingerprint)
        if info is None:
            source = yield from _source(vae, path, codes, options, found)
            info = yield from cache.store(path, fingerprint, source, options)
        if info.count != len(codes.z):
            raise UserError(
                Path(options.images).name, "some of its pictures cannot be read, so codes and images would not match"
            )
        sigma = np.full_like(codes.z, SHARP) if codes.sigma is None else codes.sigma
        yield from posterior_cache.store(model_digest, info, Posteriors(codes.z, sigma))
    except OSError as error:
        raise UserError(Path(error.filename or path).name, reason_of(error)) from error
    return replace(info, codes_of=model_digest)


def preview_of_codes(vae: VAE, path: Path, options: DataOptions) -> Steps[PreviewOfData]:
    """Return what the codes in a file would be as data of the model; :class:`UserError` as :func:`opening_codes`."""
    found = (yield from recognized(options.images)) if options.images else None
    source = yield from _source(vae, path, _codes(vae, path), options, found)
    return (yield from previewed(source, str(path), "codes", options))


def _codes(vae: VAE, path: Path) -> StoredLatents:
    codes = vae.codes if isinstance(vae, Scatter) else read_latents(path, vae.architecture.latent_dim)
    if len(codes.z) < 2:
        raise UserError(path.name, "it has only one code, but at least two are needed")
    return codes


def _source(vae: VAE, path: Path, codes: StoredLatents, options: DataOptions, found: Found | None) -> Steps[Source]:
    """Return the images of codes, in their order, with labels and other columns if there are any."""
    count, shape = len(codes.z), vae.architecture.image_shape
    if found is not None:
        source = yield from read_by(found, AS_FOUND)
        if source.count != count:
            raise UserError(path.name, f"it has {count:,} codes, but {found.path.name} has {source.count:,} images")
        labels = source.labels if codes.labels is None else codes.labels
        source = replace(source, order=None, train_count=None, labels=labels)
    else:
        check_size(count, shape, path.name)
        source = _blank(codes) if isinstance(vae, Scatter) else _made(vae, codes)
    return _told(source, options.labels) if options.labels else source


def _made(vae: VAE, codes: StoredLatents) -> Source:
    """Return codes as the images that the model makes of them."""

    def sample(numbers: Sequence[int]) -> Images:
        return np.concatenate(list(_decoded(vae, codes.z[list(numbers)])))

    shape, count = vae.architecture.image_shape, len(codes.z)
    return Source(count, shape, _decoded(vae, codes.z), codes.labels, notes=[NOTE], sample=sample)


def _told(source: Source, labels: str) -> Source:
    """Give codes the columns of a table, or other labels; classes that they have already stay.

    The names in a table that has a row for each code are theirs, if they have none.
    """
    path = Path(labels)
    if path.suffix.lower() not in TABLES:
        return labelled(source, labels)
    table = read_table(path)
    lower = {word.lower(): texts for word, texts in table.items()}
    names = next((lower[word] for word in NAME_COLUMNS if word in lower), [])
    if NAME not in source.columns and len(names) == source.count == len(set(names)):
        source = replace(source, columns={**source.columns, NAME: names})
    if source.labels is None:
        return labelled(source, labels)
    made = joined(source, rows_numbered(table, source), path.name)
    if made is source:
        raise UserError(path.name, "its rows name none of the codes", "a column name or index says which is which")
    return made


def _blank(codes: StoredLatents) -> Source:
    """Return codes as images without content: there is no model that would make any."""

    def images() -> Iterator[Images]:
        for start in range(0, len(codes.z), BLANKS):
            yield np.zeros((min(BLANKS, len(codes.z) - start), *BLANK), np.uint8)

    def sample(numbers: Sequence[int]) -> Images:
        return np.zeros((len(numbers), *BLANK), np.uint8)

    return Source(len(codes.z), BLANK, images(), codes.labels, sample=sample)


def _decoded(vae: VAE, z: Floats32) -> Iterator[Images]:
    for start in range(0, len(z), BLOCK):
        images = np.nan_to_num(vae.decode(z[start : start + BLOCK]))
        yield np.rint(255.0 * np.clip(images, 0.0, 1.0)).astype(np.uint8)


def _fingerprint(model_digest: str, codes: StoredLatents, options: DataOptions, found: Found | None) -> str:
    digest = hashlib.sha256(f"codes of {model_digest}".encode())
    if options != AS_FOUND:
        changed = labels_time(options.labels) if options.labels else 0
        pictured = "" if found is None else found.unread.fingerprint
        digest.update(f"{options.labels} {changed} {pictured}".encode())
    for values in (codes.z, codes.sigma, codes.labels):
        digest.update(b"none" if values is None else values.tobytes())
    return digest.hexdigest()[:16]
