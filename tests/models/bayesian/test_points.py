"""Points from files of two columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.bayesian.points import read_points
from models.core.errors import UserError


@pytest.mark.parametrize("text", ["x,y\n1,2\n3,4.5\n", "1;2\n\n3;4.5", "\ufeffage\theight\n1\t2\n3\t4.5\n"])
def test_two_columns_with_or_without_a_header(tmp_path: Path, text: str) -> None:
    (tmp_path / "points.csv").write_text(text, encoding="utf-8")
    x, y = read_points(tmp_path / "points.csv")
    assert np.stack([x, y]).tolist() == [[1.0, 3.0], [2.0, 4.5]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x,y\n", "it has 0 rows of numbers; take from 1 to 10,000"),
        ("x,y\n1,2\n3,nan\n", "row 3 is '3, nan', not two finite numbers x and y"),
        ("1,2,3\n", "row 1 is '1, 2, 3', not two finite numbers x and y"),
    ],
)
def test_what_else_a_file_holds_is_said(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_points(path)
    assert str(error.value) == f"{path}: {reason}"
