"""The numbers beside the plots of the Distribution pane, some of which can be typed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from explorer.state import AppState
from explorer.state.answers import DistributionAnswer
from explorer.views.common.number_box import NumberBox
from explorer.views.common.number_text import Fixed, Whole
from explorer.views.common.numbers import beside, short
from explorer.views.common.pane import Segments, caption
from models.core.families import FAMILY_PARAMETERS, Parameter

FieldRow = tuple[QLabel, NumberBox, QLabel]
MOST_PARAMETERS = max(len(parameters) for parameters in FAMILY_PARAMETERS.values())
FIELD_WIDTH, SLOPE_WIDTH = 84, 80
TEXT_WIDTH, WIDE_TEXT = 120, 168
SLOPE_LETTERS, WIDE_LETTERS = 8, 24
# Beside the spread of q, this is rounding.
NOTHING = 1e-12
TIPS = {
    "z": "The value drawn", "eps": "The noise behind it: z is the path at ε",
    "u": "The distribution function at z: the probability to its left",
}  # fmt: skip
SLOPE = "∂z/∂{name}: how much z moves with {name} along the path, all else held"
SAMPLE = {
    "slope": ("∂z/∂ε", SLOPE.format(name="ε")),
    "tails": ("P(≤), P(>)", "The probabilities to the left and to the right of z, accurate far out"),
}
WHOLE = {
    "moments": ("mean, sd", "Mean and standard deviation of q"),
    "quantiles": ("5 50 95 %", "Quantiles of q"),
    "entropy": ("entropy", "Entropy of q in nats: differential, unless q is a distribution of whole numbers"),
}
DISTANCES = {
    "kl": ("KL(q‖p)", "In nats; in closed form where there is one"),
    "total": ("Σ KL", "Sum over all dimensions of the model"),
    "ks": ("KS to q", "Kolmogorov–Smirnov distance of the bank from q, and its p-value: neither changes while q moves"),
    "ks_reference": ("KS to p", "Kolmogorov–Smirnov distance of the bank from p, and its p-value"),
}


class Fields(QObject):
    """z, ε, u and the parameters as fields, with the slopes of the path beside them."""

    def __init__(self, state: AppState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.fields: dict[str, NumberBox] = {}
        self.slopes: dict[str, QLabel] = {}
        self.sample = [(caption(), self._field(key, tip)) for key, tip in TIPS.items()]
        self.parameters = [self._parameter_row() for _ in range(MOST_PARAMETERS)]
        self._shown: tuple[Parameter, ...] = ()
        for key, (label, field) in zip(TIPS, self.sample, strict=True):
            label.setText(self.state.distribution.symbol(key))
            self.fields[key] = field

    def _parameter_row(self) -> FieldRow:
        slope = caption()
        slope.setFixedWidth(SLOPE_WIDTH)
        return caption(), self._field("", "Parameter"), slope

    def _field(self, key: str, tip: str) -> NumberBox:
        by_probability = key == "u"
        field = NumberBox(
            *self.state.distribution.limits(key), Fixed(4 if by_probability else 3), 0.01 if by_probability else 0.1
        )
        field.setToolTip(tip)
        field.setAccessibleName(tip)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setFixedWidth(FIELD_WIDTH)
        field.setProperty("grip", key)
        field.valueChanged.connect(self._typed)
        return field

    def refit(self) -> None:
        """Give every parameter of the family its field."""
        parameters = self.state.distribution.parameters
        if parameters == self._shown:
            return
        for shown in self._shown:
            self.fields.pop(shown.name)
            self.slopes.pop(shown.name)
        self._shown = parameters
        for row, widgets in enumerate(self.parameters):
            for widget in widgets:
                widget.setVisible(row < len(parameters))
            if row < len(parameters):
                self._fit(widgets, parameters[row])

    def _fit(self, row: FieldRow, parameter: Parameter) -> None:
        label, field, slope = row
        label.setText(parameter.symbol)
        slope.setToolTip(SLOPE.format(name=parameter.symbol))
        label.setToolTip(parameter.name)
        field.setProperty("grip", parameter.name)
        _write_whole(field, parameter.whole)
        field.setToolTip(f"Parameter {parameter.name} of the {self.state.distribution.family.name} family")
        field.setAccessibleName(f"Parameter {parameter.name}")
        self.fields[parameter.name], self.slopes[parameter.name] = field, slope

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
        _write_whole(self.fields["z"], answer.family.facts.whole)
        values = {"z": place.z, "eps": place.eps, "u": place.u, **answer.family.parameters}
        for key, field in self.fields.items():
            value = values.get(key, math.nan)
            if math.isfinite(value):
                with QSignalBlocker(field):
                    field.setRange(*self.state.distribution.limits(key))
                    if not field.hasFocus() or field.value() != value:
                        field.display(value)
        for key, label in self.slopes.items():
            slope = place.by_parameter.get(key, math.nan)
            label.setText(f"∂z {beside([slope], 3, SLOPE_LETTERS)}" if math.isfinite(slope) else "")


class NumberReadouts:
    """Numbers of the value and of the family as a whole."""

    def __init__(self, state: AppState) -> None:
        self.state = state
        self.labels: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}

    def add(self, column: QGridLayout, numbers: dict[str, tuple[str, str]], width: int) -> None:
        """Add numbers of a ``width`` in pixels below what is in a column."""
        for row, (key, (name, tip)) in enumerate(numbers.items(), start=column.rowCount()):
            self._names[key], self.labels[key] = caption(name), QLabel("–")
            # The plots must not change their size with the numbers.
            self.labels[key].setFixedWidth(width)
            column.addWidget(self._names[key], row, 0)
            column.addWidget(self.labels[key], row, 1, 1, 2)
            for label in (self._names[key], self.labels[key]):
                label.setToolTip(tip)

    def show_values(self, answer: DistributionAnswer) -> None:
        """Show the newest answer."""
        numbers, labels = answer.curves.numbers, self.labels
        labels["slope"].setText(short(answer.place.by_noise))
        labels["tails"].setText(f"{short(answer.place.u)}, {short(answer.place.survival)}")
        labels["kl"].setText(_kl_text(numbers.kl, numbers.kl_closed))
        labels["entropy"].setText(f"{short(numbers.entropy)} nats")
        low, median, high = (numbers.quantiles[index] for index in (0, 2, 4))
        # Of a long tail the near side says what is small.
        nothing = NOTHING * min(median - low, high - median)
        mean, *levels = (0.0 if abs(value) < nothing else value for value in (numbers.mean, low, median, high))
        labels["moments"].setText(f"{short(mean)}, {short(numbers.deviation)}")
        labels["quantiles"].setText(beside(levels, 3, WIDE_LETTERS))
        labels["ks"].setText(f"{numbers.ks:.3f}, p {numbers.ks_p:.2g}")
        labels["ks_reference"].setText(f"{numbers.ks_reference:.3f}, p {numbers.ks_reference_p:.2g}")
        for label in (labels["total"], self._names["total"]):
            label.setVisible(answer.dim is not None)
        self.show_total()

    def show_total(self) -> None:
        """Show the divergence of all dimensions together."""
        drawn = self.state.answers.draws
        self.labels["total"].setText("–" if drawn is None else f"{short(float(drawn.kl.sum()))} nats")


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
    """Numbers in groups: of the sample and the distances on the left, of the distribution on the right."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.inputs, self.numbers, self.hold = Fields(state, self), NumberReadouts(state), Hold(state)
        left, right = _column("sample"), _column("distribution", self.hold)
        _add_fields(left, self.inputs.sample)
        self.numbers.add(left, SAMPLE, TEXT_WIDTH)
        left.addWidget(_group("distances"), left.rowCount(), 0, 1, 3)
        self.numbers.add(left, DISTANCES, TEXT_WIDTH)
        _add_fields(right, self.inputs.parameters)
        self.numbers.add(right, WHOLE, WIDE_TEXT)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(12)
        for column in (left, right):
            column.setRowStretch(column.rowCount(), 1)
            row.addLayout(column)
        # Only now: a field without a place would be shown as a window.
        self.inputs.refit()

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


def _column(name: str, beside: QWidget | None = None) -> QGridLayout:
    """Return a column of numbers under a heading."""
    column, head = QGridLayout(), QHBoxLayout()
    column.setHorizontalSpacing(8)
    column.setVerticalSpacing(1)
    column.setColumnStretch(2, 1)
    head.addWidget(_group(name))
    head.addStretch(1)
    if beside is not None:
        head.addWidget(beside)
    column.addLayout(head, 0, 0, 1, 3)
    return column


def _add_fields(column: QGridLayout, rows: Sequence[tuple[QWidget, ...]]) -> None:
    for number, widgets in enumerate(rows, start=column.rowCount()):
        for place, widget in enumerate(widgets):
            column.addWidget(widget, number, place)


def _group(name: str) -> QLabel:
    """Return the heading of a group of numbers."""
    label = QLabel(name.upper())
    label.setObjectName("group")
    return label


def _write_whole(field: NumberBox, whole: bool) -> None:
    """Let a field take whole numbers only, or any."""
    field.write_as(Whole() if whole else Fixed(3), 1.0 if whole else 0.1)


def _kl_text(kl: float, closed: bool) -> str:
    if not math.isfinite(kl):
        return short(kl)
    return f"{short(kl)} nats" if closed else f"{short(kl)} nats (num.)"
