"""Change the numeric constants of the distributions, one at a time, and say which share of it the tests notice.

``python -m tests.constants`` changes every constant of ``models/numerics`` and ``models/distributions``, a float by one
hundredth and a whole number by 1, and runs the tests of both rooms that reach it until one fails. ``--sample N`` takes
N of them by chance, ``--file NAME`` those of one file, ``--list`` only lists them. ``--reach FILE`` keeps from one run
to the next which test reaches what, which takes minutes to find out: remove it when sources or tests have changed.
Constants whose size does not matter are named in ``constants.toml``, each with the reason, and are not counted. The
exit status is 1 if fewer than 95 % are noticed.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from tests.support.altered import Place, Trial, import_libraries, reached, results_of
from tests.support.places import ROOT

ROOMS = ("models/numerics", "models/distributions")
TESTS = ("tests/models/numerics", "tests/models/distributions")
# Tests of threads and memory, and those that compare with a package that takes seconds to import.
LEFT_OUT = ("test_tracing.py", "test_tfp.py")
TABLE = Path(__file__).with_suffix(".toml")
NOTICED, SURVIVED, UNREACHED = "noticed", "survived", "reached by no test"
GOAL = 0.95
MOST_SECONDS = 20.0
# Exit codes of pytest, and none.
PASSED, FAILED, UNREADABLE, STOPPED = 0, 1, 2, -1
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Constant:
    """A number in a file: its place, its line, the text of the file with another, and what names or holds it.

    ``functions`` are those that hold the constant, or that name what holds it; if there are none, any of the file may.
    """

    file: str
    row: int
    column: int
    line: str
    broken: str
    functions: tuple[Place, ...]

    @property
    def name(self) -> str:
        return f"{self.file}:{self.row}:{self.column}"

    def is_in(self, part: str) -> bool:
        """Return whether a part of its line holds the constant."""
        start = self.line.encode().find(part.encode())
        return 0 <= start <= self.column < start + len(part.encode())


def constants_of(path: Path) -> Iterator[Constant]:
    """Yield every numeric constant of a file."""
    source = path.read_text(encoding="utf-8")
    lines, file = source.splitlines(keepends=True), path.relative_to(ROOT).as_posix()
    for node, outside in walked(ast.parse(source), ()):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            # Columns of the parser count bytes.
            whole, row = lines[node.lineno - 1].encode(), node.lineno
            broken = whole[: node.col_offset] + changed(node.value).encode() + whole[node.end_col_offset :]
            text = "".join([*lines[: row - 1], broken.decode(), *lines[row:]])
            yield Constant(file, row, node.col_offset, lines[row - 1], text, holders(file, outside))


def walked(node: ast.AST, outside: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Yield every node with those around it, the outermost first."""
    for child in ast.iter_child_nodes(node):
        yield child, outside
        yield from walked(child, (*outside, child))


def changed(value: float) -> str:
    """Return another constant, as it is written."""
    if isinstance(value, int):
        return repr(value + 1)
    return repr(value * 1.01 if value else 0.01)


def holders(file: str, outside: tuple[ast.AST, ...]) -> tuple[Place, ...]:
    """Return the function around a node; around one that is worked out only once, those that name its value."""
    for index, node in reversed(list(enumerate(outside))):
        if isinstance(node, FUNCTIONS):
            if any(part is outside[index + 1] for part in node.body):
                return named(node.name) if is_kept(node) else (place_of(file, node),)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            if index == 0 or isinstance(outside[index - 1], ast.ClassDef):
                return tuple(place for name in names for place in named(name))
    return ()


def is_kept(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("cache" in ast.unparse(part) for part in node.decorator_list)


def place_of(file: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Place:
    return file, node.name, min([node.lineno, *(part.lineno for part in node.decorator_list)])


@cache
def named(name: str) -> tuple[Place, ...]:
    """Return the functions of both rooms that name something, or something that is made of it once."""
    return tuple(place for names, places in _mentions() if name in names for place in places)


@cache
def _mentions() -> tuple[tuple[frozenset[str], tuple[Place, ...]], ...]:
    found = []
    for path in files_of("*.py"):
        file = path.relative_to(ROOT).as_posix()
        for node, _ in walked(ast.parse(path.read_text(encoding="utf-8")), ()):
            if isinstance(node, FUNCTIONS):
                names = frozenset(part.id if isinstance(part, ast.Name) else part.attr for part in ast.walk(node)
                                  if isinstance(part, (ast.Name, ast.Attribute)))  # fmt: skip
                found.append((names, (place_of(file, node),)))
    return tuple(found)


def files_of(pattern: str) -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).glob(pattern))]


def all_constants(pattern: str = "*.py") -> list[Constant]:
    """Return those of all files, or of those called ``pattern``."""
    return [constant for path in files_of(pattern) for constant in constants_of(path)]


@cache
def reasons() -> dict[tuple[str, str], str]:
    """Return of each file and part of a line why the size of the constants there does not matter."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {(file, part): entry["reason"] for entry in table["any"] for file, part in entry["lines"]}


def reason_of(constant: Constant) -> str:
    """Return why the size of a constant does not matter; an empty text if it does."""
    return next((why for (file, part), why in reasons().items() if file == constant.file and constant.is_in(part)), "")


class Battery:
    """The tests: what each reaches and how long it takes; those that notice a file's constants come first."""

    def __init__(self, calls: dict[str, set[Place]], seconds: dict[str, float]) -> None:
        self.calls, self.seconds = calls, seconds
        self.noticed: Counter[tuple[str, str]] = Counter()

    @classmethod
    def of(cls, kept: Path | None) -> Battery:
        """Find out what the tests reach, or read it from the file that an earlier run has kept."""
        if kept is not None and kept.exists():
            table = json.loads(kept.read_text(encoding="utf-8"))
            calls = {name: {tuple(place) for place in places} for name, (places, _) in table.items()}
            return cls(calls, {name: seconds for name, (_, seconds) in table.items()})
        files = [str(path) for room in TESTS for path in sorted((ROOT / room).glob("test_*.py"))
                 if path.name not in LEFT_OUT]  # fmt: skip
        battery = cls(*reached(files, ROOMS))
        if kept is not None:
            table = {name: (sorted(places), battery.seconds[name]) for name, places in battery.calls.items()}
            kept.write_text(json.dumps(table), encoding="utf-8")
        return battery

    def tests_of(self, constant: Constant) -> tuple[str, ...]:
        """Return the tests that reach a constant, those first that are likely to notice it soon."""
        wanted = set(constant.functions)
        found = [name for name, places in self.calls.items() if wanted & places]
        if not found:
            found = [name for name, places in self.calls.items() if any(place[0] == constant.file for place in places)]
        return tuple(sorted(found, key=lambda name: self.seconds[name] / (1 + 20 * self.noticed[constant.file, name])))

    def trial(self, constant: Constant) -> Trial:
        """Return the change with as many of its tests as take MOST_SECONDS."""
        tests = self.tests_of(constant)
        spent = list(accumulate(self.seconds[name] for name in tests))
        tests = tests[: max(1, sum(seconds <= MOST_SECONDS for seconds in spent))]
        return Trial(constant.name, ROOT / constant.file, constant.broken, tests, sum(spent[: len(tests)]))


def outcomes(constants: Iterable[Constant], battery: Battery, jobs: int) -> Iterator[tuple[str, str, str]]:
    """Yield the name of each constant, what became of it, and what noticed it."""
    for trial, status, failed in results_of((battery.trial(constant) for constant in constants), jobs):
        if status == PASSED or not trial.tests:
            yield trial.name, SURVIVED if trial.tests else UNREACHED, ""
            continue
        if status not in (FAILED, UNREADABLE, STOPPED):
            raise RuntimeError(f"{trial.name}: pytest ended with status {status}")
        battery.noticed[trial.path.relative_to(ROOT).as_posix(), failed] += 1
        yield trial.name, NOTICED, failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Change the constants, print what became of them and the share noticed, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.constants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sample", type=int, metavar="N", help="take N constants by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the chance")
    parser.add_argument("--file", metavar="NAME", default="*.py", help="take the constants of a file")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--reach", type=Path, metavar="FILE", help="keep there which test reaches what")
    parser.add_argument("--list", action="store_true", help="only list them")
    options = parser.parse_args(arguments)
    every = all_constants(options.file)
    constants = [constant for constant in every if not reason_of(constant)]
    if options.sample is not None:
        constants = random.Random(options.seed).sample(constants, min(options.sample, len(constants)))
    if options.list:
        print("\n".join(constant.name for constant in constants))
        return 0
    import_libraries()
    told: Counter[str] = Counter()
    for name, result, by in outcomes(constants, Battery.of(options.reach), options.jobs):
        told[result] += 1
        print(f"{name:<60} {result} {by}", flush=True)
    share = told[NOTICED] / max(told.total(), 1)
    print(f"{told.total()} constants changed, {share:.1%} noticed; {len(every)} in all, of which the size of "
          f"{sum(bool(reason_of(constant)) for constant in every)} does not matter")  # fmt: skip
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
