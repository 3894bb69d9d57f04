"""The scrubber through the epochs of a run, and the choice of another run to compare with."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from explorer.state import AppState
from explorer.views.common.choices import Choice, Slider
from explorer.views.common.pane import caption
from models.core.history import PastRun

ALONE = "no other run"


class ReviewBar(QWidget):
    """Map, decoded picture and curves go back to an epoch together, and forward again."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self.state = state
        self.slider = Slider()
        self.newest = QPushButton("Newest")
        self.compare = Choice()
        self._where = caption()
        self._build()
        self.slider.valueChanged.connect(self._scrub)
        self.newest.clicked.connect(self._to_newest)
        self.compare.activated.connect(self._choose)
        state.review.snapshots_changed.connect(self._refresh)
        state.review.shown_changed.connect(self._refresh)
        state.review.compared_changed.connect(self._fill)
        state.model.model_changed.connect(self._refresh)
        self._fill()
        self._refresh()

    def _build(self) -> None:
        self.slider.setAccessibleName("Epoch shown")
        self.slider.setToolTip("Go back to the model of an earlier epoch: map, picture and curves follow")
        self.newest.setToolTip("Follow the newest model again")
        self.compare.setAccessibleName("Run to compare with")
        self.compare.setToolTip("Draw another run beside this one, dashed; those of earlier days are among them")
        self.compare.setMinimumContentsLength(34)
        self._where.setMinimumWidth(128)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (caption("epoch"), self.slider, self._where, self.newest, caption("beside"), self.compare):
            row.addWidget(widget, 1 if widget is self.slider else 0)

    def _refresh(self) -> None:
        review = self.state.review
        known = len(review.snapshots)
        self.slider.blockSignals(True)
        self.slider.setEnabled(known > 1)
        self.slider.setRange(0, max(known - 1, 0))
        at = known - 1 if review.shown is None else self._row_of(review.shown.epoch)
        self.slider.setValue(max(at, 0))
        self.slider.blockSignals(False)
        self.newest.setEnabled(not review.following)
        if not known:
            self._where.setText("none yet")
        elif review.live and not review.following:
            self._where.setText("another model")
        elif review.shown is None:
            self._where.setText(f"newest: {self._newest_epoch()}")
        else:
            self._where.setText(f"{review.shown.epoch} of {review.snapshots[-1].epoch}")

    def _newest_epoch(self) -> int:
        """Return the epoch of the model that is shown: checkpoints are rarer than epochs, and may keep the best."""
        review, model = self.state.review, self.state.model.model
        shown = model is not None and model.path == review.newest
        return model.epoch if model is not None and shown else review.snapshots[-1].epoch

    def _row_of(self, epoch: int) -> int:
        return sum(snapshot.epoch <= epoch for snapshot in self.state.review.snapshots) - 1

    def _scrub(self, row: int) -> None:
        review = self.state.review
        last = row == len(review.snapshots) - 1
        review.show(None if last else review.snapshots[row].epoch)

    def _to_newest(self) -> None:
        self.state.review.show(None)

    def _fill(self) -> None:
        review = self.state.review
        self.compare.clear()
        self.compare.addItem(ALONE, None)
        for run in reversed(review.past):
            self.compare.addItem(title_of(run), run)
        self.compare.setEnabled(bool(review.past))
        row = 0 if review.compared is None or review.compared not in review.past else review.past[::-1].index(
            review.compared) + 1  # fmt: skip
        self.compare.setCurrentIndex(row)

    def _choose(self, row: int) -> None:
        self.state.review.compare(self.compare.itemData(row))


def title_of(run: PastRun) -> str:
    """Return what tells a run from others."""
    when = datetime.fromtimestamp(run.when).strftime("%d %b, %H:%M")
    return f"{when} · seed {run.settings.seed}, {run.records[-1].epoch} epochs · {run.name}"
