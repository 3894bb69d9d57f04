"""The battery as a table: ``python -m tests.models.distributions.battery --write`` writes docs/measured/accuracy.md."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tests.models.distributions.cases import CASES
from tests.models.distributions.measures import MEASURES, Figures, measured
from tests.support.places import ROOT

DOCUMENT = ROOT / "docs" / "measured" / "accuracy.md"
NOTHING = "–"
HEAD = """# Accuracy of the distributions

Every family passes the same battery of checks. Each cell shows the worst error over all parameter sets in
`tests/models/distributions/cases.py`, in float32 · float64, or in float64 alone if there is one number. The first row
gives the tolerances. A dash means that the check does not apply to the family.

`python -m tests.models.distributions.battery --write` generates this page; the tests measure every figure again.
"""
TABLES = {
    "Against mpmath and SciPy: relative errors, from one tail at 1e-9 to the other": (
        "prob, mpmath", "cdf, mpmath", "survival_function, mpmath", "log_cdf, mpmath", "quantile, mpmath",
        "quantile, SciPy", "mean, variance, entropy",
    ),
    "Against itself: inverses, derivatives and integrals": (
        "cdf(quantile(p)) − p", "from_noise(to_noise(z))", "difference of cdf − prob", "∫prob − 1",
        "∂z/∂θ + ∂F/∂θ / q", "equivariance",
    ),
    "Samples: 20 000 each, and 400 000 for the path, in standard errors (SE)": (
        "KS, −log₁₀ p", "moments, SE", "path of samples, SE",
    ),
}  # fmt: skip
Texts = dict[tuple[str, type], str]


def families() -> list[str]:
    return list(dict.fromkeys(case.family for case in CASES))


def worst(family: str) -> Figures:
    """Return the worst figures over the parameters of a family."""
    rows = [measured(case) for case in CASES if case.family == family]
    known = {key: [row[key] for row in rows if row[key] is not None] for key in rows[0]}
    return {key: max(figures, default=None) for key, figures in known.items()}


def printed(figures: Figures) -> Texts:
    return {key: NOTHING if figure is None else f"{figure:.2g}" for key, figure in figures.items()}


def document(place: str, texts: dict[str, Texts]) -> str:
    """Return the document with these figures, measured on the machine ``place``."""
    lines = [HEAD, place]
    for title, names in TABLES.items():
        bounds = [" · ".join(f"{bound:g}" for bound in dict.fromkeys(MEASURES[name].bounds.values())) for name in names]
        lines += ["", f"## {title}", "", _row(["family", *names]), "|---" * (len(names) + 1) + "|"]
        lines += [_row(["*tolerance*", *(f"*{bound}*" for bound in bounds)])]
        for family, found in texts.items():
            lines += [
                _row([family, *(" · ".join(found[name, kind] for kind in MEASURES[name].bounds) for name in names)])
            ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def read(text: str) -> tuple[str, dict[str, Texts]]:
    """Parse the place and the figures of a document: the inverse of :func:`document`."""
    place, *tables = text.removeprefix(HEAD).strip().split("\n\n## ")
    texts: dict[str, Texts] = {}
    for table, names in zip(tables, TABLES.values(), strict=True):
        for line in table.splitlines()[5:]:
            family, *cells = line.strip("| ").split(" | ")
            for name, cell in zip(names, cells, strict=True):
                figures = zip(MEASURES[name].bounds, cell.split(" · "), strict=True)
                texts.setdefault(family, {}).update({(name, dtype): figure for dtype, figure in figures})
    return place, texts


def here() -> str:
    """Return what determines the last bits of a result: the libraries, the processor and the number of cores."""
    names = ("tensorflow", "numpy", "scipy", "mpmath")
    return f"{', '.join(f'{name} {version(name)}' for name in names)}; {_processor()}, {os.cpu_count()} cores."


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").split("\n\n")[0].splitlines() if table.exists() else []
    about = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "model name" not in about:
        return platform.processor() or platform.machine()
    return f"{about['model name']} (family {about.get('cpu family', '?')}, model {about.get('model', '?')})"


def agree(said: str, found: float | None, column: tuple[str, type], same_place: bool) -> bool:
    """Return whether a figure of the document is the one measured now.

    On the machine of the document, every figure is the same to the last printed digit. Another processor or library
    rounds elementary functions differently in the last place. The worst of many rounding errors is then a different
    draw from errors of the same size: it may double or halve, and below a few rounding errors it may be anything. A
    statistic of samples is hardly affected by rounding: it keeps its two printed digits, except where they are cut off.
    """
    if same_place or found is None or said == NOTHING:
        return printed({column: found})[column] == said
    name, dtype = column
    told, rounding = float(said), MEASURES[name].rounding
    if rounding is None:
        return abs(told - found) <= 0.06 * found
    few = 4 * rounding * float(np.finfo(dtype).eps)
    return max(told, found) <= max(2 * min(told, found), few)


if __name__ == "__main__":
    made = document(here(), {family: printed(worst(family)) for family in families()})
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(made, encoding="utf-8")
    else:
        print(made)
