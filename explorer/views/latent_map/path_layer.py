"""The path on the latent map: the walk as a line with a dot for each frame, and its key points as rings."""

from __future__ import annotations

import numpy as np
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from explorer.state.paths import PathState
from explorer.theme.theme import Theme
from explorer.views.common.layers import Frame, Layer
from models.core.arrays import Matrix
from models.core.geometry import Projection

KEY_RADIUS, DOT_RADIUS = 5.0, 1.6
NOWHERE = np.zeros((0, 2))


class PathLayer(Layer):
    """The path of the open model, projected to the plane that is shown; it lies below the named points."""

    def __init__(self, paths: PathState, theme: Theme) -> None:
        super().__init__(theme)
        self._paths = paths
        self._plane: Projection | None = None
        self.frames, self.keys = NOWHERE, NOWHERE
        self.setZValue(9)
        paths.walk_changed.connect(self._project)
        paths.changed.connect(self._project)

    def set_plane(self, plane: Projection) -> None:
        """Draw the path on another plane."""
        self._plane = plane
        self._project()

    def _project(self) -> None:
        """Place frames and key points, where they lie in the space that is shown."""
        plane, paths = self._plane, self._paths
        shown = plane is not None and all(len(key.z) == plane.basis.shape[1] for key in paths.keys)
        frames, keys = NOWHERE, NOWHERE
        if plane is not None and shown and paths.keys:
            keys = plane.to_plane(paths.key_array())
            frames = NOWHERE if paths.walk is None else plane.to_plane(paths.walk.z)
        if not (np.array_equal(frames, self.frames) and np.array_equal(keys, self.keys)):
            self.frames, self.keys = frames, keys
            self.update()

    def series(self) -> dict[str, Matrix]:
        """Return the places of what is drawn."""
        return {name: xy for name, xy in (("path", self.frames), ("key points", self.keys)) if len(xy)}

    def paint_pixels(self, painter: QPainter, frame: Frame) -> None:
        """Draw the line, its dots and the rings."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self.theme.colors.text)
        if len(self.frames):
            around = [*self.frames, self.frames[0]] if self._paths.settings.returns else self.frames
            line = frame.to_pixels(np.asarray(around))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self.theme.colors.plot), 4.0))
            painter.drawPolyline(arrayToQPolygonF(line[:, 0], line[:, 1]))
            painter.setPen(QPen(color, 1.5))
            painter.drawPolyline(arrayToQPolygonF(line[:, 0], line[:, 1]))
            painter.setBrush(color)
            for x, y in line:
                painter.drawEllipse(QPointF(x, y), DOT_RADIUS, DOT_RADIUS)
        painter.setBrush(QColor(self.theme.colors.plot))
        painter.setPen(QPen(color, 1.5))
        for x, y in frame.to_pixels(self.keys):
            painter.drawEllipse(QPointF(x, y), KEY_RADIUS, KEY_RADIUS)
