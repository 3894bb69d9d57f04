"""The plot of the latent map: tells presses and drags on points from clicks and hovers on images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QStatusTipEvent
from PySide6.QtWidgets import QApplication

from explorer.theme.theme import Theme
from explorer.views.common.axes import Plot, prepare_plot
from explorer.views.common.layers import Frame, StillLayer
from explorer.views.latent_map.cloud import CloudLayer, FrontLayer, NameLayer, RingLayer
from explorer.views.latent_map.density import Palette
from explorer.views.latent_map.laying import AT_ONCE, NOTHING, Laid, Layouter, Steps, laid_at_once, laying, picturing
from explorer.views.latent_map.markers import Marker, MarkerLayer
from models.core.arrays import Floats32, Matrix
from models.core.geometry import Projection

CLICK_RADIUS = 12.0
FADED = 0.25
ARROW_STEP = 0.1
ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1),
}  # fmt: skip

# What the status bar says over a point and over an image.
ON_POINT = "Drag {name}: move it  ·  Double-click: back to μ  ·  Right-click: more"
ON_IMAGE = "Click: go to image {image}  ·  Right-click: more"


class MapPlot(Plot):
    """Still layers for the images and the prior, a moving one for the points, and the mouse over them."""

    dragged = Signal(object)
    grabbed = Signal(str)
    released = Signal()
    picked = Signal(int)
    hovered = Signal(int, object)
    reset_asked = Signal(str)
    nudged = Signal(object)
    laid = Signal()
    failed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.cloud, self.front, self.names = CloudLayer(theme), FrontLayer(theme), NameLayer(theme)
        self.rings, self.points = RingLayer(theme), MarkerLayer(theme)
        self.layouter = Layouter(self)
        self.layouter.laid.connect(self._take)
        self.layouter.failed.connect(self.failed)
        # What is shown, what lays out the points that are to be shown next, and the names of their classes.
        self._laid = NOTHING
        self._lay: Callable[[Palette], Steps] | None = None
        self._names: dict[int, str] = {}
        for layer in (*self.still, self.points):
            self.addItem(layer, ignoreBounds=True)
        self.setAspectLocked(True)
        self.menu = prepare_plot(self, "Latent map: arrow keys move the current point", "latent map")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._grip: QPointF | None = None
        self._press: QPointF | None = None

    @property
    def still(self) -> tuple[StillLayer, ...]:
        """The layers that rest while a point is dragged."""
        return self.cloud, self.front, self.names, self.rings

    def show_images(
        self, plane: Projection, means: Floats32, labels: NDArray[np.int64], names: dict[int, str], afresh: bool
    ) -> None:
        """Show images by their ``means`` [n, d] in a plane, with their classes [n]; ``names`` are the classes'.

        Many are laid out in a thread; until then the map is as before, or empty if it is shown ``afresh``.
        """
        self.layouter.stop()
        self._lay = None
        if len(means) <= AT_ONCE:
            self._show(laid_at_once(plane.cloud_to_plane(means), labels, names))
            return
        if afresh:
            self._show(NOTHING)
        self._lay, self._names = partial(laying, plane, means, labels, names), names
        self.layouter.ask(partial(self._lay, self.cloud.palette_of(names)))

    def show_nothing(self) -> None:
        """Show no images."""
        self.layouter.stop()
        self._lay = None
        self._show(NOTHING)

    def _show(self, laid: Laid) -> None:
        self._laid = laid
        for layer in (self.cloud, self.front):
            layer.set_points(laid.cells, laid.labels, laid.names)
        self.names.set_places(laid.places, laid.names)

    def _take(self, laid: Laid) -> None:
        """Show what has been laid out in the thread."""
        self._lay = None
        if laid.cells is not self._laid.cells:
            self._show(laid)
            self.laid.emit()
        self.cloud.set_pyramid(laid.pyramid)

    def picture_again(self) -> None:
        """Give many points pictures of the classes that are shown, in their colours of now."""
        lay, names = self._lay, self._names
        if lay is None and len(self._laid.cells) > AT_ONCE:
            lay, names = partial(picturing, self._laid), self._laid.names
        if lay is not None:
            self.layouter.ask(partial(lay, self.cloud.palette_of(names)))

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Hide classes; their images are neither pointed at nor picked."""
        changed = hidden != self.cloud.hidden
        self.cloud.set_hidden(hidden)
        self.names.set_hidden(hidden)
        if changed:
            self.picture_again()

    def bring_forward(self, label: int | None, fade: bool) -> None:
        """Draw a class over all others, which may ``fade``; None ends it."""
        self.front.set_label(None if label in self.cloud.hidden else label)
        self.cloud.setOpacity(FADED if fade and label is not None else 1.0)

    @property
    def holding(self) -> bool:
        """Whether a point is being dragged: the view must rest then."""
        return self._grip is not None

    def frame(self) -> Frame:
        """Return the map from coordinates to pixels."""
        return self.points.frame()

    def _pixel(self, event: QMouseEvent) -> QPointF:
        return QPointF(event.position() - self.getViewBox().sceneBoundingRect().topLeft())

    def _coordinates(self, pixel: QPointF) -> Matrix:
        frame = self.frame()
        return np.array([frame.left + pixel.x() / frame.x_scale, frame.top - pixel.y() / frame.y_scale])

    def things_at(self, place: QPoint) -> tuple[Marker | None, int | None, Matrix]:
        """Return the point and the image at a place of the widget, and its coordinates [2]."""
        pixel = QPointF(place) - self.getViewBox().sceneBoundingRect().topLeft()
        return self.points.marker_at(self.frame(), pixel), self._image_at(pixel), self._coordinates(pixel)

    def _image_at(self, pixel: QPointF) -> int | None:
        frame = self.frame()
        scale = np.array([frame.x_scale, frame.y_scale])
        return self.cloud.cells.nearest(self._coordinates(pixel), scale, CLICK_RADIUS, self.cloud.shown)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the point under the mouse, or leave the press to panning; the right button only opens a menu."""
        if event.button() == Qt.MouseButton.RightButton:
            return
        pixel = self._pixel(event)
        marker = self.points.marker_at(self.frame(), pixel)
        if event.button() == Qt.MouseButton.LeftButton and marker is not None:
            self._grip = pixel - self.points.place_of(self.frame(), marker)
            self.grabbed.emit(marker.name)
            return
        self._press = pixel
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the point that is held, or show what is under the mouse."""
        pixel = self._pixel(event)
        if self._grip is not None:
            self.dragged.emit(self._coordinates(pixel - self._grip))
            return
        if not event.buttons():
            index = self._image_at(pixel)
            self._tell(self.points.marker_at(self.frame(), pixel), index)
            self.hovered.emit(-1 if index is None else index, event.position().toPoint())
        super().mouseMoveEvent(event)

    def _tell(self, marker: Marker | None, image: int | None) -> None:
        """Let the status bar say what the pointer does to the point or the image under it; else, what it does here."""
        text = "" if image is None else ON_IMAGE.format(image=image)
        text = text if marker is None else ON_POINT.format(name=marker.name)
        if text != self.statusTip():
            self.setStatusTip(text)
            QApplication.sendEvent(self, QStatusTipEvent(text))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the point go, or pick the image that was clicked with the left button."""
        if event.button() == Qt.MouseButton.RightButton:
            return
        if self._grip is not None:
            self._grip = None
            self.released.emit()
            return
        super().mouseReleaseEvent(event)
        pixel, press, self._press = self._pixel(event), self._press, None
        left = event.button() == Qt.MouseButton.LeftButton
        if left and press is not None and (pixel - press).manhattanLength() < 4:
            index = self._image_at(pixel)
            if index is not None:
                self.picked.emit(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Return the point under the mouse to its posterior mean."""
        marker = self.points.marker_at(self.frame(), self._pixel(event))
        if marker is not None and event.button() == Qt.MouseButton.LeftButton:
            self.reset_asked.emit(marker.name)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the hover card."""
        self.hovered.emit(-1, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the current point with the arrow keys: with Shift ten times as far, with Ctrl a tenth."""
        arrow = ARROWS.get(Qt.Key(event.key()))
        if arrow is None:
            super().keyPressEvent(event)
            return
        modifiers = event.modifiers()
        step = ARROW_STEP * (10.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0)
        step *= 0.1 if modifiers & Qt.KeyboardModifier.ControlModifier else 1.0
        self.nudged.emit(np.array(arrow) * step)
