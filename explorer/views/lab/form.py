"""The form of the Lab: integrand, family and their numbers, typed or dragged."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from explorer.state import AppState
from explorer.views.common.choices import Choice, Slider
from explorer.views.common.number_box import NumberBox
from explorer.views.common.number_text import Fixed
from explorer.views.common.pane import caption
from models.core.families import FAMILY_PARAMETERS, STANDARD_NORMAL, Family, Parameter, limits_of
from models.core.numbers import LARGEST_NUMBER
from models.protocol.lab import Integrand

INTEGRAND_NAMES: dict[Integrand | None, str] = {
    "quadratic": "(z − k)²", "cosine": "cos kz", "bump": "exp(−kz²)", "elbo": "ELBO of the model",
    None: "choice (b − t)²",
}  # fmt: skip
STEPS = 1000
# As wide as "high".
LABEL_WIDTH = 30
# One for k, and one for each parameter.
MOST_ROWS = 1 + max(len(parameters) for parameters in FAMILY_PARAMETERS.values())
# The pane has room for so many with air between them.
AIRY_ROWS, AIR, LITTLE_AIR = 5, 4, 1
# Where the handle of a slider goes, and what can be typed, of the numbers that are no parameter of the family.
REACH = {"k": (-10.0, 10.0), "theta": (0.01, 0.99), "target": (-1.0, 2.0), "temperature": (0.05, 5.0)}
LIMITS = {"k": (-1e3, 1e3), "theta": (1e-4, 1.0 - 1e-4), "target": (-1e3, 1e3), "temperature": (0.01, 100.0)}
NAMES = {
    "k": "k of the integrand",
    "theta": "θ, the probability of 1",
    "target": "target t",
    "temperature": "temperature τ",
}
SYMBOLS = {"k": "k", "theta": "θ", "target": "t", "temperature": "τ"}


class Number(NamedTuple):
    """A number that matters: its key, symbol, name and value, the ends of what can be typed and of the slider."""

    key: str
    symbol: str
    name: str
    value: float
    limits: tuple[float, float]
    reach: tuple[float, float]


class Dial(QWidget):
    """One number as a slider and a field."""

    def __init__(self) -> None:
        super().__init__()
        self.key, self._reach = "", (0.0, 1.0)
        self.label, self.slider = caption(""), Slider()
        self.field = NumberBox(-LARGEST_NUMBER, LARGEST_NUMBER, Fixed(3), 0.1)
        self.slider.setRange(0, STEPS)
        self.slider.number = self.field.value
        for widget in (self.slider, self.field):
            widget.setAccessibleName("Number of the estimated gradient")
        self.field.setFixedWidth(76)
        self.label.setFixedWidth(LABEL_WIDTH)

    def fit(self, number: Number) -> None:
        """Stand for a number; the handle rests at its end where the number lies beyond."""
        self.key, self._reach = number.key, number.reach
        self.label.setText(number.symbol)
        for widget in (self.label, self.slider, self.field):
            widget.setToolTip(number.name)
        for widget in (self.slider, self.field):
            widget.setAccessibleName(f"{number.name[0].upper()}{number.name[1:]}")
            widget.blockSignals(True)
        self.field.setRange(*number.limits)
        self.field.setValue(number.value)
        low, high = self._reach
        share = min(max((number.value - low) / (high - low), 0.0), 1.0)
        if not self.slider.isSliderDown():
            self.slider.setValue(round(STEPS * share))
        for widget in (self.slider, self.field):
            widget.blockSignals(False)

    def slider_value(self) -> float:
        """Return the number under the handle."""
        low, high = self._reach
        return round(low + (high - low) * self.slider.value() / STEPS, 3)

    def set_shown(self, shown: bool) -> None:
        """Show or hide it."""
        for widget in (self.label, self.slider, self.field):
            widget.setVisible(shown)


class LabForm(QWidget):
    """Integrand, family, parameter shown, and a dial for every number that matters."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.integrand, self.family, self.parameter = Choice(), Choice(), Choice()
        self.dials = [Dial() for _ in range(MOST_ROWS)]
        self._family_name, self._parameter_name = caption("family"), caption("gradient in")
        self._grid = QGridLayout(self)
        self._build()
        self._connect()
        self.setFixedWidth(236)

    def _build(self) -> None:
        self.integrand.addItems(list(INTEGRAND_NAMES.values()))
        self.integrand.setAccessibleName("Integrand f")
        self.family.addItems(list(FAMILY_PARAMETERS))
        self.family.setAccessibleName("Family of z")
        self.parameter.setAccessibleName("Parameter whose gradient is shown")
        grid = self._grid
        grid.setContentsMargins(0, 0, 0, 0)
        names: tuple[QLabel, ...] = (caption("f"), self._family_name, self._parameter_name)
        for row, (name, box) in enumerate(zip(names, (self.integrand, self.family, self.parameter), strict=True)):
            grid.addWidget(name, row, 0, 1, 2)
            grid.addWidget(box, row, 2, 1, 2)
        for row, dial in enumerate(self.dials, start=len(names)):
            grid.addWidget(dial.label, row, 0)
            grid.addWidget(dial.slider, row, 1, 1, 2)
            grid.addWidget(dial.field, row, 3)
        grid.addWidget(QWidget(), len(names) + MOST_ROWS, 0)
        grid.setRowStretch(len(names) + MOST_ROWS, 1)
        grid.setColumnStretch(2, 1)

    def _connect(self) -> None:
        self.integrand.activated.connect(self._choose_integrand)
        self.family.textActivated.connect(self.state.lab.choose_family)
        self.parameter.activated.connect(self._choose_parameter)
        for dial in self.dials:
            dial.slider.sliderPressed.connect(self._pressed)
            dial.slider.valueChanged.connect(self._slid)
            dial.slider.sliderReleased.connect(self.state.lab.end)
            dial.field.valueChanged.connect(self._typed)

    def show_settings(self) -> None:
        """Show what is set."""
        settings = self.state.lab.settings
        self.integrand.setCurrentText(INTEGRAND_NAMES[None if settings.discrete else settings.integrand])
        self.family.setCurrentText(settings.family.name)
        plain = not settings.discrete and not settings.on_elbo
        for widget in (self._family_name, self.family):
            widget.setVisible(plain)
        for widget in (self._parameter_name, self.parameter):
            widget.setVisible(not settings.discrete)
        family = settings.family.name if plain else STANDARD_NORMAL.name
        names = {f"{p.symbol} · {p.name}": p.name for p in FAMILY_PARAMETERS[family]}
        if [self.parameter.itemText(row) for row in range(self.parameter.count())] != list(names):
            self.parameter.clear()
            for text, name in names.items():
                self.parameter.addItem(text, name)
        self.parameter.setCurrentIndex(self.parameter.findData(settings.parameter))
        self._fit_dials()

    def _numbers(self) -> list[Number]:
        """Return every number that matters."""
        settings = self.state.lab.settings
        if settings.discrete:
            return [_plain(key, getattr(settings, key)) for key in ("theta", "target", "temperature")]
        if settings.on_elbo:
            return []
        return [
            _plain("k", settings.k),
            *(_parameter(settings.family, p) for p in FAMILY_PARAMETERS[settings.family.name]),
        ]

    def _fit_dials(self) -> None:
        numbers = self._numbers()
        self._grid.setVerticalSpacing(AIR if len(numbers) <= AIRY_ROWS else LITTLE_AIR)
        for row, dial in enumerate(self.dials):
            dial.set_shown(row < len(numbers))
            if row < len(numbers):
                dial.fit(numbers[row])

    def _choose_integrand(self, row: int) -> None:
        chosen = list(INTEGRAND_NAMES)[row]
        if chosen is None:
            with self.state.lab.part("Choose f in the Lab"):
                self.state.lab.change(discrete=True)
        else:
            self.state.lab.choose_integrand(chosen)

    def _choose_parameter(self, row: int) -> None:
        self.state.lab.show_parameter(self.parameter.itemData(row))

    def _held_dial(self) -> Dial:
        return next(dial for dial in self.dials if dial.slider is self.sender())

    def _pressed(self) -> None:
        self.state.lab.begin(f"Drag {self._held_dial().label.text()} in the Lab")

    def _slid(self) -> None:
        dial = self._held_dial()
        self._set(dial.key, dial.slider_value())

    def _typed(self, value: float) -> None:
        sender = self.sender()
        if isinstance(sender, NumberBox):
            self._set(next(dial for dial in self.dials if dial.field is sender).key, value)

    def _set(self, key: str, value: float) -> None:
        lab = self.state.lab
        with lab.part(f"Set {SYMBOLS.get(key, key)} in the Lab"):
            if key in SYMBOLS:
                lab.change(**{key: value})
            else:
                lab.set_parameter(key, value)


def _parameter(family: Family, parameter: Parameter) -> Number:
    name = parameter.name
    words, value = f"parameter {name} of q", family.parameters[name]
    return Number(name, parameter.symbol, words, value, limits_of(family, name), parameter.slider)


def _plain(key: str, value: float) -> Number:
    return Number(key, SYMBOLS[key], NAMES[key], value, LIMITS[key], REACH[key])
