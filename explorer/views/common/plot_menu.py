"""The context menu of every plot: copy it and save it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication

from explorer.views.common.bubble import say
from explorer.views.common.menus import Entries, Entry, pop_up
from explorer.views.common.plot_files import csv_of, picture_of, png_of, svg_of
from explorer.views.common.saving import ask_target, save_bytes

KINDS = "Pictures (*.png);;Drawings (*.svg);;Tables (*.csv)"


class PlotMenu(QObject):
    """Opens at a right click or the menu key; :attr:`more` are entries of the pane for a place of the plot."""

    def __init__(self, plot: pg.PlotWidget, name: str) -> None:
        super().__init__(plot)
        self._plot, self._name = plot, name
        self.more: Callable[[QPoint], Entries] | None = None
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.customContextMenuRequested.connect(self._open)

    def _open(self, at: QPoint) -> None:
        own = () if self.more is None else self.more(at)
        entries = (
            *own, *((None,) if own else ()), Entry("Copy plot as picture", self._copy_picture),
            Entry("Copy its numbers (CSV)", self._copy_table), Entry("Save plot as PNG, SVG or CSV …", self._save),
        )  # fmt: skip
        pop_up(self._plot, self._plot.mapToGlobal(at), entries)

    def _copy_picture(self) -> None:
        QGuiApplication.clipboard().setImage(picture_of(self._plot))
        say(self._plot, f"Copied a picture of the plot ({self._name})")

    def _copy_table(self) -> None:
        table = csv_of(self._plot)
        QGuiApplication.clipboard().setText(table)
        say(self._plot, f"Copied {table.count(chr(10)) - 1:,} rows of numbers ({self._name})")

    def _save(self) -> None:
        name = f"{self._name.replace(' ', '-').lower()}.png"
        if path := ask_target(self._plot, "Save plot", name, KINDS, ".png", ".svg", ".csv"):
            self.save(path)

    def save(self, path: Path) -> None:
        """Write the plot in the way that the name of the file says."""
        match path.suffix:
            case ".svg":
                content = svg_of(self._plot)
            case ".csv":
                content = csv_of(self._plot).encode()
            case _:
                content = png_of(self._plot)
        save_bytes(self._plot, path, content)
