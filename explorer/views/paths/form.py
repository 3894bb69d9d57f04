"""What the path is made of: its key points, and how they are joined."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.views.common.choices import Choice
from explorer.views.common.flow import FlowLayout
from explorer.views.common.number_box import NumberBox, WholeBox
from explorer.views.common.number_text import Exact
from explorer.views.common.pane import caption
from explorer.views.paths.chip import KeyChip
from models.core.walk_settings import (
    LOOPS,
    MOST_FRAMES,
    MOST_NEIGHBOURS,
    MOST_OFF_DATA,
    MOST_RADIUS,
    SPACINGS,
    WALK_KINDS,
    WalkKind,
)

KINDS: dict[WalkKind, str] = {
    "line": "straight line", "slerp": "along the sphere", "data": "on the data", "geodesic": "geodesic",
    "spline": "smooth loop", "noise": "random loop",
}  # fmt: skip
LARGEST_SEED = 2**31 - 1


class PathForm(QWidget):
    """Two rows: the key points with their buttons, and the settings of this kind of walk."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.add, self.add_all = QPushButton("Add"), QPushButton("Add all points")
        self.reverse, self.clear = QPushButton("Reverse"), QPushButton("Clear")
        self.kind, self.spacing, self.closed = Choice(), Choice(), QCheckBox("return")
        self.frames = WholeBox(2, MOST_FRAMES, live=False)
        self.neighbours = WholeBox(1, MOST_NEIGHBOURS, live=False)
        self.off_data = NumberBox(0.0, MOST_OFF_DATA, Exact(2), 0.5, live=False)
        self.radius = NumberBox(0.0, MOST_RADIUS, Exact(2), 0.1, live=False)
        self.seed = WholeBox(0, LARGEST_SEED, live=False)
        self._keys = QWidget()
        self._chips = FlowLayout(self._keys, 4)
        self._groups: dict[str, QWidget] = {}
        self._build()
        self._connect()
        self.show_path()

    def _build(self) -> None:
        for kind in WALK_KINDS:
            self.kind.addItem(KINDS[kind], kind)
        for spacing in SPACINGS:
            self.spacing.addItem(f"equal steps in {'z' if spacing == 'z' else 'the picture'}", spacing)
        self.kind.setAccessibleName("kind of the walk")
        self.spacing.setAccessibleName("spacing of the frames")
        self.closed.setToolTip("Return to the first key point")
        self.add.setToolTip("Add the current point to the end of the path")
        self.add_all.setToolTip("Add all points, starting with A")
        self.off_data.setToolTip("How much more a change of the picture costs away from the data; 0: no more")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        keys, settings = QHBoxLayout(), QHBoxLayout()
        for row in (keys, settings):
            row.setSpacing(6)
            column.addLayout(row)
        for button in (self.add, self.add_all, self.reverse, self.clear):
            keys.addWidget(button)
        keys.addWidget(self._keys, 1)
        settings.addWidget(self.kind)
        for name, box in (
            ("frames", self.frames), ("neighbours", self.neighbours), ("cost off the data", self.off_data),
            ("radius", self.radius), ("seed", self.seed),
        ):  # fmt: skip
            settings.addWidget(self._group(name, box))
        settings.addWidget(self.spacing)
        settings.addWidget(self.closed)
        settings.addStretch(1)

    def _group(self, name: str, box: QWidget) -> QWidget:
        group = self._groups[name] = QWidget()
        row = QHBoxLayout(group)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        box.setAccessibleName(name)
        row.addWidget(caption(name))
        row.addWidget(box)
        return group

    def _connect(self) -> None:
        paths = self.state.paths
        self.add.clicked.connect(self._add)
        self.add_all.clicked.connect(self._add_all)
        self.reverse.clicked.connect(paths.reverse)
        self.clear.clicked.connect(paths.clear)
        self.kind.activated.connect(self._chose)
        self.spacing.activated.connect(self._chose)
        self.closed.clicked.connect(self._chose)
        for box in (self.frames, self.neighbours, self.off_data, self.radius, self.seed):
            box.valueChanged.connect(self._chose)
        paths.changed.connect(self.show_path)
        self.state.latent.current_changed.connect(self._name_add)
        self.state.latent.points_changed.connect(self._name_add)

    def _chose(self) -> None:
        # Of a loop the box is ticked, whatever another kind of walk would do.
        closed = self.closed.isChecked() if self.closed.isEnabled() else self.state.paths.settings.closed
        self.state.paths.change(
            kind=self.kind.currentData(), spacing=self.spacing.currentData(), closed=closed,
            frames=self.frames.value(), neighbours=self.neighbours.value(), off_data=self.off_data.value(),
            radius=self.radius.value(), seed=self.seed.value(),
        )  # fmt: skip

    def _add(self) -> None:
        point = self.state.latent.point
        at_image = point.source.index is not None and point.untouched
        self.state.paths.add_key(point.source.text if at_image else point.name, point.z)

    def _add_all(self) -> None:
        with self.state.paths.part("Add all points to the path"):
            for point in self.state.latent.points:
                self.state.paths.add_key(point.name, point.z)

    def _name_add(self) -> None:
        self.add.setText(f"Add {self.state.latent.point.name}")
        self.add_all.setVisible(len(self.state.latent.points) > 1)

    # ------------------------------------------------------------------------------------------------ what it is

    def show_path(self) -> None:
        """Show key points and settings as they are."""
        settings = self.state.paths.settings
        fields = (
            self.kind,
            self.spacing,
            self.closed,
            self.frames,
            self.neighbours,
            self.off_data,
            self.radius,
            self.seed,
        )
        blockers = [QSignalBlocker(field) for field in fields]
        self.kind.setCurrentIndex(self.kind.findData(settings.kind))
        self.spacing.setCurrentIndex(self.spacing.findData(settings.spacing))
        self.closed.setChecked(settings.returns)
        for box, value in (
            (self.frames, settings.frames), (self.neighbours, settings.neighbours), (self.off_data, settings.off_data),
            (self.radius, settings.radius), (self.seed, settings.seed),
        ):  # fmt: skip
            box.setValue(value)
        del blockers
        self._show_what_counts()
        self._show_keys()
        self._name_add()

    def _show_what_counts(self) -> None:
        settings = self.state.paths.settings
        self.closed.setEnabled(settings.kind not in LOOPS)
        near = settings.kind == "data" or (settings.kind == "geodesic" and settings.off_data > 0.0)
        for name, shown in (
            ("neighbours", near), ("cost off the data", settings.kind == "geodesic"),
            ("radius", settings.kind == "noise"), ("seed", settings.kind == "noise"),
        ):  # fmt: skip
            self._groups[name].setVisible(shown)

    def _show_keys(self) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            shown = item.widget()
            if shown is not None:
                shown.hide()
                shown.deleteLater()
        keys = self.state.paths.keys
        for index in range(len(keys)):
            self._chips.addWidget(KeyChip(self.state, index))
        if not keys:
            self._chips.addWidget(caption("Key points: add A, move it, and add it again."))
        self.reverse.setEnabled(len(keys) > 1)
        self.clear.setEnabled(bool(keys))
