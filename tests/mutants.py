"""Mutation tests: break one line at a time in a copy of the tree, and check that the tests notice.

``python -m tests.mutants`` runs all mutants of ``mutants.toml``; ``--only NAME …`` runs some, ``--check`` only checks
the table, and ``--json`` prints one object. The exit status is 1 if a mutant survives, or if it cannot be run: its
fragment does not occur exactly once, its tests are not there, or they fail without it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import ROOT

TABLE = Path(__file__).with_suffix(".toml")
NOT_COPIED = (".*", "__pycache__", "site", "tour-output", "build", "dist", "*.egg-info")
# Exit codes of pytest.
PASSED, FAILED = 0, 1
NOTICED, SURVIVED = "noticed", "survived"
SECONDS = 900


@dataclass(frozen=True)
class Mutant:
    """One broken line: ``line`` occurs once in ``file`` and is replaced by ``broken``.

    ``tests`` are patterns of test files below tests/, one file each, that should notice, and options of pytest.
    """

    name: str
    file: str
    line: str
    broken: str
    tests: tuple[str, ...]


def read_table(path: Path = TABLE) -> list[Mutant]:
    """Return the mutants of the table."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def problem_of(mutant: Mutant, root: Path) -> str:
    """Return why a mutant cannot be run in the tree ``root``; an empty text if it can."""
    source = root / mutant.file
    count = source.read_text(encoding="utf-8").count(mutant.line) if source.is_file() else 0
    if count != 1:
        return f"{mutant.file}: {mutant.line!r} occurs {count} times"
    for name in (word for word in mutant.tests if word.endswith(".py")):
        found = len(list((root / "tests").rglob(name)))
        if found != 1:
            return f"there are {found} test files called {name}"
    return ""


def passes(tests: Sequence[str], root: Path) -> bool:
    """Return whether pytest passes in the tree ``root``; RuntimeError if it cannot run the tests."""
    words = [str(next((root / "tests").rglob(word))) if word.endswith(".py") else word for word in tests]
    # A stale byte code file would hide a line that was broken within a second.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode not in (PASSED, FAILED):
        raise RuntimeError(f"pytest {' '.join(tests)}: exit status {done.returncode}: {done.stdout[-800:]}")
    return done.returncode == PASSED


@contextmanager
def broken(mutant: Mutant, root: Path) -> Iterator[None]:
    """Break the line of a mutant in the tree ``root`` for the time of the block."""
    source = root / mutant.file
    whole = source.read_text(encoding="utf-8")
    source.write_text(whole.replace(mutant.line, mutant.broken), encoding="utf-8")
    try:
        yield
    finally:
        source.write_text(whole, encoding="utf-8")


def results_of(mutants: Sequence[Mutant], root: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each mutant and what became of it: noticed, survived, or why it could not be run."""
    whole: dict[tuple[str, ...], bool] = {}
    for mutant in mutants:
        problem = problem_of(mutant, root)
        if not problem and mutant.tests not in whole:
            whole[mutant.tests] = passes(mutant.tests, root)
        if not problem and not whole[mutant.tests]:
            problem = "its tests fail without it"
        if problem:
            yield mutant.name, problem
            continue
        with broken(mutant, root):
            yield mutant.name, SURVIVED if passes(mutant.tests, root) else NOTICED


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """Copy the tree, without what git ignores, to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        yield copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mutants, print what became of them and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run only these mutants")
    parser.add_argument("--check", action="store_true", help="only check that every mutant can be made")
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")
    options = parser.parse_args(arguments)
    mutants = [mutant for mutant in read_table() if options.only is None or mutant.name in options.only]
    results: dict[str, str] = {}
    if options.check:
        results = {mutant.name: problem_of(mutant, ROOT) or "can be made" for mutant in mutants}
        good = {"can be made"}
    else:
        good = {NOTICED}
        with copy_of_the_tree() as copy:
            for name, result in results_of(mutants, copy):
                results[name] = result
                print(f"{name:<28} {result}", file=sys.stderr, flush=True)
    print(json.dumps(results) if options.json else "\n".join(f"{name:<28} {told}" for name, told in results.items()))
    return 0 if results and set(results.values()) <= good else 1


if __name__ == "__main__":
    sys.exit(main())
