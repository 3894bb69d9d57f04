"""Watching and steering a training in the real window: dials, steps, epoch slider, comparison with a run, failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from explorer.state.training.run import RunStatus
from explorer.views.training.dimensions import kl_table
from explorer.views.training.history import smoothed
from models.core.diagnosis import diagnose
from models.core.history import EpochRecord, Terms
from models.core.settings import TrainSettings
from tests.support.desk import PATIENCE_MS, Desk

LONG_MS = 90_000
EPOCHS = 5


@pytest.fixture
def pane(small_data: Desk) -> Desk:
    """Set the form to a small model."""
    form = small_data.window.training.form
    for name, value in (("latent_dim", 4), ("epochs", EPOCHS), ("seed", 0)):
        form.fields[name].setValue(value)
    form.fields["hidden"].setText("24")
    form.seeds.setValue(1)
    return small_data


def run_to_end(desk: Desk) -> None:
    with desk.qtbot.waitSignal(desk.state.run.finished, timeout=LONG_MS):
        desk.window.training.controls.start.click()
    desk.settle()


def test_the_scrubber_goes_back_to_an_epoch_and_forward_again(pane: Desk) -> None:
    run_to_end(pane)
    review, bar = pane.state.review, pane.window.training.review
    assert [snapshot.epoch for snapshot in review.snapshots] == list(range(1, EPOCHS + 1))
    newest = pane.embedding.mu.copy()
    with pane.qtbot.waitSignal(pane.state.model.embedding_changed, timeout=PATIENCE_MS):
        bar.slider.setFocus()
        QTest.keyClick(bar.slider, Qt.Key.Key_Home)
    pane.settle()
    model = pane.state.model.model
    assert model is not None
    assert model.epoch == 1
    assert not np.array_equal(pane.embedding.mu, newest)
    pane.qtbot.waitUntil(lambda: all(plot.shown.isVisible() for plot in pane.window.training.curves.plots.values()))
    assert pane.window.training.curves.plots["elbo"].shown.value() == 1
    with pane.qtbot.waitSignal(pane.state.model.embedding_changed, timeout=PATIENCE_MS):
        bar.newest.click()
    pane.settle()
    assert pane.state.model.model.epoch == EPOCHS
    assert np.array_equal(pane.embedding.mu, newest)


def test_while_an_earlier_epoch_is_looked_at_the_newest_does_not_take_its_place(pane: Desk) -> None:
    form, run, review = pane.window.training.form, pane.state.run, pane.state.review
    form.fields["epochs"].setValue(100_000)
    pane.window.training.controls.start.click()
    pane.qtbot.waitUntil(lambda: len(review.snapshots) > 3, timeout=LONG_MS)
    review.show(2)
    newest = review.newest
    pane.qtbot.waitUntil(lambda: review.newest != newest, timeout=LONG_MS)
    pane.settle()
    assert pane.state.model.model.epoch == 2
    run.control("stop")
    pane.qtbot.waitUntil(lambda: not run.active, timeout=LONG_MS)
    pane.settle()
    assert pane.state.model.model.epoch == 2
    review.show(None)
    pane.settle()
    assert pane.state.model.model.epoch == len(run.records)


def test_step_by_step_each_turn_of_the_trick_is_shown(pane: Desk) -> None:
    controls, run = pane.window.training.controls, pane.state.run
    places = [pane.window.geometry(), *(dock.geometry() for dock in pane.window.docks.values())]
    controls.step.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.PAUSED, timeout=LONG_MS)
    assert run.progress is None
    for step in (1, 2):
        with pane.qtbot.waitSignal(run.step_shown, timeout=LONG_MS):
            controls.step.click()
        pane.qtbot.waitUntil(lambda step=step: run.progress is not None and run.progress.step == step)
        assert run.step.step == step
        assert np.allclose(run.step.z, run.step.mu + run.step.sigma * run.step.eps, rtol=1e-5)
    view = pane.window.training.step_view
    assert view.isVisible()
    assert [pane.window.geometry(), *(dock.geometry() for dock in pane.window.docks.values())] == places
    assert f"step {run.step.step}" in view.terms.text()
    assert view.seen.image is not None
    assert run.status is RunStatus.PAUSED
    with pane.qtbot.waitSignal(run.finished, timeout=LONG_MS):
        controls.pause.click()
    assert len(run.records) == EPOCHS


def test_dials_are_turned_by_the_keyboard_while_the_run_goes(pane: Desk) -> None:
    form, run = pane.window.training.form, pane.state.run
    form.fields["epochs"].setValue(100_000)
    pane.window.training.controls.start.click()
    pane.qtbot.waitUntil(lambda: len(run.records) > 1, timeout=LONG_MS)
    beta = form.live.beta
    assert beta.isVisible()
    beta.setFocus()
    beta.selectAll()
    QTest.keyClicks(beta, "3.5")
    QTest.keyClick(beta, Qt.Key.Key_Return)
    pane.qtbot.waitUntil(lambda: run.records[-1].beta == 3.5, timeout=LONG_MS)
    assert run.records[0].beta == 1.0
    assert "images/s" in form.live.facts["speed"].text()
    assert "GFLOP/s" in form.live.facts["speed"].toolTip()
    with pane.qtbot.waitSignal(run.finished, timeout=LONG_MS):
        pane.window.training.controls.stop.click()
    assert not form.live.beta.isEnabled()


def test_several_seeds_in_a_row_and_one_beside_another(pane: Desk) -> None:
    run, review = pane.state.run, pane.state.review
    before = len(review.past)
    pane.window.training.form.seeds.setValue(2)
    pane.window.training.controls.start.click()
    pane.qtbot.waitUntil(lambda: len(review.past) == before + 2 and not run.active, timeout=LONG_MS)
    pane.settle()
    assert [past.settings.seed for past in review.past[-2:]] == [0, 1]
    assert review.past[-2].records != review.past[-1].records
    first, last = (model.path for model in pane.state.unsaved.models[-2:])
    assert Path(first).exists()
    assert first != last
    compare = pane.window.training.review.compare
    compare.setCurrentIndex(2)
    compare.activated.emit(2)
    assert review.compared is review.past[-2]
    curve = pane.window.training.curves.plots["elbo"].other
    pane.qtbot.waitUntil(lambda: len(curve.getData()[0]) == EPOCHS)
    assert curve.getData()[1].tolist() == [record.test.elbo for record in review.past[-2].records]
    compare.activated.emit(0)


def test_dimensions_and_histograms_are_those_of_the_records(pane: Desk) -> None:
    run_to_end(pane)
    training, last = pane.window.training, pane.state.run.records[-1]
    for number, key in enumerate(training.views):
        pane.qtbot.mouseClick(training.choice.group.button(number), Qt.MouseButton.LeftButton, pos=QPoint(4, 4))
        assert training.views[key].isVisible()
    assert training.views["dimensions"].image.image.shape == (4, EPOCHS)
    shares = training.views["histograms"].mu.bars.getData()[1]
    assert shares.sum() == pytest.approx(100.0)
    assert shares.tolist() == pytest.approx([100.0 * count / sum(last.mu_counts) for count in last.mu_counts])


def test_the_strip_holds_images_of_the_data_and_what_the_model_makes_of_them(pane: Desk) -> None:
    pane.settle()
    pane.qtbot.mouseClick(pane.window.training.choice.group.button(0), Qt.MouseButton.LeftButton)
    before, strip = pane.state.answers.reconstructions, pane.window.training.strip
    run_to_end(pane)
    pane.settle()
    shown = pane.state.answers.reconstructions
    assert len(shown.rows) == len(strip.columns) == 8
    assert np.array_equal(shown.images, pane.data.images[list(shown.rows)])
    assert before is None or not np.allclose(shown.decoded, before.decoded)
    pane.window.map.select(shown.rows[3])
    pane.settle()
    assert np.allclose(pane.state.answers.draws.centre, shown.decoded[3], atol=1e-5)
    ends = [strip.cell(column, row) for column in (0, 7) for row in (0, 1)]
    assert all(strip.rect().contains(end) for end in ends)


def test_a_warning_stands_beside_the_curves_and_moves_nothing(pane: Desk) -> None:
    run, form, views = pane.state.run, pane.window.training.form, pane.window.training
    pane.qtbot.mouseClick(form.pages.group.buttons()[-1], Qt.MouseButton.LeftButton)
    pane.settle()  # the page that comes forward is laid out
    sizes = views.size(), views.curves.size(), form.live.size()
    longest = [replace(record, active_units=0) for record in records(16.0, 16.5, 16.8)]
    before, run.history.records = run.records, longest
    run.curves_changed.emit()
    pane.settle()
    trouble = form.live.trouble
    assert trouble.isVisible()
    assert trouble.text().startswith("No dimension is active: ")
    room = trouble.contentsRect().adjusted(12, 0, -12, 0)
    needed = trouble.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, trouble.text())
    assert needed.height() <= trouble.contentsRect().height()
    assert form.pages.group.buttons()[-1].text() == "live ⚠"
    assert (views.size(), views.curves.size(), form.live.size()) == sizes
    run.history.records = before
    run.curves_changed.emit()
    assert trouble.isHidden()
    assert form.pages.group.buttons()[-1].text() == "live"


def records(*kls: float, elbos: tuple[float, ...] = ()) -> list[EpochRecord]:
    values = elbos or tuple(-100.0 - kl for kl in kls)
    return [
        EpochRecord(number, number, Terms(elbo, 100.0, kl, -elbo), Terms(elbo, 100.0, kl, -elbo), (kl,),
                    int(kl > 0.5), 1.0, 1e-3, 1.0, (1,), (1,), 1.0, 1.0)
        for number, (kl, elbo) in enumerate(zip(kls, values, strict=True), start=1)
    ]  # fmt: skip


def test_of_thousands_of_epochs_some_are_drawn_each_where_it_belongs(pane: Desk) -> None:
    every = [
        replace(record, kl_per_dim=(float(record.epoch), 2000.0 - record.epoch)) for record in records(*[1.0] * 1999)
    ]
    run, view = pane.state.run, pane.window.training.views["dimensions"]
    before, run.history.records = run.records, every
    view.refresh()
    run.history.records = before
    table, place = view.image.image, view.image.mapRectToParent(view.image.boundingRect())
    assert 300 < table.shape[1] < 1000
    epoch = place.left() + (np.arange(table.shape[1]) + 1) * place.width() / table.shape[1] - 0.5
    assert np.allclose(table[0], epoch)
    assert epoch[-1] == 1999.0
    view.refresh()


def test_what_goes_wrong_has_a_name_and_a_remedy() -> None:
    settings = TrainSettings()
    assert diagnose([], settings) == ""
    assert diagnose(records(5.0, 9.0, 12.0), settings) == ""
    assert "posterior collapse" in diagnose(records(0.4, 0.05, 0.01), settings)
    assert "lower β" in diagnose(records(0.4, 0.05, 0.01), settings)
    stray = [replace(record, active_units=0) for record in records(16.0, 16.5, 16.8)]
    assert "16.8 nats from the prior; lower the learning rate" in diagnose(stray, settings)
    assert "collapse" not in diagnose(stray, settings)
    assert "KL explodes" in diagnose(records(8.0, 900.0), settings)
    worse = records(*[9.0] * 9, elbos=(-120.0, -110.0, -100.0, -102.0, -103.0, -104.0, -106.0, -107.0, -108.0))
    assert "better after epoch 3" in diagnose(worse, settings)
    assert diagnose(worse, replace(settings, early_stopping_patience=9)) == ""


def test_smoothing_keeps_straight_lines_and_dimensions_are_sorted_by_the_last_epoch() -> None:
    line = np.linspace(3.0, 7.0, 101)
    assert smoothed(line)[10:-10] == pytest.approx(line[10:-10])
    assert smoothed(np.full(9, 2.0)) == pytest.approx(np.full(9, 2.0))
    assert len(smoothed(np.array([1.0]))) == 1
    assert kl_table([(1.0, 2.0, 0.0), (0.5, 0.1, 3.0)]).tolist() == [[0.0, 3.0], [1.0, 0.5], [2.0, 0.1]]
