"""Observable state, QtCore only: what the window is about. Views read and set it, controllers answer into it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from explorer.state.answers import AnswerState
from explorer.state.catalogue import Catalogue
from explorer.state.display import DisplayState
from explorer.state.distribution import DistributionState
from explorer.state.export import ExportState
from explorer.state.factors import FactorState
from explorer.state.hints import HintState
from explorer.state.importing import ImportState
from explorer.state.lab import LabState
from explorer.state.latency import LatencyMeter
from explorer.state.latent import LatentState
from explorer.state.model import ModelState
from explorer.state.neighbours import NeighbourState
from explorer.state.notices import NoticeState
from explorer.state.pace import Pace
from explorer.state.paths import PathState
from explorer.state.preview import PreviewState
from explorer.state.shelf import Shelf
from explorer.state.training.further import FurtherState
from explorer.state.training.offers import OfferState
from explorer.state.training.plan import PlanState
from explorer.state.training.review import ReviewState
from explorer.state.training.run import RunState
from explorer.state.training.runs import RunsState
from explorer.state.trust import TrustState
from explorer.state.undo import UndoHistory
from explorer.state.unsaved import UnsavedState
from explorer.state.workbench import WorkbenchState
from explorer.state.workers import WorkersState
from models.core.geometry import dimension_name


class AppState(QObject):
    """The states of one window, each its own object; this only owns them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latent = LatentState(self)
        self.model = ModelState(self)
        self.importing = ImportState(self)
        self.catalogue = Catalogue(self.model, self)
        self.display = DisplayState(self)
        self.answers = AnswerState(self)
        self.workbench = WorkbenchState(self)
        self.distribution = DistributionState(self.latent, self.model, self.display, self.answers, self.workbench, self)
        self.notices = NoticeState(self)
        self.run = RunState(self)
        self.runs = RunsState(self.notices, self)
        self.offers = OfferState(self.run, self.runs, self)
        self.plan = PlanState(self.model, self)
        self.review = ReviewState(self)
        self.unsaved = UnsavedState(self)
        self.further = FurtherState(self.model, self.unsaved, self.runs, self)
        self.export = ExportState(self)
        self.preview = PreviewState(self)
        self.lab = LabState(self)
        self.factors = FactorState(self.model, self)
        self.neighbours = NeighbourState(self.model, self.latent, self)
        self.trust = TrustState(self.model, self)
        self.paths = PathState(self)
        self.workers = WorkersState(self)
        self.hints = HintState(self)
        self.latency = LatencyMeter(self)
        self.pace = Pace(self.latency, self)
        self.undo = UndoHistory(self.latent, self.workbench, self.lab, self.paths, parent=self)
        self.shelf = Shelf(self.latent, self.display, self.undo, self)
        self.latent.refused.connect(self._say_locked)

    def _say_locked(self, dim: int) -> None:
        name = dimension_name(dim)
        self.notices.notice("info", f"{name} is locked. A click on its lock in Dimensions, or L there, unlocks it.")

    @property
    def decodable(self) -> bool:
        """Whether the points lie in the latent space of the open model."""
        model = self.model.model
        return model is not None and model.latent_dim == self.latent.latent_dim
