"""Work in steps, which a generator yields before it returns the result: do all of it, or pass its steps on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

Step = TypeVar("Step")
Other = TypeVar("Other")
Result = TypeVar("Result")


def passed_on(steps: Generator[Step, None, Result], change: Callable[[Step], Other]) -> Generator[Other, None, Result]:
    """Do some work, yielding what ``change`` makes of each of its steps."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield change(step)


def finished(steps: Generator[Step, None, Result], told: Callable[[Step], object] = lambda _: None) -> Result:
    """Do all of some work at once, telling of each of its steps, and return its result."""
    work = passed_on(steps, told)
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
