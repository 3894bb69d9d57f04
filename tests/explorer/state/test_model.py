"""What the state says of the open data."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.state.model import MOST_CLASSES, SAMPLE, WIDEST, classes_in


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, -1, 3, 7], (-1, 3, 7)),
        ([5, 5], (5,)),
        ([0, WIDEST + 9, 0], (0, WIDEST + 9)),
        (range(MOST_CLASSES + 1), ()),
        (range(0, 10 * WIDEST, WIDEST // 2), (0, *range(WIDEST // 2, 10 * WIDEST, WIDEST // 2))),
        ([1] * SAMPLE + [2 * WIDEST], (1, 2 * WIDEST)),
        (range(0, WIDEST * SAMPLE, WIDEST), ()),
    ],
)
def test_classes_are_the_labels_that_occur_unless_they_are_names_of_images(
    labels: list[int], classes: tuple[int, ...]
) -> None:
    assert classes_in(np.array(labels)) == classes
