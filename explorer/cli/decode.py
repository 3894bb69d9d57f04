"""``latentscape decode``: decode latents from a file into pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.cli.console import print_result, progress_bar
from explorer.cli.science import compiled, finite, open_named_model
from explorer.cli.targets import allow_replacing
from explorer.export.names import PICTURES, SHEET, earlier_files, picture_name, remove_earlier
from explorer.export.pictures import Latent, bounded_sheet, check_zoom, png_of, write_contact_sheet
from explorer.export.series import LARGEST_SHEET
from models.core.arrays import Floats32
from models.core.files import naming, write_together

TILE_IMAGES = 64


def decode_latents(model: str, latents: Path, out: Path, zoom: int, overwrite: bool, as_json: bool) -> int:
    """Write one picture per latent in the file ``latents`` to the folder ``out``; return the exit code."""
    from models.data.latents import read_latents

    opened = open_named_model(model)
    check_zoom(opened.info.image_shape, zoom)
    stored = read_latents(latents, opened.info.latent_dim)
    allow_replacing(earlier_files(out), overwrite)
    vae = compiled(opened)
    sigma = np.ones_like(stored.z) if stored.sigma is None else stored.sigma
    count = len(stored.z)
    with naming(out):
        remove_earlier(out)
    sheet: list[Floats32] = []
    with progress_bar() as bar:
        task = bar.add_task("pictures", total=count)
        for start in range(0, count, TILE_IMAGES):
            images = finite(vae.decode(stored.z[start : start + TILE_IMAGES]), opened.info.name)
            sheet.extend(images[: max(0, LARGEST_SHEET - len(sheet))])
            latents_of = (
                _latent(stored.z[index], sigma[index], index, opened.info.name, opened.info.digest)
                for index in range(start, start + len(images))
            )
            write_together(
                (out / PICTURES / picture_name(latent.index + 1, count), png_of(image, latent, zoom))
                for image, latent in zip(images, latents_of, strict=True)
            )
            bar.advance(task, len(images))
    write_contact_sheet(out / SHEET, *bounded_sheet(np.stack(sheet), zoom))
    result = {"model": opened.info.name, "model_digest": opened.info.digest, "pictures": count, "out": str(out)}
    print_result(result, [f"{count} pictures in {out}"], as_json)
    return 0


def _latent(z: Floats32, sigma: Floats32, index: int, model: str, digest: str) -> Latent:
    """Return the record of a decoded point: the point is its own posterior mean, with ε = 0 and seed 0."""
    centre = tuple(z.astype(np.float64).tolist())
    spread = tuple(sigma.astype(np.float64).tolist())
    return Latent(centre, spread, (0.0,) * len(centre), centre, 0, index, model, digest)
