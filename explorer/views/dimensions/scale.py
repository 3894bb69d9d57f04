"""The scale of the sliders in the Dimensions pane: z, or the probability u to its left."""

from __future__ import annotations

from explorer.state import AppState
from explorer.state.workbench import SMALLEST_U
from explorer.views.common.numbers import fixed
from models.core.numbers import LARGEST_NUMBER

STEP_Z, STEP_U = 0.1, 0.02
ANCHORS = {"posterior": "u", "prior": "u of p"}


class DimensionScale:
    """Reads and sets one dimension in the chosen unit; with u, equal steps are equally probable."""

    def __init__(self, state: AppState) -> None:
        self._state = state

    @property
    def by_probability(self) -> bool:
        """Whether u is shown, which needs the decoder to have said where z stands."""
        known = self._state.answers.probabilities
        return (
            self._state.display.slider_scale != "z"
            and known is not None
            and len(known) == self._state.latent.latent_dim
        )

    @property
    def step(self) -> float:
        """The step of an arrow key."""
        return STEP_U if self.by_probability else STEP_Z

    def range_of(self, dim: int) -> tuple[float, float]:
        """Return the ends of a slider."""
        return (0.0, 1.0) if self.by_probability else self._state.model.range_of(dim)

    def value_of(self, dim: int) -> float:
        """Return the value of a dimension."""
        known = self._state.answers.probabilities
        if self.by_probability and known is not None:
            return float(known[dim])
        return float(self._state.latent.point.z[dim])

    def set_value(self, dim: int, value: float) -> None:
        """Move a dimension to a value, unless it is locked; with u the decoder answers the z that belongs to it."""
        if self._state.latent.locked[dim]:
            self._state.latent.refuse(dim)
        elif self.by_probability:
            kept = min(max(value, SMALLEST_U), 1.0 - SMALLEST_U)
            self._state.display.locate(dim, ANCHORS[self._state.display.slider_scale], kept)
        else:
            self._state.latent.set_component("z", dim, value)

    def text_of(self, dim: int) -> str:
        """Return the number of a row."""
        return fixed(self.value_of(dim), 3 if self.by_probability else 2)

    @property
    def decimals(self) -> int:
        """The decimals of a number that is typed."""
        return 6 if self.by_probability else 4

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number that can be typed."""
        return (SMALLEST_U, 1.0 - SMALLEST_U) if self.by_probability else (-LARGEST_NUMBER, LARGEST_NUMBER)
