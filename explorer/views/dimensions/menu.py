"""What can be done with one dimension."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QWidget

from explorer.state import AppState
from explorer.views.common.menus import Entries, Entry, copy_text
from explorer.views.dimensions.scale import DimensionScale
from models.core.geometry import dimension_name


def dimension_entries(
    state: AppState, scale: DimensionScale, dim: int, beside: QWidget, edit: Callable[[], object],
    reset: Callable[[int], None],
) -> Entries:  # fmt: skip
    """Return the menu of a row; ``edit`` types its value, ``reset`` returns it to μ."""
    latent, name = state.latent, dimension_name(dim)
    locked = bool(latent.locked[dim])
    return (
        Entry(f"Copy {scale.text_of(dim)}", partial(copy_text, beside, repr(scale.value_of(dim)))),
        Entry("Type a value …", edit),
        Entry(f"Return {name} to μ", partial(reset, dim), not locked),
        Entry(f"Unlock {name}" if locked else f"Lock {name}", partial(latent.set_locked, dim, not locked)),
        None,
        Entry("Show across the map", partial(_show_on_map, state, dim, 0)),
        Entry("Show up the map", partial(_show_on_map, state, dim, 1)),
    )


def _show_on_map(state: AppState, dim: int, axis: int) -> None:
    """Put a dimension on an axis of the map; the other axis gives way if it showed the same one."""
    axes = [0, 1] if state.display.axes == "pca" else list(state.display.axes)
    if axes[1 - axis] == dim:
        axes[1 - axis] = axes[axis] if axes[axis] != dim else int(dim == 0)
    axes[axis] = dim
    state.display.set_axes((axes[0], axes[1]))
