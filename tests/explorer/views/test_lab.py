"""The Lab: presets and dials, tallies against the samples themselves, and when it pauses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from explorer.state.lab import PRESETS, LabState
from explorer.state.tally import Tally
from explorer.views.lab.form import INTEGRAND_NAMES
from explorer.views.lab.table import HEADINGS, LEAST_WIDTH, MEAN, VARIANCE
from models.core.families import Family
from tests.support.desk import Desk

DECORATION = Qt.ItemDataRole.DecorationRole
BATCHES = 4
# With fewer samples, the mean of something as skewed as the score function is too uncertain to be tested.
SAMPLES = 4000
PATIENCE_MS = 90_000


@pytest.fixture
def lab(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Bring the Lab to the front, paused; its batches may take their time, for nobody drags beside them."""
    monkeypatch.setattr("explorer.controllers.lab.BUDGET_MS", 50.0)
    desk.window.show_pane("Lab")
    desk.state.lab.change(discrete=False, integrand="quadratic", k=0.0, parameter="loc",
                          family=Family("Normal", {"loc": 1.0, "scale": 1.0}))  # fmt: skip
    yield desk
    desk.state.lab.set_running(False)
    desk.window.show_pane("Distribution")
    desk.settle()


def _draw(desk: Desk, samples: int = 1) -> None:
    """Let it draw a few batches, and at least so many ``samples``, or until it says why it does not."""
    lab = desk.state.lab
    if not lab.running:
        desk.window.lab.run.click()
    desk.qtbot.waitUntil(lambda: _has_enough(lab, samples) or bool(lab.message), timeout=PATIENCE_MS)


def _has_enough(lab: LabState, fewest: int) -> bool:
    return lab.batches >= BATCHES and all(tally.count >= fewest for tally in lab.shown)


def _tally(desk: Desk, name: str) -> Tally:
    return next(tally for tally in desk.state.lab.shown if tally.estimator == name)


def test_every_preset_shows_what_its_sentences_say(lab: Desk) -> None:
    for button, preset in zip(lab.window.lab.presets, PRESETS, strict=True):
        button.click()
        _draw(lab, SAMPLES)
        assert lab.state.lab.settings == preset.settings
        assert lab.window.lab._text.text() == preset.text
        truth = lab.state.lab.truth[lab.state.lab.parameter]
        for tally in lab.state.lab.shown:
            if not tally.biased:
                assert abs(tally.mean - truth) < 5 * tally.error + 1e-9
    far, cosine, bump, concrete = (preset.settings for preset in PRESETS)
    ratios = {}
    for settings in (far, cosine, bump):
        lab.state.lab.change(**vars(settings))
        _draw(lab, SAMPLES)
        score, path = _tally(lab, "score function").variance, _tally(lab, "pathwise").variance
        assert score is not None
        assert path is not None
        ratios[settings.integrand] = score / path
    assert ratios["quadratic"] > 100
    assert ratios["cosine"] < 0.05
    assert ratios["bump"] < 0.1
    lab.state.lab.change(**vars(concrete))
    _draw(lab, SAMPLES)
    assert _tally(lab, "Concrete").mean < 0 < lab.state.lab.truth["theta"]


def test_table_and_plots_say_what_the_tallies_hold(lab: Desk) -> None:
    _draw(lab)
    lab.window.lab.run.click()
    lab.settle()
    pane, tallies = lab.window.lab, lab.state.lab.shown
    lines = pane.table.lines()
    assert [line.split(":")[0] for line in lines] == [tally.estimator for tally in tallies]
    for line, tally in zip(lines, tallies, strict=True):
        mean, error = (float(part) for part in line.split(": ")[1].split(",")[0].split(" ± "))
        assert (mean, error) == (pytest.approx(tally.mean, abs=0.1 * tally.error), pytest.approx(tally.error, rel=0.06))
    for row, tally in enumerate(tallies):
        x, y = pane.plots._means[row].getData()
        assert (x[-1], y[-1]) == (tally.count, pytest.approx(tally.mean))
    assert not pane.table.grab().isNull()
    assert f"{lab.state.lab.count:,} samples" in pane.table.head.text()


def test_no_digit_of_a_number_is_cut_off_in_a_narrow_table(lab: Desk) -> None:
    table = lab.window.lab.table
    table.resize(LEAST_WIDTH, table.height())
    metrics = table.view.fontMetrics()
    for column, text in ((MEAN, "7.9970 ± 0.0047"), (VARIANCE, "1.234e+04"), (VARIANCE, HEADINGS[VARIANCE])):
        assert metrics.horizontalAdvance(text) < table.view.columnWidth(column)
    assert table.view.horizontalHeader().length() <= LEAST_WIDTH


def test_an_estimator_has_its_colour_with_every_integrand(lab: Desk) -> None:
    seen: dict[str, set[str]] = {}
    for preset in (PRESETS[0], PRESETS[3]):
        lab.state.lab.choose(preset)
        _draw(lab)
        plots = lab.window.lab.plots
        for row, tally in enumerate(lab.state.lab.shown):
            color = lab.window.lab.table.model.data(lab.window.lab.table.model.index(row, 0), DECORATION)
            assert plots._bars[row].opts["pen"].color().name() == color.name()
            seen.setdefault(color.name(), set()).add(tally.estimator.replace("REINFORCE", "score function"))
    assert len(seen) == 5
    assert {"score function"} in seen.values()
    assert {"Concrete"} in seen.values()


def test_pausing_stops_the_samples_and_leaving_the_tab_pauses(lab: Desk) -> None:
    _draw(lab)
    lab.window.lab.run.click()
    lab.settle()
    count = _tally(lab, "pathwise").count
    lab.qtbot.wait(120)
    assert _tally(lab, "pathwise").count == count
    lab.window.lab.run.click()
    assert lab.state.lab.running
    lab.window.show_pane("Distribution")
    lab.qtbot.waitUntil(lambda: not lab.state.lab.running, timeout=PATIENCE_MS)


def test_a_dial_starts_anew_with_its_number(lab: Desk) -> None:
    _draw(lab)
    dial = next(dial for dial in lab.window.lab.form.dials if dial.key == "k")
    dial.field.setValue(-3.0)
    assert lab.state.lab.settings.k == -3.0
    assert lab.state.lab.batches == 0
    _draw(lab)
    assert lab.state.lab.truth["loc"] == pytest.approx(8.0)
    scale = next(dial for dial in lab.window.lab.form.dials if dial.key == "scale")
    scale.slider.setValue(scale.slider.maximum())
    assert lab.state.lab.settings.family.parameters["scale"] == pytest.approx(10.0)


def test_families_bring_their_parameters(lab: Desk) -> None:
    form = lab.window.lab.form
    form.family.setCurrentText("Gamma")
    form.family.textActivated.emit("Gamma")
    assert [dial.key for dial in form.dials if not dial.field.isHidden()] == ["k", "concentration", "rate"]
    _draw(lab)
    assert set(lab.state.lab.truth) == {"concentration", "rate"}


def test_where_the_support_moves_the_score_is_marked_and_the_reason_given(lab: Desk) -> None:
    pane, state = lab.window.lab, lab.state.lab
    pane.form.family.textActivated.emit("TruncatedNormal")
    assert [dial.key for dial in pane.form.dials if not dial.field.isHidden()] == ["k", "loc", "scale", "low", "high"]
    _draw(lab, SAMPLES)
    assert not any(tally.biased for tally in state.shown)
    assert "moves" not in pane._text.text()
    pane.form.parameter.setCurrentIndex(pane.form.parameter.findData("high"))
    pane.form.parameter.activated.emit(pane.form.parameter.currentIndex())
    assert {tally.estimator for tally in state.shown if not tally.biased} == {"pathwise"}
    assert "the score function" in pane._text.text()
    tally = _tally(lab, "score function")
    assert abs(tally.mean - state.truth["high"]) > 4.0 * tally.error


def test_after_the_elbo_a_family_has_a_parameter_to_show(lab: Desk) -> None:
    form = lab.window.lab.form
    form.family.textActivated.emit("Gamma")
    for name, parameter in (("elbo", "loc"), ("quadratic", "concentration")):
        form.integrand.activated.emit(list(INTEGRAND_NAMES).index(name))
        assert form.parameter.currentData() == lab.state.lab.parameter == parameter
    _draw(lab)
    assert lab.state.lab.shown


def test_the_elbo_needs_an_image_and_follows_the_point(lab: Desk) -> None:
    form, state = lab.window.lab.form, lab.state.lab
    row = list(INTEGRAND_NAMES).index("elbo")
    lab.latent.set_posterior(np.zeros(50), np.ones(50), source=type(lab.point.source)())
    form.integrand.setCurrentIndex(row)
    form.integrand.activated.emit(row)
    _draw(lab)
    assert state.message.startswith("The ELBO needs an image")
    lab.window.map.select(42)
    lab.qtbot.waitUntil(lambda: state.batches >= BATCHES, timeout=PATIENCE_MS)
    assert state.message == ""
    assert "sticking the landing" in {tally.estimator for tally in state.shown}
    before = state.value
    lab.latent.set_component("mu", lab.state.display.dimension, lab.point.mu[lab.state.display.dimension] + 1.0)
    lab.qtbot.waitUntil(lambda: state.batches >= BATCHES, timeout=PATIENCE_MS)
    assert state.value != pytest.approx(before)


def test_what_cannot_be_drawn_says_why(lab: Desk) -> None:
    lab.state.lab.choose_family("Cauchy")
    _draw(lab)
    assert "too heavy" in lab.window.lab._text.text()
    assert isinstance(lab.window.lab.run, QPushButton)


def test_the_button_says_what_pressing_it_does(lab: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pane, state = lab.window.lab, lab.state.lab
    monkeypatch.setattr("explorer.state.lab.ENOUGH_SAMPLES", 600)
    pane.restart.click()
    pane.run.click()
    assert pane.run.text() == "Pause"
    lab.qtbot.waitUntil(lambda: state.complete, timeout=PATIENCE_MS)
    assert (pane.run.text(), state.drawing) == ("Draw more", False)
    count = state.count
    pane.run.click()
    lab.qtbot.waitUntil(lambda: state.count > count, timeout=PATIENCE_MS)
    state.choose_family("Cauchy")
    lab.qtbot.waitUntil(lambda: bool(state.message), timeout=PATIENCE_MS)
    assert pane.run.text() == "Run"


def test_bands_reach_two_standard_errors_and_a_bias_is_in_sight(lab: Desk) -> None:
    plots, state = lab.window.lab.plots, lab.state.lab
    state.choose(PRESETS[3])
    _draw(lab)
    lab.window.lab.run.click()
    lab.settle()
    assert "± 2 SE" in plots.running.getAxis("left").labelText
    low, high = plots.running.viewRange()[1]
    for row, tally in enumerate(state.shown):
        x, y = plots._bands[row].getData()
        assert (x[len(x) // 2], y[len(y) // 2 - 1]) == (tally.count, pytest.approx(tally.mean + 2.0 * tally.error))
        assert y[len(y) // 2] == pytest.approx(tally.mean - 2.0 * tally.error)
        assert low < tally.mean < high


def test_what_is_typed_may_lie_beyond_the_slider(lab: Desk) -> None:
    scale = next(dial for dial in lab.window.lab.form.dials if dial.key == "scale")
    scale.field.setValue(0.002)
    assert lab.state.lab.settings.family.parameters["scale"] == 0.002
    assert scale.slider.value() == 0
    assert scale.field.value() == 0.002
    assert scale.field.accessibleName() == "Parameter scale of q"


def test_every_estimator_of_the_elbo_has_its_row(lab: Desk) -> None:
    lab.window.resize(1280, 800)
    lab.window.reset_layout()
    lab.window.show_pane("Lab")
    lab.window.map.select(42)
    lab.state.lab.change(integrand="elbo")
    _draw(lab)
    table = lab.window.lab.table
    assert len(lab.state.lab.shown) == 5
    assert table.model.rowCount() == 5
    assert not table.view.verticalScrollBar().isVisible()


def test_every_drag_and_choice_is_an_undo_step(lab: Desk) -> None:
    state, form, undo = lab.state.lab, lab.window.lab.form, lab.state.undo
    undo.forget()
    before, dial = state.settings, next(dial for dial in form.dials if dial.key == "k")
    dial.slider.setSliderDown(True)
    for value in (600, 700, 800):
        dial.slider.setValue(value)
    dial.slider.setSliderDown(False)
    dragged = state.settings
    assert dragged.k == 6.0
    assert (undo.count(), undo.undo_text()) == (1, "Drag k in the Lab")
    lab.window.lab.presets[1].click()
    state.set_running(False)
    form.family.textActivated.emit("Laplace")
    dial.field.setValue(2.5)
    assert undo.count() == 4
    lab.window.show_pane("Log")
    for _ in range(3):
        lab.window.menus.edit.undo.trigger()
    assert state.settings == dragged
    assert lab.window.lab.isVisible()
    assert dial.slider_value() == 6.0
    lab.window.menus.edit.undo.trigger()
    assert state.settings == before
    lab.window.menus.edit.redo.trigger()
    assert state.settings == dragged
