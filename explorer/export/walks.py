"""Walks as files: the recipe that makes one again, and tables of its latents and their evidence."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats64
from models.core.data_options import AS_FOUND, DataOptions
from models.core.errors import UserError
from models.core.files import output_file, reason_of
from models.core.reading import read_file
from models.core.text import shortened
from models.core.walk_settings import WalkSettings
from models.core.walks import Evidence, Walk

VERSION = 1
LARGEST_BYTES = 20_000_000
TABLES = (".csv", ".npz")


@dataclass(frozen=True)
class Recipe:
    """All that decides a walk: model and data by name and digest, key points [k, d], and settings.

    ``data`` is empty where the walk does not depend on any.
    """

    model: str
    model_digest: str
    keys: Floats64
    settings: WalkSettings
    data: str = ""
    data_digest: str = ""
    data_options: DataOptions = AS_FOUND

    def check_model(self, name: str, digest: str) -> None:
        """Reject a model other than that of the recipe."""
        if digest != self.model_digest:
            raise UserError(
                name, f"the recipe belongs to another model, {self.model} with the digest {self.model_digest}"
            )

    def check_data(self, name: str, digest: str) -> None:
        """Reject data other than those of the recipe."""
        if self.data_digest and digest != self.data_digest:
            raise UserError(name, f"the recipe belongs to other data, {self.data} with the digest {self.data_digest}")


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write a recipe as JSON; raises :class:`UserError`."""
    with output_file(path) as draft:
        text = json.dumps({"walk": VERSION, **asdict(recipe), "keys": recipe.keys.tolist()}, indent=1)
        draft.write_text(text, "utf-8")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; :class:`UserError` if it cannot be used."""
    try:
        stored = json.loads(read_file(path, LARGEST_BYTES))
        return _recipe(stored)
    except OSError as error:
        raise UserError(str(path), reason_of(error)) from error
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise UserError(str(path), f"this is not the recipe of a walk: {shortened(error)}") from error


def _recipe(stored: Any) -> Recipe:  # noqa: ANN401
    if stored["walk"] != VERSION:
        raise ValueError(f"its version is {stored['walk']!r}, not {VERSION}")
    options = DataOptions(**{**stored["data_options"], "size": _size(stored["data_options"]["size"])})
    names = {name: str(stored[name]) for name in ("model", "model_digest", "data", "data_digest")}
    return Recipe(
        keys=np.array(stored["keys"], np.float64), settings=WalkSettings(**stored["settings"]), data_options=options,
        **names,
    )  # fmt: skip


def _size(stored: list[int] | None) -> tuple[int, int] | None:
    return None if stored is None else (int(stored[0]), int(stored[1]))


def write_table(path: Path, walk: Walk, evidence: Evidence) -> None:
    """Write the latents of a walk with their evidence, as ``.csv`` or ``.npz``; raises :class:`UserError`."""
    with output_file(path) as draft:
        if path.suffix == ".npz":
            with draft.open("wb") as file:
                # mypy takes the columns for the option allow_pickle.
                np.savez_compressed(file, z=walk.z, place=walk.places, **evidence.columns())  # type: ignore[arg-type]
        else:
            _write_csv(draft, walk, evidence.columns())


def _write_csv(draft: Path, walk: Walk, columns: dict[str, NDArray[np.generic]]) -> None:
    with draft.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["frame", "place", *columns, *(f"z_{dim}" for dim in range(walk.z.shape[1]))])
        known = [column.tolist() for column in columns.values()]
        for frame, (place, z) in enumerate(zip(walk.places, walk.z, strict=True)):
            numbers = place, *(column[frame] for column in known), *z.tolist()
            # A walk that does not return has no step to its first frame.
            rows.writerow([frame, *("" if math.isnan(number) else f"{number:.9g}" for number in numbers)])
