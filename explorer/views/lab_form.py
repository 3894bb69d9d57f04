"""What the laboratory estimates: objective, family and their numbers, typed or dragged."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QSlider, QWidget

from explorer.state import AppState
from explorer.views.pane import caption, real_box
from models.protocol import FAMILY_PARAMETERS, NO_SCORE, Objective

OBJECTIVES: dict[Objective | None, str] = {
    "quadratic": "(z − k)²", "cosine": "cos kz", "bump": "exp(−kz²)", "elbo": "ELBO of the model",
    None: "choice (b − t)²",
}  # fmt: skip
# Of a Cauchy variable hardly any mean exists.
FAMILIES = [name for name in FAMILY_PARAMETERS if name not in (*NO_SCORE, "Cauchy")]
STEPS = 1000
MOST_ROWS = 4
LIMITS = {
    "k": (-10.0, 10.0), "theta": (0.01, 0.99), "target": (-1.0, 2.0), "temperature": (0.05, 5.0), "loc": (-5.0, 5.0),
    "df": (1.0, 30.0), "logits": (-8.0, 8.0),
}  # fmt: skip
POSITIVE = (0.05, 10.0)
SYMBOLS = {"k": "k", "theta": "θ", "target": "t", "temperature": "τ"}


class Dial(QWidget):
    """One number as a slider and a field."""

    def __init__(self) -> None:
        super().__init__()
        self.key, self._limits = "", (0.0, 1.0)
        self.label, self.slider = caption(""), QSlider(Qt.Orientation.Horizontal)
        self.field = real_box(0.0, -1e6, 1e6, 3, 0.1)
        self.slider.setRange(0, STEPS)
        for widget in (self.slider, self.field):
            widget.setAccessibleName("Number of the estimated gradient")
        self.field.setKeyboardTracking(False)
        self.field.setFixedWidth(76)
        self.label.setFixedWidth(16)

    def fit(self, key: str, symbol: str, value: float) -> None:
        """Stand for a number."""
        self.key, self._limits = key, LIMITS.get(key, POSITIVE)
        self.label.setText(symbol)
        self.label.setToolTip(key)
        for widget in (self.slider, self.field):
            widget.setAccessibleName(f"{key} of the estimated gradient")
            widget.blockSignals(True)
        self.field.setRange(*self._limits)
        self.field.setValue(value)
        low, high = self._limits
        self.slider.setValue(round(STEPS * (value - low) / (high - low)))
        for widget in (self.slider, self.field):
            widget.blockSignals(False)

    def slider_value(self) -> float:
        """Return the number under the handle."""
        low, high = self._limits
        return round(low + (high - low) * self.slider.value() / STEPS, 3)

    def set_shown(self, shown: bool) -> None:
        """Show or hide it."""
        for widget in (self.label, self.slider, self.field):
            widget.setVisible(shown)


class LabForm(QWidget):
    """Objective, family, parameter shown, and a dial for every number that matters."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.objective, self.family, self.parameter = QComboBox(), QComboBox(), QComboBox()
        self.dials = [Dial() for _ in range(MOST_ROWS)]
        self._family_name, self._parameter_name = caption("family"), caption("gradient in")
        self._build()
        self._connect()
        self.setFixedWidth(236)

    def _build(self) -> None:
        self.objective.addItems(list(OBJECTIVES.values()))
        self.objective.setAccessibleName("Objective f")
        self.family.addItems(FAMILIES)
        self.family.setAccessibleName("Family of z")
        self.parameter.setAccessibleName("Parameter whose gradient is shown")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        names: tuple[QLabel, ...] = (caption("f"), self._family_name, self._parameter_name)
        for row, (name, box) in enumerate(zip(names, (self.objective, self.family, self.parameter), strict=True)):
            grid.addWidget(name, row, 0, 1, 2)
            grid.addWidget(box, row, 2)
        for row, dial in enumerate(self.dials, start=len(names)):
            grid.addWidget(dial.label, row, 0)
            grid.addWidget(dial.slider, row, 1, 1, 2)
            grid.addWidget(dial.field, row, 3)
        grid.addWidget(QWidget(), len(names) + MOST_ROWS, 0)
        grid.setRowStretch(len(names) + MOST_ROWS, 1)
        for row in range(len(names)):
            grid.addWidget(QWidget(), row, 3)

    def _connect(self) -> None:
        self.objective.activated.connect(self._choose_objective)
        self.family.textActivated.connect(self.state.lab.choose_family)
        self.parameter.textActivated.connect(self.state.lab.show_parameter)
        for dial in self.dials:
            dial.slider.valueChanged.connect(self._slid)
            dial.field.valueChanged.connect(self._typed)

    def show_settings(self) -> None:
        """Show what is set."""
        settings = self.state.lab.settings
        self.objective.setCurrentText(OBJECTIVES[None if settings.discrete else settings.objective])
        self.family.setCurrentText(settings.family.name)
        plain = not settings.discrete and not settings.on_elbo
        for widget in (self._family_name, self.family):
            widget.setVisible(plain)
        for widget in (self._parameter_name, self.parameter):
            widget.setVisible(not settings.discrete)
        names = list(settings.family.parameters) if plain else ["loc", "scale"]
        if [self.parameter.itemText(row) for row in range(self.parameter.count())] != names:
            self.parameter.clear()
            self.parameter.addItems(names)
        self.parameter.setCurrentText(settings.parameter)
        self._fit_dials()

    def _numbers(self) -> list[tuple[str, str, float]]:
        """Return key, symbol and value of every number that matters."""
        settings = self.state.lab.settings
        if settings.discrete:
            return [(key, SYMBOLS[key], getattr(settings, key)) for key in ("theta", "target", "temperature")]
        if settings.on_elbo:
            return []
        family = [
            (p.name, p.symbol, settings.family.parameters[p.name]) for p in FAMILY_PARAMETERS[settings.family.name]
        ]
        return [("k", "k", settings.k), *family]

    def _fit_dials(self) -> None:
        numbers = self._numbers()
        for row, dial in enumerate(self.dials):
            dial.set_shown(row < len(numbers))
            if row < len(numbers):
                dial.fit(*numbers[row])

    def _choose_objective(self, row: int) -> None:
        chosen = list(OBJECTIVES)[row]
        if chosen is None:
            self.state.lab.change(discrete=True)
        else:
            k = {"bump": 10.0, "cosine": 5.0}.get(chosen, 0.0)
            parameter = "loc" if chosen == "elbo" else self.state.lab.settings.parameter
            self.state.lab.change(discrete=False, objective=chosen, k=k, parameter=parameter)

    def _slid(self) -> None:
        dial = next(dial for dial in self.dials if dial.slider is self.sender())
        self._set(dial.key, dial.slider_value())

    def _typed(self, value: float) -> None:
        sender = self.sender()
        if isinstance(sender, QDoubleSpinBox):
            self._set(next(dial for dial in self.dials if dial.field is sender).key, value)

    def _set(self, key: str, value: float) -> None:
        if key in SYMBOLS:
            self.state.lab.change(**{key: value})
        else:
            self.state.lab.set_parameter(key, value)
