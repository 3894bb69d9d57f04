"""How a window was when it had just opened: what :meth:`Desk.start_over` returns to between two tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from explorer.app.main_window import USUAL, MainWindow
from explorer.state import AppState
from explorer.state.lab import LabSnapshot
from explorer.state.latent import LatentSnapshot
from explorer.state.paths import PathSnapshot
from explorer.state.workbench import WorkbenchSnapshot
from models.core.settings import TrainSettings


@dataclass(frozen=True)
class Start:
    """Points, workbench, Lab and layout of a window that has just opened; all else starts as is known beforehand."""

    latent: LatentSnapshot
    workbench: WorkbenchSnapshot
    lab: LabSnapshot
    map_size: QSize

    @classmethod
    def of(cls, state: AppState, window: MainWindow) -> Self:
        """Remember a window that has just opened."""
        return cls(state.latent.snapshot(), state.workbench.snapshot(), state.lab.snapshot(), window.map.size())

    def return_to(self, state: AppState, window: MainWindow) -> None:
        """Let the window, which shows the model and the data of the start, be as it was."""
        self._reset_training(state, window)
        self._reset_points(state)
        self._reset_views(state)
        state.latency.recent.clear()
        state.undo.forget()
        for digest in list(state.shelf.kept):
            state.shelf.drop(digest)
        state.hints.dismiss()
        state.model.set_recent([])
        self._show(window)

    def _reset_points(self, state: AppState) -> None:
        latent = state.latent
        latent.end()
        latent.replace_points(self.latent.points, self.latent.current)
        latent.set_hold("eps")
        for dim in np.flatnonzero(latent.locked):
            latent.set_locked(int(dim), False)

    def _reset_views(self, state: AppState) -> None:
        view, embedding = state.display, state.model.embedding
        view.set_axes("pca")
        view.set_active_only(False)
        view.set_seed(7)
        view.set_decode_mode("mu")
        view.set_zoomed(True)
        view.set_logarithmic(False)
        view.set_slider_scale("z")
        view.set_dimension(0 if embedding is None else int(embedding.order[0]))
        state.lab.set_running(False)
        state.lab.restore(self.lab)
        state.workbench.unpin()
        state.workbench.restore(self.workbench)
        state.distribution.set_mode("model")
        state.paths.left.clear()
        state.paths.restore(PathSnapshot())

    def _reset_training(self, state: AppState, window: MainWindow) -> None:
        state.run.clear()
        state.unsaved.set_models(())
        state.review.clear()
        state.review.compare(None)
        state.review.past.clear()
        while state.offers.offer is not None:
            state.offers.dismiss()
        state.plan.restore({})
        form = window.training.form
        form.seeds.setValue(1)
        form.show_settings(replace(TrainSettings(), **state.plan.values()))  # type: ignore[arg-type]

    def _show(self, window: MainWindow) -> None:
        window.resize(*USUAL)
        window.show()
        window.activateWindow()
        window.show_pane("Distribution")
        window.banner.hide()
        QApplication.processEvents()
        if window.map.size() != self.map_size:
            window.reset_layout()
            QApplication.processEvents()
        window.map.fit()
        window.dimensions.list.scrollToTop()
