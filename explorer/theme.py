"""Colours, fonts and icons of the window, for the light and the dark scheme."""

from __future__ import annotations

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from explorer.stylesheet import stylesheet
from resources import font_paths, icon_path

ICON_SIZE = 20
BODY_PIXELS = 13


@dataclass(frozen=True)
class Colors:
    """One scheme: every pair that carries text has a contrast of at least 4.5:1."""

    window: str
    surface: str
    plot: str
    field: str
    border: str
    grid: str
    text: str
    muted: str
    accent: str
    on_accent: str
    second: str
    third: str
    prior: str
    good: str
    warning: str
    error: str
    classes: tuple[str, ...]


# The class colours are Petroff's ten (2021), for colour-vision deficiency; on the dark ground they are lifted.
DARK = Colors(
    window="#15171a", surface="#1c1f23", plot="#181a1e", field="#26292f", border="#33373e", grid="#2a2e34",
    text="#e8eaed", muted="#9ea5b0", accent="#56b4f0", on_accent="#0b1a26", second="#f0a860", third="#7fd1a0",
    prior="#9ea5b0", good="#7fd1a0", warning="#f0c060", error="#ff8a80",
    classes=(
        "#4f9be6", "#ffa90e", "#e0432b", "#a8b8b6", "#8f5ce2", "#bd7d6c", "#ff7a1f", "#cabf80", "#868c98",
        "#92dadd",
    ),
)  # fmt: skip
LIGHT = Colors(
    window="#eceef1", surface="#ffffff", plot="#ffffff", field="#f3f4f6", border="#d3d7dd", grid="#e8eaee",
    text="#1b1e23", muted="#596270", accent="#0a68c4", on_accent="#ffffff", second="#a8540a", third="#1d7a4a",
    prior="#596270", good="#1d7a4a", warning="#8a5a00", error="#b3261e",
    classes=(
        "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581",
        "#92dadd",
    ),
)  # fmt: skip


class Theme(QObject):
    """The scheme in use; views repaint on :attr:`changed`."""

    changed = Signal()

    def __init__(self, app: QApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._choice: str | None = None
        self.family = _load_fonts()
        self.colors = DARK
        self.choose(None)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)

    @property
    def dark(self) -> bool:
        """Whether the dark scheme is in use."""
        return self.colors is DARK

    @property
    def choice(self) -> str | None:
        """The scheme the person chose, None to follow the system."""
        return self._choice

    def choose(self, scheme: str | None) -> None:
        """Use ``"dark"``, ``"light"`` or, with None, what the system prefers."""
        self._choice = scheme
        dark = scheme == "dark" if scheme else _system_is_dark()
        self.colors = DARK if dark else LIGHT
        self._apply()

    def toggle(self) -> None:
        """Switch between dark and light."""
        self.choose("light" if self.dark else "dark")

    def _system_changed(self) -> None:
        if self._choice is None:
            self.choose(None)

    def _apply(self) -> None:
        colors = self.colors
        pg.setConfigOptions(background=colors.plot, foreground=colors.muted, imageAxisOrder="row-major", antialias=True)
        self._app.setStyle("Fusion")
        self._app.setFont(self.font())
        self._app.setPalette(_palette(colors))
        self._app.setStyleSheet(stylesheet(colors))
        self.changed.emit()

    def font(self, pixels: int = BODY_PIXELS, weight: int = 400) -> QFont:
        """Return the interface font with tabular digits."""
        font = QFont(self.family) if self.family else QFont()
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight(weight))
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def class_color(self, label: int) -> QColor:
        """Return the colour of a class; labels below 0 are images without one."""
        return QColor(self.colors.accent if label < 0 else self.colors.classes[label % len(self.colors.classes)])

    def icon(self, name: str, color: str | None = None) -> QIcon:
        """Return an icon of the set in the text colour, sharp on HiDPI screens."""
        svg = icon_path(name).read_text().replace("currentColor", color or self.colors.text)
        icon = QIcon()
        icon.addPixmap(_render(svg, ICON_SIZE))
        faded = svg.replace(color or self.colors.text, self.colors.border)
        icon.addPixmap(_render(faded, ICON_SIZE), QIcon.Mode.Disabled)
        return icon


def _render(svg: str, size: int, ratio: float = 2.0) -> QPixmap:
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size * ratio, size * ratio))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def _load_fonts() -> str | None:
    family = None
    for path in font_paths():
        number = QFontDatabase.addApplicationFont(str(path))
        families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
        family = family or next(iter(families), None)
    return family


def _system_is_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _palette(colors: Colors) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    pairs = {
        role.Window: colors.window, role.WindowText: colors.text, role.Base: colors.field, role.Text: colors.text,
        role.AlternateBase: colors.surface, role.Button: colors.surface, role.ButtonText: colors.text,
        role.Highlight: colors.accent, role.HighlightedText: colors.on_accent, role.Link: colors.accent,
        role.ToolTipBase: colors.surface, role.ToolTipText: colors.text, role.PlaceholderText: colors.muted,
    }  # fmt: skip
    for key, color in pairs.items():
        palette.setColor(key, QColor(color))
    for key in (role.WindowText, role.Text, role.ButtonText):
        faded = QColor(colors.muted)
        faded.setAlpha(140)
        palette.setColor(QPalette.ColorGroup.Disabled, key, faded)
    return palette
