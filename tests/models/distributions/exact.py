"""What mpmath says of the cases, kept in a table: ``python -m tests.models.distributions.exact`` writes it anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mpmath as mp

from tests.models.distributions.cases import CASES, Case

TABLE = Path(__file__).with_suffix(".json")
DIGITS = 25
WHAT = ("pdf", "cdf", "sf")


@dataclass(frozen=True)
class Kept:
    """Of one case: points, 25 digits of density and tails there, and mean, variance, entropy if SciPy has none."""

    points: tuple[float, ...]
    values: dict[str, tuple[str, ...]]
    moments: tuple[float, ...]


@cache
def _table() -> dict[str, Kept]:
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    return {
        name: Kept(tuple(row["points"]), {what: tuple(row[what]) for what in WHAT}, tuple(row["moments"]))
        for name, row in rows.items()
    }


def kept(case: Case) -> Kept:
    """Return what the table holds of a case; a case that it lacks is a KeyError."""
    return _table()[str(case)]


def names_kept() -> list[str]:
    """Return the cases of the table."""
    return list(_table())


def said_of(case: Case, points: tuple[float, ...]) -> dict[str, tuple[str, ...]]:
    """Ask mpmath."""
    return {what: tuple(mp.nstr(case.exact(what, z), DIGITS) for z in points) for what in WHAT}


def _write() -> None:
    from tests.models.distributions.measures import moments_of, points_of

    rows = {}
    for case in CASES:
        points = points_of(case)
        rows[str(case)] = {"points": points, **said_of(case, points), "moments": moments_of(case)}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    TABLE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
