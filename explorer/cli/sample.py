"""``latentscape sample``: the same pictures as the window exports from the prior with the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.cli.console import print_result, progress_bar
from explorer.cli.science import compiled, finite, open_named_model
from explorer.cli.targets import allow_replacing
from explorer.export.names import earlier_files, remove_earlier
from explorer.export.pictures import check_zoom
from explorer.export.series import Series
from models.core.files import naming
from models.protocol.decoding import SampleTile


def sample_prior(model: str, count: int, seed: int, out: Path, zoom: int, overwrite: bool, as_json: bool) -> int:
    """Write ``count`` samples from the prior to the folder ``out``; return the exit code."""
    opened = open_named_model(model)
    check_zoom(opened.info.image_shape, zoom)
    allow_replacing(earlier_files(out), overwrite)
    vae = compiled(opened)
    from models.vae.sampling import TILE_IMAGES, sample_latents

    origin = np.zeros(opened.info.latent_dim, np.float32)
    sigma = np.ones_like(origin)
    eps, z = sample_latents(vae, "prior", count, seed, origin, sigma, spread=1.0)
    with naming(out):
        remove_earlier(out)
    series = Series(out, origin, sigma, seed, opened.info.name, opened.info.digest, zoom)
    with progress_bar() as bar:
        task = bar.add_task("samples", total=count)
        for start in range(0, count, TILE_IMAGES):
            tile = slice(start, start + TILE_IMAGES)
            series.add(SampleTile(0, start, count, eps[tile], z[tile], finite(vae.decode(z[tile]), opened.info.name)))
            bar.update(task, completed=series.written)
    series.finish()
    result = {"model": opened.info.name, "model_digest": opened.info.digest, "samples": count, "seed": seed}
    print_result({**result, "out": str(out)}, [f"{count} samples with seed {seed} in {out}"], as_json)
    return 0
