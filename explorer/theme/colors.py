"""The colours of both schemes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colors:
    """One scheme: every pair that carries text has a contrast of at least 4.5:1; ``check`` is the icon of a tick."""

    window: str
    surface: str
    field: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    second: str
    third: str
    prior: str
    warning: str
    error: str
    check: str
    classes: tuple[str, ...]

    @property
    def plot(self) -> str:
        """The ground of a plot: it lies on its pane, without a rectangle of its own."""
        return self.surface


# The class colours are Petroff's ten (2021), for colour-vision deficiency; on the dark ground they are lifted.
DARK = Colors(
    window="#15171a", surface="#1c1f23", field="#26292f", border="#33373e",
    text="#e8eaed", muted="#9ea5b0", accent="#56b4f0", on_accent="#0b1a26", second="#f0a860", third="#7fd1a0",
    prior="#9ea5b0", warning="#f0c060", error="#ff8a80",
    check="check-dark",
    classes=(
        "#4f9be6", "#ffa90e", "#e0432b", "#a8b8b6", "#8f5ce2", "#bd7d6c", "#ff7a1f", "#cabf80", "#868c98",
        "#92dadd",
    ),
)  # fmt: skip

LIGHT = Colors(
    window="#eceef1", surface="#ffffff", field="#f3f4f6", border="#d3d7dd",
    text="#1b1e23", muted="#596270", accent="#0a68c4", on_accent="#ffffff", second="#a8540a", third="#1d7a4a",
    prior="#596270", warning="#8a5a00", error="#b3261e",
    check="check-light",
    classes=(
        "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581",
        "#92dadd",
    ),
)  # fmt: skip
