"""The distribution that is shown, a latent dimension's posterior or the workbench's: one way to set it."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QObject, Signal

from explorer.state.answers import AnswerState, DistributionAnswer
from explorer.state.display import WORKBENCH_BANK, DisplayState
from explorer.state.gestures import Gestures
from explorer.state.latent import Component, Hold, LatentState
from explorer.state.model import ModelState
from explorer.state.workbench import SMALLEST_U, WorkbenchState
from models.core.arrays import Vector
from models.core.families import FAMILY_PARAMETERS, Family, Parameter, limits_of, usual_family
from models.core.geometry import dimension_name
from models.core.numbers import LARGEST_NUMBER
from models.protocol.distribution import Anchor

Mode = Literal["model", "workbench"]
FARTHEST = 1e300
SYMBOLS = {"z": "z", "eps": "ε", "u": "u"}
COMPONENTS: dict[str, Component] = {"loc": "mu", "scale": "sigma", "z": "z", "eps": "eps"}


class DistributionState(QObject):
    """The distribution in the Distribution pane: z, ε, u and the parameters of one family.

    Signals
    -------
    mode_changed
        Model or workbench.
    changed
        There is a newer answer to draw, or :attr:`fault` says why there is none.
    gripped
        A drag began or ended.
    """

    mode_changed = Signal()
    changed = Signal()
    gripped = Signal()

    def __init__(
        self, latent: LatentState, model: ModelState, display: DisplayState, answers: AnswerState,
        workbench: WorkbenchState,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._latent, self._model, self._display, self._answers = latent, model, display, answers
        self._workbench = workbench
        self.mode: Mode = "model"
        self.dragging = False
        self.fault = ""
        answers.curves_changed.connect(self._model_answered)
        answers.workbench_changed.connect(self._workbench_answered)

    def set_mode(self, mode: Mode) -> None:
        """Show the chosen latent dimension, or the workbench."""
        self.mode, self.fault = mode, ""
        self.mode_changed.emit()

    @property
    def on_workbench(self) -> bool:
        """Whether the workbench is shown."""
        return self.mode == "workbench"

    @property
    def shown(self) -> DistributionAnswer | None:
        """The newest answer for what is shown."""
        return self._answers.workbench if self.on_workbench else self._answers.distribution

    @property
    def family(self) -> Family:
        """The family that is shown, with its parameters as they are set."""
        if self.on_workbench:
            return self._workbench.family
        point, dim = self._latent.point, self._display.dimension
        return self._model.posterior(float(point.mu[dim]), float(point.sigma[dim]))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that can be set: all of them on the workbench, location and scale of a model's posterior."""
        every = FAMILY_PARAMETERS[self.family.name]
        return every if self.on_workbench else tuple(p for p in every if p.name in COMPONENTS)

    @property
    def scores(self) -> Vector:
        """The frozen bank, as sorted normal scores [512]."""
        return self._display.bank(WORKBENCH_BANK if self.on_workbench else self._display.dimension)

    @property
    def hold(self) -> Hold:
        """The value that stays when a parameter moves."""
        return self._latent.hold

    def symbol(self, key: str) -> str:
        """Return the symbol of z, eps, u or a parameter."""
        return next((p.symbol for p in FAMILY_PARAMETERS[self.family.name] if p.name == key), SYMBOLS.get(key, key))

    # ------------------------------------------------------------------------------------------------- setting

    def begin(self, key: str, verb: str, dragged: bool = True) -> None:
        """Begin a gesture that is one undo step, of the latent point or the workbench."""
        self.dragging = dragged
        name = self.family.name if self.on_workbench else dimension_name(self._display.dimension)
        self._subject.begin(f"{verb} {self.symbol(key)} of {name}")
        self.gripped.emit()

    def end(self) -> None:
        """End the gesture."""
        self.dragging = False
        self._subject.end()
        self.gripped.emit()

    @property
    def _subject(self) -> Gestures:
        """What is being set."""
        return self._workbench if self.on_workbench else self._latent

    def set(self, key: str, value: float) -> None:
        """Set z, eps, u or a parameter by its name to the nearest value allowed; NaN is ignored."""
        if math.isnan(value):
            return
        low, high = self.limits(key)
        kept = min(max(value, low), high)
        if self.on_workbench:
            self._set_on_workbench(key, kept)
        elif self._latent.locked[self._display.dimension] and key in SYMBOLS:
            self._latent.refuse(self._display.dimension)
        elif key == "u" or (key == "eps" and not self.family.facts.straight):
            # Only the decoder knows what z they make.
            self._display.locate(self._display.dimension, key, kept)
        elif key in COMPONENTS:
            self._latent.set_component(COMPONENTS[key], self._display.dimension, kept)

    def reset(self, key: str) -> None:
        """Put z, ε and u back to where the noise is 0, a parameter on the workbench to its usual value."""
        if key in SYMBOLS:
            key, value = "eps", 0.0
        elif self.on_workbench:
            value = usual_family(self.family.name).parameters[key]
        else:
            return
        self.begin(key, "Reset", dragged=False)
        self.set(key, value)
        self.end()

    def limits(self, key: str) -> tuple[float, float]:
        """Return the least and the most that z, eps, u or a parameter can be beside the other parameters."""
        if key == "u":
            return SMALLEST_U, 1.0 - SMALLEST_U
        family = self.family
        if key in family.parameters:
            return limits_of(family, key)
        if not self.on_workbench:
            # A model decodes in float32.
            return -LARGEST_NUMBER, LARGEST_NUMBER
        low, high = family.support if key == "z" else (-FARTHEST, FARTHEST)
        return max(low, -FARTHEST), min(high, FARTHEST)

    def _set_on_workbench(self, key: str, value: float) -> None:
        anchors: dict[str, Anchor] = {"z": "z", "eps": "eps", "u": "u"}
        if key in anchors:
            self._workbench.set_value(anchors[key], value)
        else:
            self._workbench.set_parameter(key, value, self.hold)

    def fail(self, mode: Mode, message: str) -> None:
        """Record why there are no curves of what was set in a ``mode``; the last ones stay meanwhile."""
        if mode == self.mode:
            self.fault = message
            self.changed.emit()

    def _model_answered(self) -> None:
        if not self.on_workbench:
            self._answered()

    def _workbench_answered(self) -> None:
        if self.on_workbench:
            self._answered()

    def _answered(self) -> None:
        self.fault = ""
        self.changed.emit()
