"""What can be done at a place of the latent map."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from explorer.state import AppState
from explorer.views.common.menus import Entries, Entry, copy_text
from explorer.views.common.originals import open_original
from explorer.views.latent_map.plot import MapPlot
from models.core.arrays import Vector


def point_entries(state: AppState, plot: MapPlot, name: str) -> Entries:
    """Return what can be done with a named point."""
    latent = state.latent
    index = next(number for number, point in enumerate(latent.points) if point.name == name)
    point = latent.points[index]
    return (
        Entry(f"Make {name} the current point", partial(latent.set_current, index), index != latent.index),
        Entry(f"Return {name} to μ", partial(plot.reset_asked.emit, name), not point.untouched),
        Entry(f"Copy z of {name}", partial(copy_text, plot, vector_text(point.z))),
        Entry(f"Remove {name}", partial(_remove, state, index), len(latent.points) > 1),
    )


def place_entries(state: AppState, plot: MapPlot, image: int | None) -> Entries:
    """Return what can be done beside the points, perhaps at an image."""
    name = state.latent.point.name
    if image is None:
        return ()
    return (
        Entry(f"Set {name} to image {image}", partial(plot.picked.emit, image)),
        Entry(f"Copy its number, {image}", partial(copy_text, plot, str(image))),
        *original_entries(state, plot, image),
    )


def original_entries(state: AppState, widget: QWidget, image: int) -> Entries:
    """Return what can be done with the name and the file of an image; nothing where it has none."""
    data = state.model.data
    name = "" if data is None else data.name_of(image)
    if data is None or not name:
        return ()
    there = data.original_of(image) is not None
    return (
        Entry(f"Copy its name, {name}", partial(copy_text, widget, name)),
        Entry("Open the original", partial(open_original, state, image), there),
    )


def vector_text(vector: Vector) -> str:
    """Return a vector with all its digits, as Python and spreadsheets read it."""
    return ", ".join(map(repr, vector.tolist()))


def _remove(state: AppState, index: int) -> None:
    state.latent.set_current(index)
    state.latent.remove_point()
