"""The grips and arrows on the plots of the Distribution pane, for one answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from explorer.state.answers import DistributionAnswer
from explorer.theme.colors import Colors
from explorer.views.distribution.plot import Arrow, Handle
from models.protocol.distribution import Place

# Arrows show what a parameter's growth by this fraction of the range would do to z.
NUDGE = 0.12


def pdf_handles(
    answer: DistributionAnswer, names: dict[str, str], height: float, drawn: Callable[[float], float], colors: Colors
) -> list[Handle]:
    """Return z and a dot on the curve for every parameter, where z moves with it."""
    place = answer.place
    handles = [Handle("z", ".", place.z, height, colors.text)]
    for grip in answer.curves.grips:
        if grip.parameter in names and _steady(grip.slope):
            at, text = drawn(grip.pdf), names[grip.parameter]
            handles.append(Handle(grip.parameter, ".", grip.z, at, colors.accent, text, grip.slope))
    return [*handles, Handle("z", "v", place.z, 0.0, colors.text, "z")]


def cdf_handles(place: Place, level: float, colors: Colors) -> list[Handle]:
    """Return z as an upright and u as a level line."""
    return [
        Handle("z", ".", place.z, level, colors.text), Handle("z", "v", place.z, 0.0, colors.text, "z"),
        Handle("u", "h", 0.0, level, colors.accent, "u"),
    ]  # fmt: skip


def noise_handles(
    answer: DistributionAnswer, names: dict[str, str], span: tuple[float, float], colors: Colors
) -> list[Handle]:
    """Return ε as an upright, z as a level line, and the location where the path crosses ε = 0."""
    place = answer.place
    shown = min(max(place.eps, span[0]), span[1])
    handles = [
        Handle("eps", ".", shown, place.z, colors.text), Handle("eps", "v", shown, 0.0, colors.text, "ε"),
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
    """Return ∂z/∂θ of every parameter as an arrow at the point of the path; ∂z/∂ε is the tangent."""
    place, arrows = answer.place, []
    step = NUDGE * (reach[1] - reach[0])
    shown = min(max(place.eps, span[0]), span[1])
    for name, slope in place.by_parameter.items():
        if name in names and math.isfinite(slope):
            kept = max(-4.0, min(4.0, slope))
            arrows.append(Arrow(shown, place.z, kept * step, colors.accent, names[name]))
    return arrows


def noise_notes(answer: DistributionAnswer, names: dict[str, str]) -> list[str]:
    """Return the slopes of the path as lines of text."""
    slopes = {"ε": answer.place.by_noise}
    slopes |= {names[name]: slope for name, slope in answer.place.by_parameter.items() if name in names}
    return [f"∂z/∂{name} = {_number(slope)}" for name, slope in slopes.items() if math.isfinite(slope)]


def _number(slope: float) -> str:
    """Return a slope with three decimals, or as many digits when that would say nothing."""
    return f"{slope:.3f}" if slope == 0.0 or 0.0005 <= abs(slope) < 1e5 else f"{slope:.3g}"


def _steady(slope: float) -> bool:
    return math.isfinite(slope) and abs(slope) > 1e-6
