"""A sheet of images, by class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from explorer.theme.theme import Theme
from explorer.views.common.painting import guarded
from explorer.views.common.qimages import to_qimage
from explorer.views.common.words import counted
from models.core.preview import PreviewOfData

SIDE, GAP, TITLE, MARGIN = 56, 4, 20, 8


@dataclass(frozen=True)
class Group:
    """Images of one class, and what stands above them."""

    title: str
    images: tuple[QImage, ...]


class Sheet(QWidget):
    """Groups of images one below the other, each in as many lines as the width asks for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.groups: tuple[Group, ...] = ()
        self.setAccessibleName("Sheet of images")
        theme.changed.connect(self.update)

    def show_preview(self, preview: PreviewOfData | None) -> None:
        """Show the images of a preview, or none."""
        self.groups = () if preview is None else tuple(_groups(preview))
        said = "; ".join(group.title for group in self.groups)
        self.setAccessibleDescription(said)
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take as many lines as the images need."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = max((place.bottom() + GAP for _, place in self._places()), default=0)
        if height != self.minimumHeight():
            self.setMinimumHeight(height)

    def sizeHint(self) -> QSize:
        """Prefer room for a few images beside each other."""
        return QSize(2 * MARGIN + 8 * (SIDE + GAP), 4 * (SIDE + GAP))

    def _places(self) -> Iterator[tuple[str | QImage, QRect]]:
        """Yield each title and image, and where it goes."""
        columns, top = max(1, (self.width() - 2 * MARGIN + GAP) // (SIDE + GAP)), MARGIN
        for group in self.groups:
            if group.title:
                yield group.title, QRect(MARGIN, top, self.width() - 2 * MARGIN, TITLE)
                top += TITLE
            for number, image in enumerate(group.images):
                row, column = divmod(number, columns)
                yield image, QRect(MARGIN + column * (SIDE + GAP), top + row * (SIDE + GAP), SIDE, SIDE)
            top += -(-len(group.images) // columns) * (SIDE + GAP) + GAP

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in sight."""
        painter = QPainter(self)
        painter.setFont(self._theme.font(12))
        painter.setPen(QColor(self._theme.colors.muted))
        for what, place in self._places():
            if not place.intersects(event.rect()):
                continue
            if isinstance(what, str):
                painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, what)
            else:
                self._draw(painter, what, place)
        painter.end()

    def _draw(self, painter: QPainter, image: QImage, place: QRect) -> None:
        """Draw an image with sharp pixels where it is enlarged."""
        ratio = self.devicePixelRatioF()
        size = image.size().scaled(place.size() * ratio, Qt.AspectRatioMode.KeepAspectRatio)
        larger = size.width() >= image.width()
        kind = Qt.TransformationMode.FastTransformation if larger else Qt.TransformationMode.SmoothTransformation
        fitted = image.scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, kind)
        target = QRect(place.topLeft(), QSize(round(size.width() / ratio), round(size.height() / ratio)))
        target.moveCenter(place.center())
        painter.drawImage(target, fitted)


def _groups(preview: PreviewOfData) -> Iterator[Group]:
    images = [to_qimage(image) for image in preview.sheet]
    if not preview.classes:
        yield Group("", tuple(images))
        return
    for name, count in preview.classes:
        of_class = tuple(i for i, label in zip(images, preview.sheet_classes, strict=True) if label == name)
        if of_class:
            yield Group(f"{name or 'no label'} · {counted(count, 'image')}", of_class)


def scrolled(sheet: Sheet) -> QScrollArea:
    """Return an area that scrolls the sheet from top to bottom."""
    area = QScrollArea()
    area.setWidget(sheet)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
