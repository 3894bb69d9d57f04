"""Labels as files have them, turned into classes: numbers, text, columns of ones, and tables of factors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.core.errors import UserError
from models.data.source import Labels, by

SOME = 5
# A number in a name, and the digits it is padded to.
NUMBER, DIGITS = re.compile(r"\d+"), 20
# dSprites' table of classes, whose names are in a pickle.
DSPRITES = ("color", "shape", "scale", "orientation", "x", "y")
# More columns than these are no factors of variation.
MOST_FACTORS = 64


@dataclass(frozen=True)
class Classes:
    """Labels [n] of images, the names of the classes 0, 1, …, and factors [n, f] with their names.

    ``note`` says what was made of them; ``text`` is what they were, where they were text or numbers that are none
    of classes.
    """

    labels: Labels | None = None
    names: tuple[str, ...] = ()
    factors: Labels | None = None
    factor_names: tuple[str, ...] = ()
    note: str = ""
    text: tuple[str, ...] = ()


def natural(text: str) -> str:
    """Return a key that sorts text, or paths, as people do: ``2.png`` before ``10.png``."""
    return NUMBER.sub(lambda found: found[0].zfill(DIGITS), text).lower()


def classes_of(raw: np.ndarray, count: int, name: str) -> Classes:
    """Return the classes in an array of one entry, or row, for each of ``count`` images; UserError if it has others."""
    if raw.ndim > 1 and raw.size == count == max(raw.shape):
        raw = raw.reshape(count)
    if raw.ndim not in (1, 2) or len(raw) != count:
        raise UserError(
            name,
            f"labels must have one entry for each of the {count} images, not {by(raw.shape)}",
            "--labels none leaves them out",
        )
    if raw.ndim == 2:
        return _of_columns(raw, name)
    if raw.dtype.kind in "SUO":
        return text_classes([_text(value) for value in raw.tolist()])
    return _of_numbers(raw, name)


def text_classes(values: Sequence[str]) -> Classes:
    """Return the classes that texts name, in their natural order; whole numbers are taken as such, none as −1."""
    known = [value for value in values if value.strip()]
    if known and all(re.fullmatch(r"[+-]?\d{1,15}(\.0*)?", value.strip()) for value in known):
        note = "" if len(known) == len(values) else f"{len(values) - len(known):,} images without a label are class −1"
        return Classes(np.array([int(float(value.strip() or "-1")) for value in values], np.int64), note=note)
    names = sorted(set(values), key=natural)
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[value] for value in values], np.int64)
    told = ", ".join(names[:SOME]) + (" …" if len(names) > SOME else "")
    return Classes(labels, tuple(names), note=f"{len(names)} names are the classes: {told}")


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _of_numbers(raw: np.ndarray, name: str) -> Classes:
    if raw.dtype.kind not in "uifb":
        raise UserError(name, f"labels must be numbers or text, not {raw.dtype}", "--labels none leaves them out")
    if raw.dtype.kind != "f":
        return Classes(raw.astype(np.int64))
    if np.isfinite(raw).all() and (raw == np.rint(raw)).all() and np.abs(raw).max(initial=0.0) < 1 << 53:
        return Classes(raw.astype(np.int64), note="labels that are floats were read as whole numbers")
    text = tuple(f"{value:g}" for value in raw.tolist())
    return Classes(note="labels are no whole numbers, so there are no classes; they are kept as a column", text=text)


def _of_columns(raw: np.ndarray, name: str) -> Classes:
    """Return the classes of a table [n, k]: of columns of which one is set, or factors."""
    if raw.dtype.kind not in "uifb" or not np.isfinite(raw).all():
        raise UserError(name, f"labels of {raw.shape[1]} columns must be numbers", "--labels none leaves them out")
    binary = ((raw == 0) | (raw == 1)).all()
    if binary and (raw.sum(axis=1) == 1).all():
        note = f"labels are columns of which one is 1 (one-hot), {raw.shape[1]} classes"
        return Classes(raw.argmax(axis=1).astype(np.int64), note=note)
    return _factors(raw)


def _factors(raw: np.ndarray) -> Classes:
    """Return the columns of a table as factors of variation; those of a single value tell nothing."""
    levels = [np.unique(column, return_inverse=True) for column in raw.T[:MOST_FACTORS]]
    named = DSPRITES if len(levels) == len(DSPRITES) else tuple(f"factor {n}" for n in range(len(levels)))
    told = [(word, inverse) for word, (values, inverse) in zip(named, levels, strict=True) if len(values) > 1]
    if not told:
        return Classes(note=f"the {raw.shape[1]} columns of labels have a single value each and were left out")
    factors = np.stack([inverse for _, inverse in told], axis=1).astype(np.int64)
    names = tuple(word for word, _ in told)
    return Classes(None, (), factors, names, f"{len(told)} columns of labels are factors: {', '.join(names)}")


def without_labels(classes: Classes) -> Classes:
    """Return only the factors."""
    return replace(classes, labels=None, names=(), text=())
