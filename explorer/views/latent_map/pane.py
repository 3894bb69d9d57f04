"""The latent map: all images by their posterior means, and the points that can be dragged among them."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QToolButton

from explorer.state import AppState
from explorer.state.latent import Point
from explorer.theme.theme import Theme
from explorer.views.common.axes import style_plot
from explorer.views.common.choices import Choice
from explorer.views.common.header import together
from explorer.views.common.menus import Entries, Entry
from explorer.views.common.originals import has_original, open_original
from explorer.views.common.pane import Pane, caption
from explorer.views.common.qimages import to_qimage
from explorer.views.latent_map.hover_card import HoverCard
from explorer.views.latent_map.legend import Legend
from explorer.views.latent_map.markers import Marker
from explorer.views.latent_map.menu import place_entries, point_entries
from explorer.views.latent_map.path_layer import PathLayer
from explorer.views.latent_map.plot import MapPlot
from models.core.arrays import Floats32, Matrix
from models.core.geometry import Projection, dimension_name, dimension_plane, ellipse_outline, principal_plane
from models.core.images import to_bytes

# Room for the numbers and the name of the axis, whatever they are: the plot stays in its place.
LEFT_WIDTH = 44


class LatentMapPane(Pane):
    """The pane: choice of the plane, legend, plot."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Latent map")
        self.state, self.theme = state, theme
        self.plot, self.path = MapPlot(theme), PathLayer(state.paths, theme)
        self.plot.addItem(self.path, ignoreBounds=True)
        self._projection: Projection | None = None
        self._fits = True
        self._pictures: dict[str, tuple[Floats32, QImage]] = {}
        self.legend, self._trouble = Legend(theme), QLabel()
        self._trouble.setWordWrap(True)
        self._x, self._y = Choice(), Choice()
        self._card = HoverCard(self.plot)
        self._build()
        self._connect()
        self._restyle()

    def _build(self) -> None:
        self.header.addStretch(1)
        for box, name in ((self._x, "x"), (self._y, "y")):
            box.setAccessibleName(f"{name} axis of the latent map")
            box.setMaxVisibleItems(20)
            box.setMinimumContentsLength(3)
        self.header.addWidget(together(caption("x"), self._x, caption("y"), self._y))
        for text, tip, slot in (
            ("Add point", "Add another point at the place of the current one (Ctrl+D)", self.state.latent.add_point),
            ("Remove", "Remove the current point", self.state.latent.remove_point),
            ("Fit", "Show all images", self.fit),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(slot)
            self.header.addWidget(button)
        self.body.addWidget(self._trouble)
        self.body.addWidget(self.legend)
        self.body.addWidget(self.plot, 1)
        self.setFocusProxy(self.plot)

    def _connect(self) -> None:
        state, plot = self.state, self.plot
        self._x.activated.connect(self._chose_x)
        self._y.activated.connect(self._chose_y)
        plot.grabbed.connect(self._grab)
        plot.dragged.connect(self._drag)
        plot.released.connect(state.latent.end)
        plot.picked.connect(self.select)
        plot.hovered.connect(self._hover)
        plot.laid.connect(self._laid_out)
        plot.failed.connect(self._cannot_lay)
        self.legend.hidden_changed.connect(self._hide_classes)
        self.legend.pointed.connect(self._point_at_class)
        plot.reset_asked.connect(self._reset)
        plot.nudged.connect(self._nudge)
        plot.getViewBox().sigRangeChangedManually.connect(self._stop_fitting)
        plot.menu.more = self._entries_at
        state.model.model_changed.connect(self._fill_axes)
        state.model.model_changed.connect(self._fill_legend)
        state.model.data_changed.connect(self._data_changed)
        state.model.embedding_changed.connect(self._project)
        state.display.axes_changed.connect(self._axes_changed)
        state.latent.moved.connect(self._show_points)
        state.latent.points_changed.connect(self._show_points)
        state.latent.current_changed.connect(self._show_points)
        state.answers.thumbnails_changed.connect(self._show_points)
        self.theme.changed.connect(self._restyle)

    # ------------------------------------------------------------------------------------------------ the plane

    def _fill_axes(self) -> None:
        model = self.state.model.model
        dims = 0 if model is None else model.latent_dim
        if self._x.count() == dims + 1:
            return
        for box, component in ((self._x, "PC 1"), (self._y, "PC 2")):
            box.clear()
            box.addItems([component, *(dimension_name(dim) for dim in range(dims))])
        self._axes_changed()

    def _chose_x(self, row: int) -> None:
        self._choose(row, 0)

    def _chose_y(self, row: int) -> None:
        self._choose(row, 1)

    def _choose(self, row: int, axis: int) -> None:
        """Show ``row`` of the boxes on one axis; the other axis gives way.

        Principal components come as a pair. The same dimension twice would be a line: the axes are swapped instead.
        """
        axes = self.state.display.axes
        if row == 0:
            self.state.display.set_axes("pca")
            return
        before = (0, 1) if axes == "pca" else axes
        chosen, other = row - 1, before[1 - axis]
        if other == chosen:
            other = before[axis]
        self.state.display.set_axes((chosen, other) if axis == 0 else (other, chosen))

    def _axes_changed(self) -> None:
        self._projection = None
        self._project()

    def _plane(self) -> Projection | None:
        model, embedding, axes = self.state.model.model, self.state.model.embedding, self.state.display.axes
        if model is None:
            return None
        if axes != "pca":
            return dimension_plane(model.latent_dim, *axes)
        if embedding is None or model.latent_dim < 2:
            return dimension_plane(model.latent_dim, 0, min(1, model.latent_dim - 1))
        summary = embedding.summary
        return principal_plane(summary.mean, summary.principal, summary.explained)

    def _project(self) -> None:
        afresh = self._projection is None
        self._projection = self._plane()
        plane, embedding, data = self._projection, self.state.model.embedding, self.state.model.data
        if plane is None:
            return
        if embedding is not None and data is not None and embedding.latent_dim == plane.basis.shape[1]:
            none = np.broadcast_to(np.int64(-1), len(embedding.mu))
            labels = none if data.labels is None or not data.classes else np.asarray(data.labels)
            names = {label: data.class_name(label) for label in data.classes}
            self.plot.show_images(plane, embedding.mu, labels, names, afresh)
        else:
            self.plot.show_nothing()
        self.plot.rings.set_prior(plane.to_plane(np.zeros(plane.basis.shape[1])), self.state.model.prior_deviation)
        self._name_axes(plane)
        self._show_points()
        self.path.set_plane(plane)
        if afresh or self._fits:
            self._fit_unless_held()

    def _name_axes(self, plane: Projection) -> None:
        """Name the axes on the plot and in the boxes alike: without an embedding there are no components yet."""
        for box, name in zip((self._x, self._y), plane.labels, strict=True):
            box.setCurrentIndex(box.findText(name))
        shares = ("", "") if plane.explained is None else tuple(f" · {s:.0%} of variance" for s in plane.explained)
        self.plot.setLabel("bottom", plane.labels[0] + shares[0])
        self.plot.setLabel("left", plane.labels[1] + shares[1])

    def fit(self) -> None:
        """Show all images and the prior's rings, and keep doing so until the person zooms or pans."""
        centre = self.plot.rings.centre
        corners = np.stack([centre - 3.3, centre + 3.3])
        cells = self.plot.cloud.cells
        if len(cells):
            corners = np.concatenate([corners, cells.extent])
        low, high = corners.min(axis=0), corners.max(axis=0)
        self.plot.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=0.02)
        self._fits = True

    def _laid_out(self) -> None:
        if self._fits:
            self._fit_unless_held()

    def _cannot_lay(self, reason: str) -> None:
        self.state.notices.notice("error", f"The map cannot be drawn: {reason}.")

    def _fit_unless_held(self) -> None:
        if not self.plot.holding:
            self.fit()

    def _stop_fitting(self) -> None:
        self._fits = False

    # ------------------------------------------------------------------------------------------------ the points

    def _show_points(self) -> None:
        plane, latent = self._projection, self.state.latent
        if plane is None or plane.basis.shape[1] != latent.latent_dim:
            return
        markers = [self._marker(plane, point, point is latent.point) for point in latent.points]
        markers.sort(key=_current_last)
        self.plot.points.set_markers(markers)

    def _marker(self, plane: Projection, point: Point, current: bool) -> Marker:
        outlines: tuple[Matrix, ...] = ()
        if current:
            spread, centre = plane.ellipse(self.state.model.deviation(point.sigma)), plane.to_plane(point.mu)
            outlines = tuple(centre + ellipse_outline(spread, scale) for scale in (1.0, 2.0))
        return Marker(point.name, plane.to_plane(point.z), self._picture_of(point.name), current, outlines)

    def _picture_of(self, name: str) -> QImage | None:
        image = self.state.answers.thumbnails.get(name)
        if image is None:
            return None
        known = self._pictures.get(name)
        if known is None or known[0] is not image:
            self._pictures[name] = known = (image, to_qimage(to_bytes(image)))
        return known[1]

    def _index_of(self, name: str) -> int:
        return next(i for i, point in enumerate(self.state.latent.points) if point.name == name)

    def _grab(self, name: str) -> None:
        self._card.hide()
        self.plot.bring_forward(None, fade=False)
        self.state.latent.set_current(self._index_of(name))
        self.state.latent.begin(f"Drag {name}")

    def _drag(self, target: Matrix) -> None:
        plane, latent = self._projection, self.state.latent
        if plane is None:
            return
        weights = np.abs(plane.basis).sum(axis=0)
        if weights[~latent.locked].any():
            self.state.latency.input()
            self.state.hints.mark("point")
            latent.set_z(plane.move(latent.point.z, target, ~latent.locked))
        else:
            latent.refuse(int(weights.argmax()))

    def _nudge(self, step: Matrix) -> None:
        if self._projection is not None:
            latent = self.state.latent
            with latent.step(f"Move {latent.point.name}"):
                self._drag(self._projection.to_plane(latent.point.z) + step)

    def _entries_at(self, place: QPoint) -> Entries:
        """Return what can be done at a place of the plot."""
        self._card.hide()
        marker, image, target = self.plot.things_at(place)
        if marker is not None:
            return point_entries(self.state, self.plot, marker.name)
        name = self.state.latent.point.name
        return (
            *place_entries(self.state, self.plot, image), Entry(f"Move {name} here", partial(self._move_to, target)),
            Entry("Show all", self.fit),
        )  # fmt: skip

    def _move_to(self, target: Matrix) -> None:
        with self.state.latent.step(f"Move {self.state.latent.point.name}"):
            self._drag(target)

    def _reset(self, name: str) -> None:
        """Return a point to its posterior mean; of one that is there, open the picture it stands for."""
        latent = self.state.latent
        latent.set_current(self._index_of(name))
        if latent.point.untouched and has_original(self.state, latent.point):
            open_original(self.state, latent.point.source.index or 0)
            return
        with latent.step(f"Reset {name} to μ"):
            latent.set_z(latent.point.mu)

    # ------------------------------------------------------------------------------------------------ the images

    def select(self, index: int) -> None:
        """Make the posterior of image ``index`` the current one."""
        found = self.state.model.posterior_of(index)
        if found is not None:
            self.state.hints.mark("image")
            with self.state.latent.step(f"Select image {index}"):
                self.state.latent.set_posterior(*found)
        elif self.state.model.embedding is not None:
            text = f"The model encodes image {index} as numbers that cannot be shown."
            self.state.notices.notice("error", text)

    def _hover(self, index: int, at: object) -> None:
        data = self.state.model.data
        if index < 0 or data is None or index >= len(data.images):
            self._card.hide()
            self.plot.bring_forward(None, fade=False)
            return
        label = int(self.plot.cloud.labels[index])
        self.plot.bring_forward(label if label >= 0 else None, fade=False)
        name = data.class_of(index)
        text = f"image {index}" if name is None else f"image {index} · class {name}"
        image = np.array(data.images[index]) if data.pictured else None
        self._card.show_image(image, [text, *data.about(index)], at)

    def _data_changed(self) -> None:
        """Take a new plane; the embedding, which changes with the data, is projected onto it."""
        self._projection = None
        self.legend.set_classes({})
        self._fill_legend()

    def _fill_legend(self) -> None:
        """Name the classes, or say why there is nothing on the map."""
        model, data = self.state.model.model, self.state.model.data
        text = self.state.model.misfit
        if text and model is not None and model.has_encoder:
            text += " Train a model on them, or open other data."
        self._trouble.setText(text)
        self._trouble.setVisible(bool(text))
        self.legend.set_classes({} if data is None else {label: data.class_name(label) for label in data.classes})
        self.legend.setVisible(not text)
        self._hide_classes()

    def _hide_classes(self) -> None:
        self.plot.set_hidden(self.legend.hidden)

    def _point_at_class(self, label: int | None) -> None:
        self.plot.bring_forward(label, fade=True)

    def _restyle(self) -> None:
        style_plot(self.plot, self.theme, {}, all_ticks=True)
        self.plot.getAxis("left").setWidth(LEFT_WIDTH)
        for layer in self.plot.still:
            layer.refresh()
        self.plot.picture_again()
        self.legend.restyle()
        self._show_points()


def _current_last(marker: Marker) -> bool:
    return marker.current
