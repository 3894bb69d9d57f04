"""The sizes of which the album takes pictures."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from explorer.app.main_window import SMALLEST
from tests.album import SIZES, Size


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_read_as_it_is_written(text: str) -> None:
    assert str(Size.read(text)) == text


def test_the_smallest_window_is_among_them() -> None:
    assert Size.read(SIZES[0]) == Size(*SMALLEST)


@pytest.mark.parametrize("text", ["", "960", "960x", "960x640@", "big"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a size"):
        Size.read(text)
