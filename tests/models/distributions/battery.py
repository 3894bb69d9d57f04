"""The battery as a table: ``python -m tests.models.distributions.battery --write`` makes BATTERY.md anew."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.models.distributions.cases import CASES
from tests.models.distributions.measures import MEASURES

DOCUMENT = Path(__file__).parents[3] / "models" / "distributions" / "BATTERY.md"
HEAD = """# The battery of the distributions

Worst error seen over the parameters of each family, and the tolerance, for each oracle and dtype; made by
`python -m tests.models.distributions.battery --write`. Relative where it says mpmath or SciPy; SE is standard errors.
A dash: the check says nothing about the family.
"""


def families() -> list[str]:
    return list(dict.fromkeys(case.family for case in CASES))


def columns() -> list[tuple[str, type]]:
    return [(name, dtype) for name, (_, dtypes) in MEASURES.items() for dtype in dtypes]


def table() -> str:
    """Measure everything and return the document."""
    lines = [HEAD]
    for name, dtype in columns():
        measure = MEASURES[name][0]
        lines += ["", f"## {name}, {dtype.__name__}", "", "| family | worst | tolerance |", "|---|---|---|"]
        for family in families():
            found = [measure(case, dtype) for case in CASES if case.family == family]
            worst, bound = max(error for error, _ in found), found[0][1]
            lines.append(f"| {family} | {worst:.2g} | {bound:g} |" if worst else f"| {family} | – | {bound:g} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = table()
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        print(text)
