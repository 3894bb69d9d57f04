"""What the file dialogs offer is what is opened, picture by picture and format by format."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication

from explorer.app.files import open_path
from explorer.state import AppState
from models.core.formats import DATA_FILES, DATA_SUFFIXES, MODEL_FILES, PICTURE_FILES, PICTURE_SUFFIXES
from models.data.formats.folder import Listing
from models.data.opening import FORMATS
from models.data.pictures import fitted_picture


def test_every_format_has_its_row_and_every_row_its_format() -> None:
    assert [known.name for known in FORMATS] == list(DATA_SUFFIXES)
    offered = DATA_FILES.split(";;")[0].strip("Images ()").split()
    assert offered == [f"*{suffix}" for suffixes in DATA_SUFFIXES.values() for suffix in suffixes]


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_every_picture_that_is_offered_is_opened(suffix: str, qapp: QApplication, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.new("L", (5, 6), 77).save(path)
    state, asked = AppState(), []
    state.model.open_picture_requested.connect(asked.append)
    open_path(state, str(path))
    assert asked == [str(path)]
    assert abs(int(fitted_picture(path, (6, 5, 1)).mean()) - 77) <= 1
    listing = Listing(tmp_path)
    deque(listing.look(), maxlen=0)
    assert listing.pictures == [path.name]
    assert f"*{suffix}" in PICTURE_FILES.strip("Pictures ()").split()


def test_the_names_of_kinds_are_those_of_a_file_dialog() -> None:
    assert MODEL_FILES == "Models (*.safetensors)"
