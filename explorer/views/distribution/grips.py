"""The grips and arrows on the plots of the Distribution pane, for one answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from explorer.state.answers import DistributionAnswer
from explorer.theme.colors import Colors
from explorer.views.common.numbers import short
from explorer.views.distribution.plot import Arrow, Handle
from models.protocol.distribution import Place

# Arrows show what a parameter's growth by this fraction of the range would do to z.
NUDGE = 0.12


def pdf_handles(
    answer: DistributionAnswer, names: dict[str, str], drawn: Callable[[float], float], colors: Colors
) -> list[Handle]:
    """Return z and a dot on the curve for every parameter, where z moves with it."""
    place = answer.place
    handles = [Handle("z", ".", place.z, drawn(place.pdf), colors.text, told=_told("z", place.z, place.pdf))]
    for grip in answer.curves.grips:
        if grip.parameter in names and _steady(grip.slope):
            text, at = names[grip.parameter], drawn(grip.pdf)
            told = _told(text, grip.z, grip.pdf)
            handles.append(Handle(grip.parameter, ".", grip.z, at, colors.accent, text, grip.slope, told=told))
    return [*handles, Handle("z", "v", place.z, 0.0, colors.text, "z")]


def cdf_handles(place: Place, level: float, colors: Colors) -> list[Handle]:
    """Return z as an upright and u as a level line."""
    return [
        Handle("z", ".", place.z, level, colors.text, told=_told("z", place.z, place.u, "u")),
        Handle("z", "v", place.z, 0.0, colors.text, "z"),
        Handle("u", "h", 0.0, level, colors.accent, "u"),
    ]  # fmt: skip


def noise_handles(
    answer: DistributionAnswer, names: dict[str, str], span: tuple[float, float], colors: Colors
) -> list[Handle]:
    """Return ε as an upright, z as a level line, and the location where the path crosses ε = 0."""
    place = answer.place
    told = _told("ε", place.eps, place.z, "z")
    handles = [
        Handle("eps", ".", place.eps, place.z, colors.third, told=told),
        Handle("eps", "v", place.eps, 0.0, colors.third, "ε"),
        Handle("z", "h", 0.0, place.z, colors.text, "z"),
    ]  # fmt: skip
    middle = next((grip for grip in answer.curves.grips if grip.parameter == "loc"), None)
    if middle is not None and "loc" in names and span[0] < 0.0 < span[1] and middle.slope == 1.0:
        # Arrows stand to the right of the point: the name goes to the left.
        handles.append(Handle("loc", ".", 0.0, answer.family.parameters["loc"], colors.accent, names["loc"], left=True))
    return handles


def noise_arrows(
    answer: DistributionAnswer,
    names: dict[str, str],
    span: tuple[float, float],
    reach: tuple[float, float],
    colors: Colors,
) -> list[Arrow]:
    """Return ∂z/∂θ of every parameter as an arrow at the point of the path, if in sight; a staircase has none."""
    place, arrows = answer.place, list[Arrow]()
    step = NUDGE * (reach[1] - reach[0])
    if answer.family.facts.whole or not (span[0] <= place.eps <= span[1] and reach[0] <= place.z <= reach[1]):
        return arrows
    for name, slope in place.by_parameter.items():
        if name in names and math.isfinite(slope):
            kept = max(-4.0, min(4.0, slope))
            arrows.append(Arrow(place.eps, place.z, kept * step, colors.accent, names[name]))
    return arrows


def _told(name: str, along_x: float, along_y: float, other: str = "pdf") -> tuple[str, str]:
    """Return what is said of a dot beyond the axes: its value at a side, and its height above or below."""
    return f"{name} = {short(along_x, 3)}", f"{other} = {short(along_y, 3)}"


def _steady(slope: float) -> bool:
    return math.isfinite(slope) and abs(slope) > 1e-6
