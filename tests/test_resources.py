"""What is bundled is there, is what its provenance says, and can be used."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QFontDatabase, QRawFont
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

import resources

ICONS = Path(resources.__file__).parent / "icons"
SIGNS = "μσεβ·±−×≤≥∂√²₀₁₂₃₄₅₆₇₈₉→▶●○…∞∑"


def test_mnist_is_what_its_provenance_says() -> None:
    path = resources.dataset_path("mnist_10k")
    provenance = (path.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in provenance
    with np.load(path, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    assert (images.shape, images.dtype) == ((10_000, 28, 28), np.uint8)
    counts = re.search(r"per class, 0 to 9 \| ([\d, ]+) \|", provenance)
    assert counts is not None
    assert np.bincount(labels).tolist() == [int(count) for count in counts[1].split(",")]


def test_bundled_names_open() -> None:
    assert "mnist_10k" in resources.bundled_datasets()
    assert all(resources.model_path(name).is_file() for name in resources.bundled_models())


@pytest.mark.parametrize("find", [resources.dataset_path, resources.icon_path, resources.model_path])
@pytest.mark.parametrize("name", ["nothing", "", "../icons/open", "/etc/passwd"])
def test_what_is_not_bundled_is_refused(find: type[Path], name: str) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(repr(name))):
        find(name)


@pytest.mark.parametrize("path", sorted(ICONS.glob("*.svg")), ids=lambda path: path.stem)
def test_an_icon_draws_and_takes_the_colour_of_the_theme(path: Path, qapp: QApplication) -> None:
    assert QSvgRenderer(str(resources.icon_path(path.stem))).isValid()
    if path.stem not in ("latentscape", "chevron-grey"):
        assert 'stroke="currentColor"' in path.read_text()
        assert "#" not in path.read_text()


def test_fonts_load_as_inter_and_draw_the_signs_of_the_interface(qapp: QApplication) -> None:
    paths = resources.font_paths()
    assert [path.stem for path in paths] == ["Inter-Medium", "Inter-Regular", "Inter-SemiBold"]
    for path in paths:
        font = QFontDatabase.addApplicationFont(str(path))
        assert "Inter" in QFontDatabase.applicationFontFamilies(font)
        QFontDatabase.removeApplicationFont(font)
        raw = QRawFont(str(path), 13.0)
        assert [sign for sign in SIGNS if not raw.supportsCharacter(ord(sign))] == []
