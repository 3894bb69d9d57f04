"""Mutate the numeric constants of the distributions, one at a time, and say which share of it the battery notices.

``python -m tests.constants`` changes every constant of ``models/numerics`` and ``models/distributions`` in a copy of
the tree, a float by one hundredth and a whole number by 1, and runs the tests that ask the families; minutes each.
``--sample N`` takes N of them by chance, ``--file NAME`` those of one file, ``--list`` only lists them. The exit status
is 1 if fewer than 95 % are noticed.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants import NOTICED, Mutant, copy_of_the_tree, results_of
from tests.support.places import ROOT

ROOMS = ("models/numerics", "models/distributions")
BATTERY = ("test_properties.py", "test_discrete.py", "test_battery.py", "-n0")
GOAL = 0.95


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield a mutant for each constant of a file."""
    source = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            lines = source.splitlines(keepends=True)
            row = node.lineno - 1
            # Columns of the parser count bytes.
            whole = lines[row].encode()
            start, end = node.col_offset, node.end_col_offset or 0
            broken = (whole[:start] + changed(node.value).encode() + whole[end:]).decode()
            first = unique_from(source, lines, row)
            before = "".join(lines[first:row])
            yield Mutant(f"{name}:{row + 1}:{start}", name, before + lines[row], before + broken, BATTERY)


def changed(value: float) -> str:
    """Return another constant, as it is written."""
    if isinstance(value, int):
        return repr(value + 1)
    return repr(value * 1.01 if value else 0.01)


def unique_from(source: str, lines: Sequence[str], row: int) -> int:
    """Return the last line from which on the text up to ``row`` stands once in the file."""
    first = row
    while first > 0 and source.count("".join(lines[first : row + 1])) > 1:
        first -= 1
    return first


def all_mutants(file: str = "*.py") -> list[Mutant]:
    """Return those of all files, or of those called ``file``."""
    return [mutant for room in ROOMS for path in sorted((ROOT / room).glob(file)) for mutant in mutants_of(path)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants, print what became of them and the share noticed, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.constants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="take N constants by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the chance")
    parser.add_argument("--file", metavar="NAME", default="*.py", help="take the constants of a file")
    parser.add_argument("--list", action="store_true", help="only list them")
    options = parser.parse_args(arguments)
    mutants = all_mutants(options.file)
    if options.sample is not None:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    if options.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    results = {}
    with copy_of_the_tree() as copy:
        for name, result in results_of(mutants, copy):
            results[name] = result
            print(f"{name:<60} {result}", flush=True)
    share = sum(result == NOTICED for result in results.values()) / max(len(results), 1)
    print(f"{len(results)} constants changed, {share:.1%} noticed")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
