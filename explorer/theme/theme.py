"""Colours, fonts and icons of the window, for the light and the dark scheme."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from explorer.theme.colors import DARK, LIGHT, Colors
from explorer.theme.stylesheet import stylesheet
from resources import font_paths, icon_path

ICON_SIZE = 20
BODY_PIXELS = 13


class Theme(QObject):
    """The scheme in use, at first ``scheme`` as in :meth:`choose`; views repaint on :attr:`changed`."""

    changed = Signal()

    def __init__(self, app: QApplication, parent: QObject | None = None, scheme: str | None = None) -> None:
        super().__init__(parent)
        self._app = app
        app.setStyle("Fusion")
        self._choice: str | None = None
        self.family = _load_fonts()
        self.colors = DARK
        self.choose(scheme)
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
