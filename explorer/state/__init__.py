"""Observable state, QtCore only: what the window is about. Views read and set it, the engine answers into it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.state.engine import EngineState
from explorer.state.export import ExportState
from explorer.state.factors import FactorState
from explorer.state.lab import LabState
from explorer.state.latency import LatencyMeter
from explorer.state.latent import LatentState
from explorer.state.model import ModelState
from explorer.state.results import ResultState
from explorer.state.review import ReviewState
from explorer.state.run import RunState
from explorer.state.triad import TriadState
from explorer.state.undo import UndoHistory
from explorer.state.view import ViewState
from explorer.state.workbench import WorkbenchState


class AppState(QObject):
    """The states of one window, each its own object; this only owns them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latent = LatentState(self)
        self.model = ModelState(self)
        self.view = ViewState(self)
        self.results = ResultState(self)
        self.workbench = WorkbenchState(self)
        self.triad = TriadState(self.latent, self.model, self.view, self.results, self.workbench, self)
        self.run = RunState(self)
        self.review = ReviewState(self)
        self.export = ExportState(self)
        self.lab = LabState(self)
        self.factors = FactorState(self.model, self)
        self.engine = EngineState(self)
        self.latency = LatencyMeter(self)
        self.undo = UndoHistory(self.latent, self)
