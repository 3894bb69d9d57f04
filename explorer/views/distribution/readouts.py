"""The numbers beside the plots of the Distribution pane, some of which can be typed."""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.state import AppState
from explorer.state.answers import DistributionAnswer
from explorer.views.common.number_box import NumberBox
from explorer.views.common.number_text import Fixed
from explorer.views.common.pane import Segments, caption
from models.core.families import FAMILY_PARAMETERS, Parameter

MOST_PARAMETERS = max(len(parameters) for parameters in FAMILY_PARAMETERS.values())
NUMBERS_WIDTH = 160
# Beside the width of q, this is rounding.
NOTHING = 1e-12
TIPS = {
    "z": "The value drawn", "eps": "The noise behind it: z is the path at ε",
    "u": "The distribution function at z: the probability to its left",
}  # fmt: skip
NUMBERS = {
    "tails": ("P(≤ z), P(> z)", "The probabilities to the left and to the right of z, accurate far out"),
    "kl": ("KL(q‖p)", "In nats; in closed form where there is one"),
    "total": ("Σ KL", "Sum over all dimensions of the model"),
    "entropy": ("entropy", "Differential entropy of q in nats"),
    "moments": ("mean, sd", "Mean and standard deviation of q"),
    "quantiles": ("5 50 95 %", "Quantiles of q"),
    "ks": ("KS to q", "Kolmogorov–Smirnov distance of the bank from q, and its p-value: neither changes while q moves"),
    "ks_reference": ("KS to p", "Kolmogorov–Smirnov distance of the bank from p, and its p-value"),
}  # fmt: skip


class Fields(QWidget):
    """z, ε, u and the parameters as fields."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.fields: dict[str, NumberBox] = {}
        self._spare = [self._parameter_field() for _ in range(MOST_PARAMETERS)]
        self._shown: tuple[Parameter, ...] = ()
        self._build()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        for row, key in enumerate(("z", "eps", "u")):
            self.fields[key] = self._field(key, TIPS[key])
            grid.addWidget(caption(self.state.distribution.symbol(key)), row, 0)
            grid.addWidget(self.fields[key], row, 1)
        for row, (label, field) in enumerate(self._spare, start=len(TIPS)):
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
            # The pane must not change its height with the family.
            kept = field.sizePolicy()
            kept.setRetainSizeWhenHidden(True)
            field.setSizePolicy(kept)
        grid.setRowStretch(len(TIPS) + MOST_PARAMETERS, 1)
        self.refit()

    def _field(self, key: str, tip: str) -> NumberBox:
        by_probability = key == "u"
        field = NumberBox(
            *self.state.distribution.limits(key), Fixed(6 if by_probability else 4), 0.01 if by_probability else 0.1
        )
        field.setToolTip(tip)
        field.setAccessibleName(tip)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setFixedWidth(92)
        field.setProperty("grip", key)
        field.valueChanged.connect(self._typed)
        return field

    def _parameter_field(self) -> tuple[QLabel, NumberBox]:
        return caption(""), self._field("", "Parameter")

    def refit(self) -> None:
        """Give every parameter of the family its field."""
        parameters = self.state.distribution.parameters
        if parameters == self._shown:
            return
        for shown in self._shown:
            self.fields.pop(shown.name)
        self._shown = parameters
        for row, (label, field) in enumerate(self._spare):
            label.setVisible(row < len(parameters))
            field.setVisible(row < len(parameters))
            if row < len(parameters):
                self._fit(label, field, parameters[row])

    def _fit(self, label: QLabel, field: NumberBox, parameter: Parameter) -> None:
        label.setText(parameter.symbol)
        label.setToolTip(parameter.name)
        field.setProperty("grip", parameter.name)
        field.setToolTip(f"Parameter {parameter.name} of the {self.state.distribution.family.name} family")
        field.setAccessibleName(f"Parameter {parameter.name}")
        self.fields[parameter.name] = field

    def _typed(self, value: float) -> None:
        field = self.sender()
        if isinstance(field, NumberBox):
            key, distribution = field.property("grip"), self.state.distribution
            distribution.begin(key, "Set", dragged=False)
            distribution.set(key, value)
            distribution.end()

    def show_values(self, answer: DistributionAnswer) -> None:
        """Show the newest answer."""
        self.refit()
        place = answer.place
        values = {"z": place.z, "eps": place.eps, "u": place.u, **answer.family.parameters}
        for key, field in self.fields.items():
            value = values.get(key, math.nan)
            if math.isfinite(value):
                with QSignalBlocker(field):
                    field.setRange(*self.state.distribution.limits(key))
                    if not field.hasFocus() or field.value() != value:
                        field.setValue(value)


class NumberReadouts(QWidget):
    """Numbers of the family as a whole."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.labels: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(5)
        for row, (key, (name, tip)) in enumerate(NUMBERS.items()):
            self._names[key], self.labels[key] = caption(name), QLabel("–")
            for column, label in enumerate((self._names[key], self.labels[key])):
                label.setToolTip(tip)
                grid.addWidget(label, row, column)
        grid.setRowStretch(len(NUMBERS), 1)
        # The plots must not change their size with the numbers.
        grid.setColumnMinimumWidth(0, max(name.sizeHint().width() for name in self._names.values()))
        for label in self.labels.values():
            label.setFixedWidth(NUMBERS_WIDTH)

    def show_values(self, answer: DistributionAnswer) -> None:
        """Show the newest answer."""
        numbers, labels = answer.curves.numbers, self.labels
        labels["tails"].setText(f"{answer.place.u:.4g}, {answer.place.survival:.4g}")
        labels["kl"].setText(_kl_text(numbers.kl, numbers.kl_closed))
        labels["entropy"].setText(f"{_text(numbers.entropy)} nats")
        labels["moments"].setText(f"{_text(numbers.mean)}, {_text(numbers.deviation)}")
        low, median, high = (numbers.quantiles[index] for index in (0, 2, 4))
        nothing = NOTHING * (high - low)
        shown = [_text(0.0 if abs(value) < nothing else value, 3) for value in (low, median, high)]
        labels["quantiles"].setText("  ".join(shown))
        labels["ks"].setText(f"{numbers.ks:.3f}, p {numbers.ks_p:.2g}")
        labels["ks_reference"].setText(f"{numbers.ks_reference:.3f}, p {numbers.ks_reference_p:.2g}")
        for label in (labels["total"], self._names["total"]):
            label.setVisible(answer.dim is not None)
        self.show_total()

    def show_total(self) -> None:
        """Show the divergence of all dimensions together."""
        drawn = self.state.answers.draws
        if drawn is not None:
            self.labels["total"].setText(f"{float(drawn.kl.sum()):.2f} nats")


class Hold(Segments):
    """The choice of what stays when a parameter moves."""

    def __init__(self, state: AppState) -> None:
        super().__init__(
            "Hold", {"eps": "hold ε", "z": "hold z"},
            {"eps": "Moving a parameter carries z and the whole bank along: the reparameterization trick",
             "z": "Moving a parameter leaves z where it is; its noise ε is recomputed"},
        )  # fmt: skip
        self._latent = state.latent
        self.set_choice(state.latent.hold)
        self.group.idClicked.connect(self._choose)

    def _choose(self, number: int) -> None:
        self._latent.set_hold("z" if self.key_of(number) == "z" else "eps")


class Readouts(QWidget):
    """Fields on the left; numbers, and the choice of what a parameter holds, on the right."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.inputs, self.numbers = Fields(state), NumberReadouts(state)
        row = QHBoxLayout()
        row.setSpacing(14)
        right = QVBoxLayout()
        right.addWidget(self.numbers, 1)
        right.addWidget(Hold(state), 0, Qt.AlignmentFlag.AlignLeft)
        row.addWidget(self.inputs)
        row.addLayout(right)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 0)
        column.addLayout(row)

    @property
    def fields(self) -> dict[str, NumberBox]:
        """The fields by z, eps, u and parameter."""
        return self.inputs.fields

    def show_values(self) -> None:
        """Show the newest answer."""
        answer = self.state.distribution.shown
        if answer is not None:
            self.inputs.show_values(answer)
            self.numbers.show_values(answer)


def _text(value: float, digits: int = 4) -> str:
    if math.isnan(value):
        return "–"
    return ("∞" if value > 0 else "−∞") if math.isinf(value) else f"{value:.{digits}g}"


def _kl_text(kl: float, closed: bool) -> str:
    if not math.isfinite(kl):
        return _text(kl)
    return f"{kl:.4f} nats" if closed else f"{kl:.4f} nats (num.)"
