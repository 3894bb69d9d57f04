"""``latentscape trust``: whether latent points lie where the data do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.cli.console import print_result, table
from explorer.cli.science import Data, check_images, compiled, embedded, open_named_model, opened_data
from models.core.arrays import Matrix
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.npy import map_array
from models.core.steps import finished
from models.core.trust import Trust

if TYPE_CHECKING:
    from models.vae.model import VAE
    from models.vae.posterior import Posteriors


def print_trust(model: str, data: Data, subject: int | Path, as_json: bool) -> int:
    """Judge the posterior mean of an image, or the latents in a file; print a line for each; return the exit code."""
    from models.data.latents import read_latents

    opened, info = open_named_model(model), opened_data(data, silent=as_json)
    check_images(info, opened)
    if isinstance(subject, int) and subject >= info.count:
        raise UserError("--image", f"{info.name} has images 0 to {info.count - 1}, but no image {subject}")
    # A file that cannot be read is refused before the images are encoded.
    stored = [] if isinstance(subject, int) else list(read_latents(subject, opened.info.latent_dim).z)
    vae = compiled(opened)
    posteriors = embedded(vae, info)
    z = np.array([posteriors.mu[subject]] if isinstance(subject, int) else stored)
    judgements = list(_judged(vae, info, posteriors, z.astype(np.float64)))
    result = {"model": opened.info.name, "data": info.name, "points": [_fields(trust) for trust in judgements]}
    names = dict(enumerate(info.label_names))
    print_result(result, table(_row(number, trust, names) for number, trust in enumerate(judgements)), as_json)
    return 0


def _judged(vae: VAE, info: DataInfo, posteriors: Posteriors, z: Matrix) -> Iterator[Trust]:
    from models.data.opening import load_images
    from models.vae.trust import judged, usual_of

    labels = None if info.labels_path is None else map_array(info.labels_path)
    usual, images = finished(usual_of(vae.space, posteriors)), load_images(info)
    for point in z:
        yield finished(judged(vae, posteriors, images, labels, usual, point))


def _fields(trust: Trust) -> dict[str, object]:
    agreement = trust.agreement
    return {
        "verdict": trust.verdict, "nats": trust.nats, "excess": trust.excess,
        "excess_limit": trust.usual.most - trust.usual.nats, "norm": trust.norm, "norm_limit": trust.usual.norm,
        "typicality": None if trust.typicality is None else trust.typicality.share,
        "reencoded_sigmas": trust.sigmas, "reencoded_pixels": trust.pixels,
        "agreement": None if agreement is None else agreement.count / agreement.of,
        "class": None if agreement is None else agreement.label,
    }  # fmt: skip


def _row(number: int, trust: Trust, names: dict[int, str]) -> tuple[str, object]:
    label = None if trust.agreement is None else trust.agreement.label
    known = "" if label is None else f"class {names.get(label, label)}"
    return str(number), "  ·  ".join([trust.verdict, f"|z| {trust.norm:.4g}", *trust.facts(known)])
