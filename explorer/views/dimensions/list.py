"""The list of latent dimensions: a slider a row."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QListView

from explorer.state import AppState
from explorer.state.latent import Point
from explorer.theme.theme import Theme
from explorer.views.common.menus import pop_up
from explorer.views.dimensions.menu import dimension_entries
from explorer.views.dimensions.rows import AnyIndex, DimensionDelegate, RowHistograms, row_layout
from models.core.geometry import dimension_name

WHEEL_NOTCH = 120.0
HANDLE_REACH = 8
# Beyond so many rows to repaint, it is quicker to repaint all that are visible.
FEW = 6


class DimensionModel(QAbstractListModel):
    """The dimensions in the order shown; the text of a row is what a screen reader says."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._state = state
        self.dims: list[int] = []

    def refill(self) -> None:
        """Order by KL, and leave out collapsed dimensions if asked."""
        embedding, count = self._state.model.embedding, self._state.latent.latent_dim
        dims = list(range(count))
        if embedding is not None and embedding.latent_dim == count:
            only = self._state.display.active_only
            dims = [int(dim) for dim in embedding.order if embedding.summary.active[dim] or not only]
        if len(dims) == len(self.dims):
            self.layoutAboutToBeChanged.emit()
            old = self.persistentIndexList()
            self.changePersistentIndexList(old, [self._moved(index, dims) for index in old])
            self.dims = dims
            self.layoutChanged.emit()
        else:
            self.beginResetModel()
            self.dims = dims
            self.endResetModel()

    def _moved(self, index: QModelIndex, dims: list[int]) -> QModelIndex:
        dim = self.dims[index.row()]
        return self.index(dims.index(dim)) if dim in dims else QModelIndex()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.dims)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the dimension (UserRole) or its text."""
        dim = self.dims[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return dim
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{dimension_name(dim)} = {self._state.latent.point.z[dim]:.3f}"
        return None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        """Rows can be chosen and typed into."""
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable


class DimensionList(QListView):
    """The rows; drags, clicks, keys and the wheel become latent steps."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__()
        self._app = state
        self.histograms = RowHistograms(state)
        self.rows = DimensionModel(state)
        self.delegate = DimensionDelegate(state, theme, self.histograms, self)
        self._shown: Point | None = None
        self._drag: int | None = None
        self._grip = 0
        self.setModel(self.rows)
        self.setItemDelegate(self.delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setAccessibleName("Dimensions: up and down choose, left and right move, F2 types")
        self.setToolTip(
            "Drag a slider, or click its number to type. Double-click to return to μ. Keys: ← → step (with Shift ten "
            "times as far, with Ctrl a tenth), Delete returns to μ, L locks: nothing moves a locked dimension. Ctrl + "
            "wheel moves the chosen one."
        )

    # -------------------------------------------------------------------------------------------------- showing

    def refill(self) -> None:
        """Show another order or set of rows."""
        self.histograms.forget()
        self.delegate.forget()
        self.rows.refill()
        self.viewport().update()

    def restyle(self) -> None:
        """Take the colours of the scheme."""
        self.histograms.forget()
        self.delegate.restyle()
        self.viewport().update()

    def show_point(self) -> None:
        """Repaint the rows that differ from what is shown, if there are few, else what is visible."""
        before, self._shown = self._shown, self._app.latent.point
        if before is None or len(before.z) != len(self._shown.z):
            self.viewport().update()
            return
        now = self._shown
        changed = np.flatnonzero((before.z != now.z) | (before.mu != now.mu) | (before.sigma != now.sigma))
        if len(changed) > FEW:
            self.viewport().update()
            return
        for dim in changed:
            self.viewport().update(self.rect_of(int(dim)))

    @property
    def dragging(self) -> bool:
        """Whether a slider is being dragged."""
        return self._drag is not None

    def rect_of(self, dim: int) -> QRect:
        """Return the rectangle of a dimension's row in the viewport; empty if it is not listed."""
        if dim not in self.rows.dims:
            return QRect()
        return self.visualRect(self.rows.index(self.rows.dims.index(dim)))

    def handle_position(self, dim: int, value: float) -> QPoint:
        """Return where the handle of a dimension would stand at a value of its scale, in the viewport."""
        rect = self.rect_of(dim)
        return QPoint(round(self.delegate.track(rect, dim).to_pixel(value)), rect.bottom() - 5)

    # -------------------------------------------------------------------------------------------------- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a slider, edit a number, toggle a lock, or choose the dimension."""
        index = self.indexAt(event.position().toPoint())
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            return
        dim, parts = self.rows.dims[index.row()], row_layout(self.visualRect(index))
        at = event.position().toPoint()
        self.setCurrentIndex(index)
        self._app.display.set_dimension(dim)
        if parts.lock.contains(at):
            self._app.latent.set_locked(dim, not self._app.latent.locked[dim])
        elif parts.value.contains(at):
            self._type_into(index)
        elif parts.track.adjusted(-8, 0, 8, 0).contains(at):
            handle = self.handle_position(dim, self.delegate.scale.value_of(dim))
            on_handle = abs(handle.x() - at.x()) <= HANDLE_REACH
            self._drag, self._grip = dim, handle.x() - at.x() if on_handle else 0
            self._app.latent.begin(f"Move {dimension_name(dim)}")
            if not on_handle:
                self._drag_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the slider that is held."""
        if self._drag is not None:
            self._drag_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the slider go."""
        if self._drag is not None and event.button() == Qt.MouseButton.LeftButton:
            self._drag = None
            self._app.latent.end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Return the dimension under the mouse to its posterior mean."""
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if index.isValid() and row_layout(self.visualRect(index)).track.contains(event.position().toPoint()):
            self.reset_dimension(self.rows.dims[index.row()])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the dimension under the mouse, or with the chosen one."""
        keyed = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyed else self.indexAt(event.pos())
        if index.isValid():
            dim = self.rows.dims[index.row()]
            at = self.viewport().mapToGlobal(self.visualRect(index).center()) if keyed else event.globalPos()
            edit = partial(self._edit, dim)
            pop_up(self, at, dimension_entries(self._app, self.delegate.scale, dim, self, edit, self.reset_dimension))

    def _edit(self, dim: int) -> None:
        index = self.rows.index(self.rows.dims.index(dim))
        self.setCurrentIndex(index)
        self.edit(index)

    def _drag_to(self, event: QMouseEvent) -> None:
        # Another model may have been opened meanwhile, which does not have this dimension.
        if self._drag is not None and self._drag < self._app.latent.latent_dim:
            self._app.latency.input()
            self._app.hints.mark("slider")
            track = self.delegate.track(self.rect_of(self._drag), self._drag)
            self.delegate.scale.set_value(self._drag, track.to_value(event.position().x() + self._grip))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl, move the chosen dimension under the mouse while the keys go to it."""
        index, control = self.indexAt(event.position().toPoint()), Qt.KeyboardModifier.ControlModifier
        if event.modifiers() & control and index.isValid() and index == self.currentIndex() and self.hasFocus():
            self.nudge(self.rows.dims[index.row()], self.delegate.scale.step * event.angleDelta().y() / WHEEL_NOTCH)
        else:
            super().wheelEvent(event)

    def _type_into(self, index: QModelIndex) -> None:
        """Open the field of a number; that of a locked dimension says that it is locked."""
        dim = self.rows.dims[index.row()]
        if self._app.latent.locked[dim]:
            self._app.latent.refuse(dim)
        else:
            self.edit(index)

    # --------------------------------------------------------------------------------------------------- the keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step, reset or lock the chosen dimension."""
        index = self.currentIndex()
        if not index.isValid():
            super().keyPressEvent(event)
            return
        dim, modifiers = self.rows.dims[index.row()], event.modifiers()
        step = self.delegate.scale.step * (10.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else 1.0)
        step *= 0.1 if modifiers & Qt.KeyboardModifier.ControlModifier else 1.0
        match event.key():
            case Qt.Key.Key_Left:
                self.nudge(dim, -step)
            case Qt.Key.Key_Right:
                self.nudge(dim, step)
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.reset_dimension(dim)
            case Qt.Key.Key_L:
                self._app.latent.set_locked(dim, not self._app.latent.locked[dim])
            case _:
                super().keyPressEvent(event)

    def currentChanged(self, current: AnyIndex, previous: AnyIndex) -> None:
        """Choose the dimension of the row the keys went to."""
        super().currentChanged(current, previous)
        if current.isValid():
            self._app.display.set_dimension(self.rows.dims[current.row()])

    def nudge(self, dim: int, step: float) -> None:
        """Move one dimension by a step."""
        latent = self._app.latent
        self._app.latency.input()
        self._app.hints.mark("slider")
        with latent.step(f"Move {dimension_name(dim)}"):
            self.delegate.scale.set_value(dim, self.delegate.scale.value_of(dim) + step)

    def reset_dimension(self, dim: int) -> None:
        """Return one dimension to its posterior mean."""
        latent = self._app.latent
        with latent.step(f"Reset {dimension_name(dim)}"):
            latent.set_component("z", dim, latent.point.mu[dim])
