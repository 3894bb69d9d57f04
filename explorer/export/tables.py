"""Latents as tables: NPZ for programs, CSV for spreadsheets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.core.arrays import Floats32
from models.core.files import output_file


@dataclass(frozen=True)
class LatentTable:
    """Latents of a series of images: z = μ + σ·ε, each [n, d], and where they come from.

    ``image`` is the name of the image whose posterior they are drawn from or around, empty where there is none.
    """

    mu: Floats32
    sigma: Floats32
    eps: Floats32
    z: Floats32
    seed: int
    model: str
    model_hash: str
    image: str = ""


def write_npz(path: Path, table: LatentTable) -> None:
    """Write a table as ``.npz`` without pickles; raises :class:`UserError`."""
    named: dict[str, Any] = {"image": np.str_(table.image)} if table.image else {}
    with output_file(path) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file, mu=table.mu, sigma=table.sigma, eps=table.eps, z=table.z, seed=np.int64(table.seed),
            model=np.str_(table.model), model_hash=np.str_(table.model_hash),
            **named,
        )  # fmt: skip


def write_csv(path: Path, table: LatentTable) -> None:
    """Write a row per image: index, ``image`` if known, z, μ, σ and ε of every dimension; raises ``UserError``."""
    named = {"image": table.image} if table.image else {}
    dims = range(table.z.shape[1])
    header = ["index", *named, *(f"{name}_{dim}" for name in ("z", "mu", "sigma", "eps") for dim in dims)]
    with output_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for index, vectors in enumerate(zip(table.z, table.mu, table.sigma, table.eps, strict=True)):
            writer.writerow([index, *named.values(), *(f"{value:.9g}" for vector in vectors for value in vector)])
