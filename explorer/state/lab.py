"""The laboratory of gradient estimators: what is estimated, and what the samples so far say."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from explorer.state.gestures import Gestures
from explorer.state.tally import Tally
from models.core.families import STANDARD_NORMAL, Family, lab_family, with_parameter
from models.protocol.lab import USUAL_K, GradientsReady, Integrand

ENOUGH_SAMPLES = 200_000


@dataclass(frozen=True)
class LabSettings:
    """The subject of the estimates: an integrand f with its k and a family; or, ``discrete``, a choice with θ, t, τ."""

    discrete: bool = False
    integrand: Integrand = "quadratic"
    k: float = 0.0
    family: Family = field(default_factory=lambda: lab_family(STANDARD_NORMAL.name))
    parameter: str = "loc"
    theta: float = 0.5
    target: float = 0.45
    temperature: float = 0.5

    @property
    def on_elbo(self) -> bool:
        """Whether the model's own ELBO is estimated."""
        return self.integrand == "elbo" and not self.discrete

    def alike(self, other: LabSettings) -> bool:
        """Return whether the samples of these settings may stand for the other's while a number is being dragged."""
        kinds = [(lab.discrete, lab.integrand, lab.family.name) for lab in (self, other)]
        return kinds[0] == kinds[1] and not self.on_elbo


@dataclass(frozen=True)
class Preset:
    """A place worth seeing, with two sentences that say why."""

    name: str
    text: str
    settings: LabSettings


PRESETS = (
    Preset(
        "quadratic, k = −3",
        "Far from the minimum the score function multiplies a large f by pure noise: its variance is over a hundred "
        "times that of the path. A baseline takes most of f away and helps, but the path needs none.",
        LabSettings(k=-3.0),
    ),
    Preset(
        "cos 5z: the path loses",
        "f wiggles five times faster than q is wide, so its slope is large almost everywhere while its mean is nearly "
        "flat. The pathwise variance grows with k² to 12.5; the score function only sees |f| ≤ 1 and stays at 0.5.",
        LabSettings(integrand="cosine", k=5.0, family=STANDARD_NORMAL),
    ),
    Preset(
        "narrow bump: the path loses",
        "f is flat nearly everywhere and steep on a narrow bump: few samples meet the slope, and those few are huge. "
        "The score function needs f's height only, which never exceeds 1.",
        LabSettings(integrand="bump", k=10.0),
    ),
    Preset(
        "Concrete: the wrong sign",
        "The relaxed choice is smooth, so its gradient has little variance, but it is that of another function. "
        "At θ = 0.3, τ = 1 its mean is −0.05 where the truth is +0.1: descent would walk the wrong way.",
        LabSettings(discrete=True, theta=0.3, temperature=1.0),
    ),
)


@dataclass(frozen=True)
class LabSnapshot:
    """What is estimated, and the preset it came from."""

    settings: LabSettings
    preset: Preset | None


class LabState(Gestures):
    """Settings, whether samples are being drawn, and their tallies.

    Signals
    -------
    settings_changed
        Something else is estimated: the tallies are cleared.
    running_changed
        Drawing was started or paused; :attr:`drawing` also says whether it has anything to draw.
    tallied
        A batch came in.
    """

    settings_changed = Signal()
    running_changed = Signal()
    tallied = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = LabSettings()
        self.preset: Preset | None = None
        self.running = False
        self.message = ""
        self.wanted = ENOUGH_SAMPLES
        self.truth: dict[str, float] = {}
        self.value = math.nan
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.batches = 0
        self._provisional = False

    @property
    def parameter(self) -> str:
        """The parameter whose gradient is shown."""
        return "theta" if self.settings.discrete else self.settings.parameter

    @property
    def shown(self) -> list[Tally]:
        """The tallies of the parameter that is shown."""
        return [tally for (_, parameter), tally in self.tallies.items() if parameter == self.parameter]

    @property
    def complete(self) -> bool:
        """Whether as many samples have been drawn as are wanted; those of other settings do not count."""
        return not self._provisional and self.count >= self.wanted

    @property
    def count(self) -> int:
        """The number of samples that the furthest estimator has drawn."""
        return max((tally.count for tally in self.tallies.values()), default=0)

    @property
    def drawing(self) -> bool:
        """Whether samples are coming: it runs, there are not enough yet, and nothing keeps them from being drawn."""
        return self.running and not self.complete and not self.message

    def snapshot(self) -> LabSnapshot:
        """Return what is set."""
        return LabSnapshot(self.settings, self.preset)

    def restore(self, snapshot: LabSnapshot) -> None:
        """Set everything as it was; whether it runs stays as it is."""
        self.preset = snapshot.preset
        self._set(snapshot.settings)

    def choose(self, preset: Preset) -> None:
        """Take the settings of a preset and start drawing."""
        with self.part(f"Choose {preset.name}"):
            self.preset = preset
            self._set(preset.settings)
        self.set_running(True)

    def change(self, **values: object) -> None:
        """Set some of the settings; it is no preset any more.

        While it runs, the samples stay in sight until there are some of the new settings: a drag does not flicker.
        """
        before, shown = self.settings, (self.tallies, self.truth, self.value)
        with self.part("Change the Lab"):
            self.preset = None
            self._set(replace(before, **values), announced=False)  # type: ignore[arg-type]
        if self.running and before.alike(self.settings):
            self.tallies, self.truth, self.value = shown
            self._provisional = True
        self._announce()

    def choose_integrand(self, integrand: Integrand) -> None:
        """Take another f with its usual k; the gradient shown is in the same parameter if there still is one."""
        names = ("loc", "scale") if integrand == "elbo" else tuple(self.settings.family.parameters)
        parameter = self.settings.parameter if self.settings.parameter in names else names[0]
        with self.part("Choose f in the Lab"):
            self.change(discrete=False, integrand=integrand, k=USUAL_K[integrand], parameter=parameter)

    def choose_family(self, name: str) -> None:
        """Take another family with its usual parameters."""
        family = lab_family(name)
        with self.part(f"Choose {name} in the Lab"):
            self.change(family=family, parameter=next(iter(family.parameters)))

    def set_parameter(self, name: str, value: float) -> None:
        """Set one parameter of the family, kept in its domain."""
        self.change(family=with_parameter(self.settings.family, name, value))

    def show_parameter(self, name: str) -> None:
        """Show the gradient in another parameter; all are drawn anyway."""
        with self.part(f"Gradient in {name}"):
            self.settings = replace(self.settings, parameter=name)
        self.tallied.emit()

    def set_running(self, running: bool) -> None:
        """Draw, or pause; drawn again after it is complete, it goes on for as many samples more."""
        if running and self.complete:
            self.wanted = self.count + ENOUGH_SAMPLES
        self.running = running
        self.running_changed.emit()

    def restart(self) -> None:
        """Forget all samples."""
        self._set(self.settings)

    def take(self, answer: GradientsReady, fresh: bool = True) -> None:
        """Add a batch; one that is not ``fresh`` is shown until one of the present settings has come."""
        if self._provisional or not fresh:
            self.tallies, self.batches = {}, 0
        self._provisional = not fresh
        self.message, self.truth, self.value = "", answer.truth, answer.value
        self.batches += 1
        for estimates in answer.estimates:
            key = estimates.estimator, estimates.parameter
            start = Tally(estimates.estimator, estimates.biased, estimates.variance, estimates.microseconds)
            self.tallies.setdefault(key, start).add(estimates)
        self.tallied.emit()

    def fail(self, message: str) -> None:
        """Show why nothing can be drawn."""
        self.tallies, self.truth, self.value = {}, {}, math.nan
        self.message = message
        self.tallied.emit()

    def _set(self, settings: LabSettings, announced: bool = True) -> None:
        self.settings, self.batches, self.message, self.wanted = settings, 0, "", ENOUGH_SAMPLES
        self.tallies, self.truth, self.value, self._provisional = {}, {}, math.nan, False
        if announced:
            self._announce()

    def _announce(self) -> None:
        self.settings_changed.emit()
        self.tallied.emit()
