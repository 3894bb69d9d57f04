"""Steer a run from outside: what a person asks for takes effect between two chunks of steps."""

from __future__ import annotations

from typing import Literal

from models.core.setting_checks import check_dials
from models.core.settings import Dials, TrainSettings
from models.protocol.training import ControlAction


class Steering:
    """The wishes that a run has not acted on yet.

    Attributes
    ----------
    ending : str or None
        ``stop`` to end the run and keep its model, ``discard`` to remove it, None to go on.
    stepping : bool
        Whether the run makes one step at a time.
    dials : Dials or None
        The learning rate and β that were set last, None as long as nobody has set them.
    """

    def __init__(self, settings: TrainSettings, stepping: bool) -> None:
        self._settings = settings
        self.ending: Literal["stop", "discard"] | None = None
        self.stepping = stepping
        self.dials: Dials | None = None

    def control(self, action: ControlAction) -> None:
        """Ask the run to stop, to be discarded, or to go step by step; any other action ends the single steps."""
        if action in ("stop", "discard"):
            self.ending = action
        self.stepping = action == "step"

    def adjust(self, dials: Dials) -> None:
        """Set learning rate and β; ValueError if the settings do not allow it."""
        self.dials = check_dials(dials, self._settings)
