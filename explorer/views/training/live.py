"""Show the settings that can be changed during a run, and its current numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from explorer.state import AppState
from explorer.state.training.run import RunStatus
from explorer.views.common.number_box import NumberBox
from explorer.views.common.pane import caption
from explorer.views.common.words import duration
from explorer.views.training.fields import make_field, show_value
from models.core.diagnosis import diagnose
from models.core.setting_table import SETTINGS
from models.core.settings import Dials
from models.protocol.training import Progress

DIAL_TIP = "Takes effect at the next step; the schedule multiplies it"
FACTS = ("epoch", "time left", "train ELBO", "test ELBO", "active units", "speed")
# Kept free for a warning of two lines, so that nothing moves when one comes.
TROUBLE_HEIGHT = 46


class LiveSettings(QWidget):
    """Learning rate and β as dials, the facts of the run, and a banner where something goes wrong."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.rate, self.beta = (
            cast(NumberBox, make_field(SETTINGS[name], live=True)) for name in ("learning_rate", "beta")
        )
        self.facts: dict[str, QLabel] = {name: QLabel("–") for name in FACTS}
        self.trouble = QLabel()
        self._build()
        self.rate.valueChanged.connect(self._turn_rate)
        self.beta.valueChanged.connect(self._turn_beta)
        state.run.dials_changed.connect(self._show_dials)
        state.run.status_changed.connect(self._status_changed)
        state.run.progressed.connect(self._show_facts)
        state.run.curves_changed.connect(self._show_facts)
        state.run.curves_changed.connect(self._show_trouble)
        self._status_changed()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for column, field in enumerate((self.rate, self.beta)):
            grid.addWidget(caption(field.accessibleName()), 0, 2 * column)
            grid.addWidget(field, 0, 2 * column + 1)
            field.setAccessibleName(f"{field.accessibleName()} of the running training")
            field.setToolTip(DIAL_TIP)
            field.setAccessibleDescription(DIAL_TIP)
        for number, (name, label) in enumerate(self.facts.items()):
            row, column = 1 + number // 2, 2 * (number % 2)
            grid.addWidget(caption(name), row, column)
            grid.addWidget(label, row, column + 1)
        for column in (1, 3):
            grid.setColumnStretch(column, 1)
        self.trouble.setObjectName("banner")
        self.trouble.setProperty("level", "warning")
        self.trouble.setWordWrap(True)
        self.trouble.setFixedHeight(TROUBLE_HEIGHT)
        kept = self.trouble.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.trouble.setSizePolicy(kept)
        self.trouble.hide()
        last = 1 + len(FACTS) // 2
        grid.addWidget(self.trouble, last, 0, 1, 4)
        grid.setRowStretch(last + 1, 1)

    def _turn_rate(self, rate: float) -> None:
        self._turn(replace(self.state.run.dials, learning_rate=rate))

    def _turn_beta(self, beta: float) -> None:
        self._turn(replace(self.state.run.dials, beta=beta))

    def _turn(self, dials: Dials) -> None:
        if self.state.run.active:
            self.state.run.adjust(dials)

    def _show_dials(self) -> None:
        dials = self.state.run.dials
        for field, value in ((self.rate, dials.learning_rate), (self.beta, dials.beta)):
            show_value(field, value)

    def _status_changed(self) -> None:
        run = self.state.run
        turning = run.status in (RunStatus.RUNNING, RunStatus.PAUSED)
        if not run.active:
            self.facts["time left"].setText("–")
        self.rate.setEnabled(turning)
        self.beta.setEnabled(turning and SETTINGS["beta"].applies(run.settings))

    def _show_facts(self) -> None:
        run, now = self.state.run, self.state.run.progress
        if now is not None:
            self._show_progress(now)
        if run.records:
            last = run.records[-1]
            self.facts["test ELBO"].setText(f"{last.test.elbo:.2f} nats")
            self.facts["active units"].setText(f"{last.active_units} of {len(last.kl_per_dim)}")

    def _show_trouble(self) -> None:
        words = diagnose(self.state.run.records, self.state.run.settings)
        self.trouble.setText(f"{words[0].upper()}{words[1:]}." if words else "")
        self.trouble.setToolTip(self.trouble.text())
        self.trouble.setVisible(bool(words))

    def _show_progress(self, now: Progress) -> None:
        started = self.state.run.started
        self.facts["epoch"].setText(f"{now.epoch:.2f} of {now.epochs}")
        self.facts["speed"].setText(f"{now.images_per_second:,.0f} images/s")
        self.facts["train ELBO"].setText(f"{now.train.elbo:.2f} nats")
        self.facts["time left"].setText(duration(now.remaining))
        if started is not None:
            reached = now.images_per_second * started.gigaflop_per_image
            self.facts["speed"].setToolTip(
                f"{reached / started.peak_gflops:.0%} of the {started.peak_gflops:.0f} GFLOP/s "
                "that this machine reaches when it multiplies matrices"
            )
