"""Bundled files exist, match their provenance and can be used."""

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
from models.core.steps import finished
from models.data.opening import load_images, open_data
from models.vae.disentanglement import disentanglement, factors_of
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.support.windows import nothing_left_behind

__all__ = ["nothing_left_behind"]  # fixtures

ICONS = Path(resources.__file__).parent / "icons"
# Least share of the entropy that one dimension captures of a learnt factor; by chance it would be 0.04.
FOUND = 0.3
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


@pytest.mark.parametrize("name", resources.bundled_models())
def test_a_model_is_small_and_what_its_provenance_says(name: str) -> None:
    path = resources.model_path(name)
    provenance = (path.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}.safetensors" in provenance
    assert path.stat().st_size < 2_000_000
    info = open_model(path).info
    assert f"--out {name}.safetensors" in info.recipe
    figures = {row[0]: row[1:] for row in _rows_of(provenance) if len(row) == 1 + len(resources.bundled_models())}
    column = figures["figure"].index(name)
    for figure, metric in (("test ELBO, nats", "elbo"), ("KL, nats", "kl")):
        assert float(figures[figure][column].replace("−", "-")) == pytest.approx(info.metrics[metric], abs=5e-3)
    assert int(figures["parameters"][column].replace(" ", "")) == info.parameters


def _rows_of(text: str) -> list[list[str]]:
    """Return the cells of all table rows."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_the_model_of_sprites_has_found_place_scale_and_shape() -> None:
    opened, data = open_model(resources.model_path("sprites-vae-10")), open_data("sprites:2000:1")
    assert opened.architecture.network == "conv"
    vae, known = VAE(opened.architecture, opened.parameters), factors_of(data)
    assert known is not None
    result = finished(disentanglement(vae.encode(load_images(data))[0], known))
    best = dict(zip(known.names, result.normalized.max(axis=1), strict=True))
    assert min(best[name] for name in ("scale", "x", "y", "shape")) > FOUND


@pytest.mark.parametrize("find", [resources.dataset_path, resources.icon_path, resources.model_path])
@pytest.mark.parametrize("name", ["nothing", "", "../icons/open", "/etc/passwd"])
def test_what_is_not_bundled_is_refused(find: type[Path], name: str) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(repr(name))):
        find(name)


@pytest.mark.parametrize("path", sorted(ICONS.glob("*.svg")), ids=lambda path: path.stem)
def test_an_icon_draws_and_takes_the_colour_of_the_theme(path: Path, qapp: QApplication) -> None:
    assert QSvgRenderer(str(resources.icon_path(path.stem))).isValid()
    if path.stem not in ("latentscape", "chevron-grey", "check-dark", "check-light"):
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
