"""What a walk may be asked for."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.errors import UserError
from models.core.walk_settings import WalkSettings
from models.core.walks import checked_keys


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "curve"}, "the kind of the walk: 'curve' is not one of line, slerp"),
        ({"spacing": "time"}, "the spacing of the walk: 'time' is not one of z, picture"),
        ({"frames": 1}, "the frames of the walk: it is a whole number between 2 and 2000, not 1"),
        ({"frames": 3.5}, "not 3.5"),
        ({"off_data": -1.0}, "the off-data cost of the walk: it lies between 0.0 and 1000.0, not -1.0"),
        ({"radius": float("nan")}, "radius"),
        ({"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_named(values: dict[str, object], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        WalkSettings(**values)  # type: ignore[arg-type]


def test_loops_return_and_some_walks_need_data() -> None:
    assert [WalkSettings(kind).returns for kind in ("line", "spline", "noise")] == [False, True, True]
    assert WalkSettings(closed=True).returns
    assert [WalkSettings("geodesic", off_data=cost).needs_data for cost in (0.0, 1.0)] == [False, True]
    assert WalkSettings("data").needs_data


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (np.zeros((2, 3)), r"they must have the shape \[k, 2\], not \[2, 3\]"),
        (np.zeros((1, 2)), "a walk of this kind takes 2 to 100 of them, not 1"),
        (np.full((2, 2), np.nan), "their numbers must lie within"),
    ],
)
def test_keys_that_fit_no_walk_are_named(keys: np.ndarray, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        checked_keys(keys, WalkSettings(), 2)
    assert checked_keys(np.zeros((1, 2), np.float32), WalkSettings("noise"), 2).dtype == np.float64
