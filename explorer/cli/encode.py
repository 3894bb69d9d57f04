"""``latentscape encode``: the posterior of every image in a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.cli.console import finished, print_result, progress_bar
from explorer.cli.science import check_images, compiled, find_data, open_named_model
from explorer.cli.targets import allow_replacing, check_target
from models.core.descriptions import DataInfo, EmbeddingSummary
from models.core.files import output_file
from models.core.npy import map_array

if TYPE_CHECKING:
    from models.vae.model import VAE
    from models.vae.posterior import Posteriors


def encode_data(model: str, data: str, out: Path, overwrite: bool, as_json: bool) -> int:
    """Write ``mu`` and ``sigma`` [n, d], and ``labels`` if there are any, to ``out``; return the exit code."""
    check_target(out, ".npz")
    allow_replacing([out], overwrite)
    from models.data.opening import open_data

    opened, info = open_named_model(model), open_data(find_data(data))
    check_images(info, opened)
    embedding, summary = _embed(compiled(opened), info)
    arrays = {"mu": embedding.mu, "sigma": embedding.sigma}
    if info.labels_path is not None:
        arrays["labels"] = np.array(map_array(info.labels_path))
    names = {"model": np.str_(opened.info.name), "model_hash": np.str_(opened.info.digest)}
    with output_file(out) as draft, draft.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays, **names)
    active, kl = int(summary.active.sum()), float(summary.kl.sum())
    result = {"images": info.count, "out": str(out), "active_units": active, "kl": kl}
    print_result(result, [f"{info.count:,} images in {out}: KL {kl:.2f} nats, {active} active units"], as_json)
    return 0


def _embed(vae: VAE, info: DataInfo) -> tuple[Posteriors, EmbeddingSummary]:
    from models.data.opening import load_images
    from models.vae.posterior import EMBED_SLICE, embed, summarize

    with progress_bar() as bar:
        task = bar.add_task("images", total=info.count)
        embedding = finished(embed(vae, load_images(info)), lambda: bar.advance(task, EMBED_SLICE))
    return embedding, finished(summarize(embedding, vae.divergence), lambda: None)
