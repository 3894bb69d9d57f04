"""The form of a training: it shows every setting of a run as it is, or says what it cannot show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer.state.training.offers import offer_of
from explorer.views.common.number_box import NumberBox, WholeBox
from explorer.views.common.number_text import Exact
from explorer.views.training.fields import make_field, show_value, value_of
from explorer.views.training.form import TrainingForm
from models.core.history import UnfinishedRun
from models.core.setting_table import SETTINGS, Setting
from models.core.settings import TrainSettings
from tests.support.desk import Desk

NUMBERS = [row for row in SETTINGS.values() if row.kind in ("whole", "real")]
FAR = TrainSettings(batch_size=20_000, beta=500.0, seed=1 << 40, learning_rate=1e-8, free_bits=250.0)
ODD = TrainSettings(
    hidden=(), network="conv", channels=(512,), beta=1.0 / 3.0, beta_schedule="cyclic", beta_epochs=1e-3,
    learning_rate=1.2345678901234567e-9, average=0.999999, seed=(1 << 63) - 1, min_delta=1e6, objective="elbo_mc",
    samples=256, restore_best_weights=True, early_stopping_patience=100_000, latent_dim=512, prior="StudentT",
)  # fmt: skip


@pytest.fixture
def form(desk: Desk) -> TrainingForm:
    """The form as it is when the window opens."""
    desk.window.show_pane("Training")
    form = desk.window.training.form
    form.show_settings(TrainSettings())
    form.seeds.setValue(1)
    return form


def resume(desk: Desk, settings: TrainSettings) -> None:
    """Let the window offer a run, and click Resume; the run itself is given up."""
    run, trainer = desk.state.run, desk.app.trainer
    offered = UnfinishedRun("nowhere", "run", "few.npy", 3, 0.0, settings, settings.learning_rate)
    run.resume_requested.disconnect(trainer.resume)
    desk.state.offers.set_offer(offer_of(offered))
    QTest.mouseClick(desk.window.banner.resume, Qt.MouseButton.LeftButton)
    run.resume_requested.connect(trainer.resume)
    run.finish(None)


def enter(field: QWidget, text: str) -> None:
    """Type a text in place of what a field shows, and press Return."""
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def started(desk: Desk) -> list[TrainSettings]:
    """Click Start and return the settings of the run that is asked for, which then is given up."""
    asked: list[TrainSettings] = []

    def take(_data: str, settings: TrainSettings) -> None:
        asked.append(settings)

    run = desk.state.run
    run.start_requested.disconnect(desk.app.trainer.train)
    run.start_requested.connect(take)
    QTest.mouseClick(desk.window.training.controls.start, Qt.MouseButton.LeftButton)
    run.start_requested.disconnect(take)
    run.start_requested.connect(desk.app.trainer.train)
    if asked:
        run.finish(None)
    return asked


@pytest.mark.parametrize("settings", [FAR, ODD, TrainSettings()])
def test_the_next_run_has_the_numbers_of_the_run_that_fills_the_form(
    desk: Desk, form: TrainingForm, settings: TrainSettings
) -> None:
    resume(desk, settings)
    assert form.note.text() == ""
    assert started(desk) == [settings]


def test_far_numbers_are_typed(desk: Desk, form: TrainingForm) -> None:
    for name in ("batch_size", "beta", "seed", "learning_rate", "free_bits"):
        enter(form.fields[name], str(getattr(FAR, name)))
    assert started(desk) == [FAR]


def test_what_no_field_can_show_is_said_and_kept_until_it_is_changed(desk: Desk, form: TrainingForm) -> None:
    unknown = replace(FAR, network="graph")  # type: ignore[arg-type]
    resume(desk, unknown)
    assert form.settings() == unknown
    assert "cannot show the run's network, graph; it stays as it is until you change it." in form.note.text()
    assert "No run can start: network must be dense or conv, not 'graph'." in form.note.text()
    assert form.note.isVisible()
    assert started(desk) == []
    QTest.keyClick(form.fields["network"], Qt.Key.Key_Down)
    assert form.note.text() == ""
    assert started(desk) == [FAR]


def test_a_number_beyond_its_field_is_not_clamped(desk: Desk, form: TrainingForm) -> None:
    resume(desk, replace(FAR, epochs=1_000_000))
    assert form.settings().epochs == 1_000_000
    assert "cannot show the run's epochs, 1,000,000" in form.note.text()
    enter(form.fields["epochs"], "70")
    assert started(desk) == [replace(FAR, epochs=70)]


def test_layers_that_cannot_be_are_named_before_the_start(desk: Desk, form: TrainingForm) -> None:
    enter(form.fields["hidden"], "99999")
    assert form.note.text().endswith("hidden layers must be up to 8 numbers between 1 and 8,192, not 99999.")
    assert started(desk) == []
    enter(form.fields["hidden"], "")
    QTest.keyClick(form.fields["hidden"], Qt.Key.Key_Backspace)
    assert started(desk) == [TrainSettings(hidden=())]


def test_seeds_in_a_row_end_at_the_last_seed(desk: Desk, form: TrainingForm) -> None:
    resume(desk, replace(FAR, seed=(1 << 63) - 2))
    form.seeds.setValue(3)
    assert "seed must be between" in form.note.text()
    assert started(desk) == []
    form.seeds.setValue(2)
    assert form.note.text() == ""


def test_a_bound_without_a_kl_term_takes_back_what_weighs_it(form: TrainingForm) -> None:
    for name, value in (("beta", 4.0), ("beta_schedule", "cyclic")):
        show_value(form.fields[name], value)
    objective = form.fields["objective"]
    objective.setFocus()
    QTest.keyClick(objective, Qt.Key.Key_End)
    assert form.settings() == TrainSettings(objective="dreg", samples=5)
    silent = ("beta", "free_bits", "beta_schedule", "beta_epochs")
    assert [name for name in silent if form.fields[name].isEnabled()] == []
    QTest.keyClick(objective, Qt.Key.Key_Home)
    assert form.fields["beta"].isEnabled()


@pytest.mark.parametrize("row", SETTINGS.values(), ids=SETTINGS)
def test_a_field_begins_with_the_default_and_says_what_it_is(qtbot: QtBot, row: Setting) -> None:
    field = make_field(row)
    qtbot.addWidget(field)
    assert value_of(field) == row.default
    assert field.accessibleName() == row.label
    assert row.help[:12] in field.toolTip()


@pytest.mark.parametrize("row", NUMBERS, ids=[row.name for row in NUMBERS])
def test_a_field_holds_the_limits_exactly(qtbot: QtBot, row: Setting) -> None:
    field = make_field(row)
    qtbot.addWidget(field)
    for limit in (row.low, row.high, row.low + (row.high - row.low) / 3.0):
        value = int(limit) if row.kind == "whole" else float(limit)
        assert show_value(field, value)


def test_steps_end_on_round_numbers(qtbot: QtBot) -> None:
    box = NumberBox(0.0, 100.0, Exact(2), 0.1)
    qtbot.addWidget(box)
    box.setValue(1.0)
    for _ in range(3):
        QTest.keyClick(box, Qt.Key.Key_Up)
    assert (box.value(), box.text()) == (1.3, "1.3")


def test_a_whole_number_beyond_32_bits_is_stepped_and_typed(qtbot: QtBot) -> None:
    box = WholeBox(0, (1 << 63) - 1)
    qtbot.addWidget(box)
    enter(box, "9223372036854775807")
    assert box.value() == (1 << 63) - 1
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert box.value() == (1 << 63) - 1
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert (box.value(), box.text()) == ((1 << 63) - 2, "9223372036854775806")
    enter(box, "9223372036854775808")
    assert box.value() == (1 << 63) - 2
    assert "from 0 to 9223372036854775807" in box.refusal


@pytest.mark.parametrize(("name", "text"), [
    ("latent_dim", "1,5"), ("epochs", "1.000"), ("epochs", "100001"), ("beta", "1.234,5"), ("hidden", "512.256"),
])  # fmt: skip
def test_no_run_starts_with_other_numbers_than_those_typed(
    desk: Desk, form: TrainingForm, name: str, text: str
) -> None:
    enter(form.fields[name], text)
    assert form.fields[name].text() == text
    assert form.fields[name].property("wrong")
    assert f"No run can start: {SETTINGS[name].label}: “" in form.note.text()
    assert started(desk) == []
    show_value(form.fields[name], SETTINGS[name].default)
    assert not form.fields[name].property("wrong")
