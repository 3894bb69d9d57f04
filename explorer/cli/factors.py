"""The factor report of ``info --evaluate``: how each latent dimension relates to the factors of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from explorer.cli.science import embedded
from models.core.arrays import Floats64
from models.core.descriptions import DataInfo
from models.core.factors import Disentanglement
from models.core.steps import finished

if TYPE_CHECKING:
    from models.vae.model import VAE

COLUMN = 13


def measure(vae: VAE, info: DataInfo) -> Disentanglement | None:
    """Measure disentanglement on the posterior means of all images; return None if the data set has no factors."""
    from models.vae.disentanglement import disentanglement, factors_of

    known = factors_of(info)
    return None if known is None else finished(disentanglement(embedded(vae, info).mu, known))


def factor_fields(result: Disentanglement | None) -> dict[str, object]:
    """Return the measurements as JSON fields; information is in nats, gaps are fractions of the entropy."""
    if result is None:
        return {"mig": None, "modularity": None, "factors": [], "factor_images": 0}
    rows = zip(result.factors, result.gaps, result.information, strict=True)
    factors = [
        {"name": factor.name, "values": len(factor.values), "entropy": factor.entropy, "bias": factor.bias,
         "gap": float(gap), "information": information.tolist()}
        for factor, gap, information in rows
    ]  # fmt: skip
    return {"mig": result.gap, "modularity": result.modularity, "factors": factors, "factor_images": result.count}


def factor_rows(result: Disentanglement | None) -> list[tuple[str, object]]:
    """Return mean gap and modularity as table rows; no rows if the data set has no factors."""
    if result is None:
        return []
    rows: list[tuple[str, object]] = [
        ("MIG", f"{result.gap:.3f}, from the posterior means of all {result.count:,} images")
    ]
    if math.isfinite(result.modularity):
        rows.append(("modularity", f"{result.modularity:.3f}, over the dimensions that encode more than chance"))
    return rows


def factor_lines(result: Disentanglement | None, kl: Floats64, shown: list[int]) -> Iterator[str]:
    """Yield the gaps and a table of the dimensions ``shown``, sorted by their KL [d], as lines of text."""
    if result is None:
        return
    yield "mutual information with each factor, as a share of its entropy:"
    names = [factor.name for factor in result.factors]
    yield _line("", names)
    for dim in sorted(shown, key=lambda dim: -float(kl[dim])):
        yield _line(f"  z{dim}", [f"{share:.3f}" for share in result.normalized[:, dim]])
    yield _line("  gap", [f"{gap:.3f}" for gap in result.gaps])
    yield _line("  by chance", [f"{f.bias / f.entropy:.3f}" if f.entropy > 0 else "–" for f in result.factors])


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<{COLUMN}}" + "".join(f"{cell:>{COLUMN}}" for cell in cells)
