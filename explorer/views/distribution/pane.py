"""One distribution: z, ε and u = F(z), with the parameters; every one of them can be dragged or typed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.choices import Slider
from explorer.views.common.header import together
from explorer.views.common.menus import Entries, Entry, copy_text
from explorer.views.common.number_box import WholeBox
from explorer.views.common.pane import Pane, caption
from explorer.views.distribution.curves import DistributionCurves
from explorer.views.distribution.equation import Equation
from explorer.views.distribution.legend import CurveLegend
from explorer.views.distribution.plot import DistributionPlot
from explorer.views.distribution.readouts import Readouts
from explorer.views.distribution.subject import Subject

SLIDER_STEPS = 10_000
SCROLL_BAR = 12
# A positive shape moves by at most this factor per mouse move: its slope is not the same everywhere.
MOST_FACTOR = 2.0
# A location moves at most so many times as far as the mouse is away from its grip.
MOST_STEPS = 4.0
# A grip that moves so much less with its parameter than when it was taken is at the end of its way.
FLATTEST = 0.03
NOTHING_HELD = ("", 0.0, 1.0)


class DistributionPane(Pane):
    """The pane: subject, legend, three plots, the probability slider, readouts."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Distribution", show_title=False)
        self.state, self.theme = state, theme
        self.curves, self.readouts, self.subject = DistributionCurves(state, theme), Readouts(state), Subject(state)
        self.equation, self.legend, self._provisional = Equation(theme), CurveLegend(), False
        self._held = NOTHING_HELD
        self._seed = WholeBox(0, 2**31 - 1)
        self.slider = Slider()
        self._resample = QPushButton("Resample")
        self._build()
        self._connect()
        self._restyle()

    def _build(self) -> None:
        self._seed.setValue(self.state.display.seed)
        self._seed.setFixedWidth(70)
        self._seed.setAccessibleName("Seed of the noise bank")
        self._resample.setToolTip("Draw a new bank of ε with the next seed")
        self.header.addWidget(self.subject)
        self.header.addWidget(self.legend, 1)
        self.header.addWidget(together(caption("seed"), self._seed, self._resample))
        plots = QHBoxLayout()
        plots.setSpacing(8)
        for plot, share in zip(self.curves.plots, (5, 5, 4), strict=True):
            plots.addWidget(plot, share)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.equation)
        column.addLayout(plots, 1)
        column.addLayout(self._probability_row())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addLayout(column, 1)
        row.addWidget(self._scrolled_readouts())
        self.body.setContentsMargins(12, 6, 12, 8)
        self.body.addLayout(row, 1)

    def _scrolled_readouts(self) -> QScrollArea:
        """Return an area for the numbers: in a low window they scroll, and the plots stay in sight."""
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.readouts)
        self.readouts.setAutoFillBackground(False)
        area.viewport().setAutoFillBackground(False)
        area.setFixedWidth(self.readouts.sizeHint().width() + SCROLL_BAR)
        return area

    def _probability_row(self) -> QHBoxLayout:
        self.slider.setRange(1, SLIDER_STEPS - 1)
        self.slider.setPageStep(SLIDER_STEPS // 20)
        self.slider.setAccessibleName("Probability u; z = F⁻¹(u) follows")
        self.slider.number = self._probability
        self.slider.put_back = partial(self.state.distribution.reset, "u")
        self.slider.setToolTip("Equal steps are equally probable: z = F⁻¹(u) follows")
        row = QHBoxLayout()
        row.addWidget(caption("probability u"))
        row.addWidget(self.slider, 1)
        return row

    def _connect(self) -> None:
        state = self.state
        for plot in self.curves.plots:
            plot.grabbed.connect(self._grab)
            plot.dragged.connect(self._drag)
            plot.released.connect(state.distribution.end)
            plot.released.connect(self._show)
            plot.reset_asked.connect(state.distribution.reset)
            plot.menu.more = partial(self._entries_at, plot)
        self.slider.sliderPressed.connect(self._press_slider)
        self.slider.valueChanged.connect(self._slide)
        self.slider.sliderReleased.connect(state.distribution.end)
        self._seed.valueChanged.connect(state.display.set_seed)
        self._resample.clicked.connect(self._next_seed)
        state.display.seed_changed.connect(self._seed_changed)
        state.display.zoom_changed.connect(self._show)
        state.display.log_changed.connect(self._show)
        state.distribution.mode_changed.connect(self._mode_changed)
        for changed in (state.workbench.family_changed, state.model.embedding_changed):
            changed.connect(self._show_legend)
        state.distribution.changed.connect(self._answered)
        state.answers.aggregate_changed.connect(self._show)
        state.latent.step_done.connect(self._show)
        state.answers.draws_changed.connect(self.readouts.numbers.show_total)
        self.theme.changed.connect(self._restyle)

    def set_shown(self, shown: bool) -> None:
        """Catch up with what happened while another tab was in front."""
        super().set_shown(shown)
        self._show()

    def _seed_changed(self) -> None:
        self._seed.blockSignals(True)
        self._seed.setValue(self.state.display.seed)
        self._seed.blockSignals(False)

    def _next_seed(self) -> None:
        self.state.display.set_seed(self.state.display.seed + 1)

    def _mode_changed(self) -> None:
        self._restyle()
        self._show()

    def _answered(self) -> None:
        if self._provisional or self.state.distribution.fault:
            self._show_legend()
        if self.state.distribution.fault:
            return
        self._show()
        answer = self.state.distribution.shown
        if self.shown and answer is not None:
            # No picture follows on the workbench: its curves are what the mouse waits for.
            self.state.latency.painted(answer.stamp)

    def _show(self) -> None:
        answer = self.state.distribution.shown
        if self.shown and answer is not None:
            self._hold_others()
            self.curves.show()
            self.equation.show_answer(answer)
            self.state.pace.later(self.readouts.show_values)
            if not self.slider.isSliderDown():
                self.slider.blockSignals(True)
                self.slider.setValue(round(answer.place.u * SLIDER_STEPS))
                self.slider.blockSignals(False)

    def _hold_others(self) -> None:
        """While frames are slow, paint the plot that is dragged, or the density, and the others after it."""
        if self.state.pace.strained:
            first = next((plot for plot in self.curves.plots if plot.dragging), self.curves.pdf)
            for plot in self.curves.plots:
                if plot is not first:
                    plot.hold_painting()
                    self.state.pace.later(plot.go_on_painting)

    # ------------------------------------------------------------------------------------------------- dragging

    def _grab(self, grip: str) -> None:
        self._held = NOTHING_HELD
        self.state.distribution.begin(grip, "Drag")

    def _probability(self) -> float:
        answer = self.state.distribution.shown
        return self.slider.value() / SLIDER_STEPS if answer is None else answer.place.u

    def _press_slider(self) -> None:
        self.state.distribution.begin("u", "Drag")

    def _slide(self, step: int) -> None:
        distribution, held = self.state.distribution, self.slider.isSliderDown()
        self.state.latency.input()
        if not held:
            distribution.begin("u", "Set", dragged=False)
        distribution.set("u", step / SLIDER_STEPS)
        if not held:
            distribution.end()

    def _drag(self, grip: str, x: float, y: float) -> None:
        state = self.state
        state.latency.input()
        noise = self.sender() is self.curves.noise
        match grip:
            case "u":
                state.distribution.set("u", self.curves.level_to_value(y))
            case "z":
                state.distribution.set("z", y if noise else x)
            case "eps":
                state.distribution.set("eps", x)
            case _:
                self._drag_parameter(grip, y if noise else x)

    def _drag_parameter(self, name: str, at: float) -> None:
        """Move a parameter so that its grip follows the mouse: one step of Newton's method per move."""
        answer = self.state.distribution.shown
        if answer is None or name not in answer.family.parameters:
            return
        grip = next(grip for grip in answer.curves.grips if grip.parameter == name)
        now, gap = answer.family.parameters[name], at - grip.z
        if grip.slope == 0.0 or self._stuck(name, now, grip.slope, gap):
            return
        step = gap / grip.slope
        parameter = answer.family.facts.parameter(name)
        if parameter.positive and parameter.role != "scale":
            following = min(max(now + step, now / MOST_FACTOR), now * MOST_FACTOR)
        else:
            following = now + min(max(step, -MOST_STEPS * abs(gap)), MOST_STEPS * abs(gap))
        self.state.distribution.set(name, following)

    def _stuck(self, name: str, now: float, slope: float, gap: float) -> bool:
        """Return whether the grip has been pushed against a bound: the parameter would run away without moving it."""
        grabbed, start, first = self._held
        if grabbed != name:
            self._held = (name, now, slope)
            return False
        onward = (now - start) * gap / slope > 0.0
        return onward and abs(slope) < FLATTEST * abs(first)

    def _entries_at(self, plot: DistributionPlot, place: QPoint) -> Entries:
        """Return what can be done with the grip at a place of a plot."""
        handle, distribution = plot.handle_at(place.toPointF()), self.state.distribution
        answer = distribution.shown
        if handle is None or answer is None:
            return ()
        at, symbol = answer.place, distribution.symbol(handle.grip)
        value = {"z": at.z, "eps": at.eps, "u": at.u, **answer.family.parameters}[handle.grip]
        resettable = distribution.on_workbench or handle.grip in ("z", "eps", "u")
        return (
            Entry(f"Copy {symbol} = {value:.4g}", partial(copy_text, plot, repr(value))),
            Entry(f"Put {symbol} back", partial(distribution.reset, handle.grip), resettable),
        )

    def _restyle(self) -> None:
        self._show_legend()
        self.curves.restyle()

    def _show_legend(self) -> None:
        """Name the curves, or say that the chosen family is not there yet or cannot be shown; dim what is not its."""
        colors, distribution = self.theme.colors, self.state.distribution
        bench, shown = distribution.on_workbench, distribution.shown
        preparing = bench and (shown is None or shown.family.name != distribution.family.name)
        self._provisional = preparing or bool(distribution.fault)
        if distribution.fault:
            self.legend.show_message(f"⚠ {distribution.fault}", colors.warning)
        elif preparing:
            self.legend.show_message(f"preparing {distribution.family.name} …", colors.muted)
        else:
            self.legend.show_chips(bench, self.state.model.embedding is not None, colors)
        self.curves.set_dimmed(self._provisional)
        self.equation.set_dimmed(self._provisional)
        self.readouts.setEnabled(not preparing)
