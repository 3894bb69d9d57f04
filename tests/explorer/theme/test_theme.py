"""Colours: contrast by WCAG 2.2, and class colours under simulated colour-vision deficiency."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QCheckBox

from explorer.theme.colors import DARK, LIGHT, Colors
from explorer.theme.theme import Theme
from explorer.views.common.pane import Pane
from tests.support.desk import Desk

Rgb = NDArray[np.float64]
SCHEMES = {"dark": DARK, "light": LIGHT}
READABLE = 4.5
GROUNDS = ("window", "surface", "plot", "field")
TEXTS = ("text", "muted")
# The colours of curves and messages appear on panes, plots and banners, some of them as text.
MARKS = {"accent": ("surface", "plot"), "second": ("surface", "plot"), "third": ("surface", "plot"),
         "prior": ("surface", "plot"), "warning": ("surface", "field"), "error": ("surface", "field")}  # fmt: skip
# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES: dict[str, Rgb] = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
# CIE 1976 ΔE of the two closest classes; 2.3 is a just noticeable difference.
SMALLEST_DIFFERENCE = 11.0


def _linear(color: str) -> Rgb:
    values = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255.0
    return np.asarray(np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4))


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((float(np.array([0.2126, 0.7152, 0.0722]) @ _linear(c)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _lab(linear: Rgb) -> Rgb:
    ratio = TO_XYZ @ np.clip(linear, 0.0, 1.0) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_measures_are_right() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    np.testing.assert_allclose(_lab(_linear("#ff0000")), [53.24, 80.09, 67.20], atol=0.05)
    for matrix in DEFICIENCIES.values():
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-5)  # grey stays grey


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read_on_every_ground(scheme: str) -> None:
    colors = SCHEMES[scheme]
    found = {(t, g): _contrast(getattr(colors, t), getattr(colors, g)) for t in TEXTS for g in GROUNDS}
    assert {pair: ratio for pair, ratio in found.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_marks_can_be_read_where_they_stand(scheme: str) -> None:
    colors = SCHEMES[scheme]
    found = {(m, g): _contrast(getattr(colors, m), getattr(colors, g)) for m, on in MARKS.items() for g in on}
    found["on_accent", "accent"] = _contrast(colors.on_accent, colors.accent)
    assert {pair: ratio for pair, ratio in found.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_can_be_told_apart(scheme: str, deficiency: str) -> None:
    seen = [_lab(DEFICIENCIES[deficiency] @ _linear(color)) for color in SCHEMES[scheme].classes]
    gaps = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in combinations(range(len(seen)), 2)}
    assert {pair: gap for pair, gap in gaps.items() if gap < SMALLEST_DIFFERENCE} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_stand_out_from_the_ground(scheme: str) -> None:
    colors = SCHEMES[scheme]
    ground = _lab(_linear(colors.plot))
    assert min(float(np.linalg.norm(_lab(_linear(color)) - ground)) for color in colors.classes) > 20.0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_check_box_is_seen_checked_or_not(scheme: str, qapp: QApplication) -> None:
    theme = Theme(qapp)
    theme.choose(scheme)
    pane = Pane("boxes")
    boxes = [QCheckBox("active only") for _ in range(2)]
    boxes[1].setChecked(True)
    for box in boxes:
        pane.body.addWidget(box)
    pane.ensurePolished()
    for box in boxes:
        image = box.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        colors = {image.pixelColor(x, image.height() // 2).name() for x in range(16)}
        assert max(_contrast(color, theme.colors.surface) for color in colors) > 3.0
    pane.deleteLater()


def test_plots_have_no_rectangle_of_their_own(desk: Desk) -> None:
    pane = desk.window.map
    image = pane.grab().toImage()
    corner = pane.plot.mapTo(pane, pane.plot.rect().bottomRight())
    assert image.pixelColor(corner.x() - 2, corner.y() - 2) == image.pixelColor(4, pane.height() // 2)


def test_a_scheme_is_chosen_and_told(qapp: QApplication) -> None:
    theme, told = Theme(qapp), list[Colors]()
    theme.changed.connect(lambda: told.append(theme.colors))
    for scheme, colors in SCHEMES.items():
        theme.choose(scheme)
        assert (theme.colors, theme.dark, told[-1]) == (colors, scheme == "dark", colors)
        assert colors.window in qapp.styleSheet()
    theme.toggle()
    assert theme.dark


def test_the_window_changes_its_scheme_at_once(desk: Desk) -> None:
    def corner() -> int:
        return desk.window.decoded.grab().toImage().pixelColor(3, 40).lightness()

    dark = corner()
    desk.window.menus.view.scheme.trigger()
    light = corner()
    desk.window.menus.view.scheme.trigger()
    assert dark < 60
    assert light > 200
    assert corner() == dark
