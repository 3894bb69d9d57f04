"""Say how data are to be understood where the files do not: the options of every command that takes DATA."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Literal

from models.core.errors import UserError

Layout = Literal["", "NHWC", "NCHW", "HWCN"]
Range = Literal["", "unit", "signed", "bytes", "full"]
Fit = Literal["crop", "pad", "stretch"]

LAYOUTS: tuple[Layout, ...] = ("NHWC", "NCHW", "HWCN")
RANGES: tuple[Range, ...] = ("unit", "signed", "bytes", "full")
FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")
# As labels: there are none.
NO_LABELS = "none"
MAX_SIDE = 1 << 14


@dataclass(frozen=True)
class DataOptions:
    """How to read a data set; what is left empty is found out from the files.

    Attributes
    ----------
    key : str
        Name of the array, data set, variable or feature that holds the images.
    layout : str
        Order of the axes: N images, H rows, W columns, C channels.
    range : str
        Values 0–1, −1…1, 0–255, or from the lowest to the highest that there is.
    size : tuple of int or None
        Height and width to bring the images to.
    fit : str
        How images of another shape are brought to the size.
    labels : str
        Name of an array or column, a file of them, or ``none``.
    invert : bool
        Whether black and white are exchanged.
    strict : bool
        Whether a damaged picture is refused instead of left out.
    images : str
        Of codes without a decoder: the data set of the images that they stand for.
    """

    key: str = ""
    layout: Layout = ""
    range: Range = ""
    size: tuple[int, int] | None = None
    fit: Fit = "crop"
    labels: str = ""
    invert: bool = False
    strict: bool = False
    images: str = ""

    def words(self) -> list[str]:
        """Return the options as they are typed on the command line; those with their default are left out."""
        words: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                words += [f"--{field.name}"] if value is True else [f"--{field.name}", _typed(value)]
        return words

    def to_json(self) -> dict[str, object]:
        """Return what is not as by default as plain JSON values."""
        values = asdict(self)
        changed = {field.name: values[field.name] for field in fields(self) if values[field.name] != field.default}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


def options_from_json(values: object) -> DataOptions:
    """Rebuild options from :meth:`DataOptions.to_json`; ValueError for what is none of them."""
    if not isinstance(values, Mapping):
        raise ValueError("the options of the data are no list of names and values")
    texts = dict.fromkeys(("key", "layout", "range", "fit", "labels", "images"), str)
    kinds = {**texts, "invert": bool, "strict": bool}
    known: dict[str, object] = {}
    for name, value in values.items():
        if name == "size":
            known[name] = _checked_size(value)
        elif type(value) is not kinds.get(name):
            raise ValueError(f"there is no option {name} of data with this value")
        else:
            known[name] = value
    options = DataOptions(**known)  # type: ignore[arg-type]
    allowed = options.layout in ("", *LAYOUTS) and options.range in ("", *RANGES) and options.fit in FITS
    if not allowed:
        raise ValueError("layout, range or fit of the data is none of those known")
    return options


def parse_size(text: str) -> tuple[int, int]:
    """Parse HEIGHTxWIDTH, or one number for a square; UserError for anything else."""
    found = re.fullmatch(r"(\d{1,5})(?:\s*[xX×]\s*(\d{1,5}))?", text.strip())
    size = (0, 0) if found is None else (int(found[1]), int(found[2] or found[1]))
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise UserError("--size", f"{text!r} is not HEIGHTxWIDTH in pixels, such as 28x28")
    return size


def _checked_size(value: object) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == 2 and all(type(side) is int for side in value)):
        raise ValueError("the size of the images is no pair of numbers")
    height, width = value
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise ValueError("the size of the images is out of range")
    return height, width


def _typed(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


# Everything is found out from the files.
AS_FOUND = DataOptions()
