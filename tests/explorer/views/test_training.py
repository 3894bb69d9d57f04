"""Training from the window with the real trainer: curves, pause, stop, discard, and the map that follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from explorer.state.training.run import RunStatus
from explorer.views.common.question import Question
from models.core.history import write_history
from models.core.settings import TrainSettings
from models.vae.architecture import architecture_of
from resources import model_path
from tests.explorer.conftest import LONG_MS
from tests.explorer.views.conftest import LATENT, run_to_end, start_long
from tests.models.conftest import info_of
from tests.support.desk import PATIENCE_MS, Desk
from tests.support.kept_files import write_model
from tests.support.oracle import NumpyVAE

IMAGES = 300


def test_a_run_to_its_end_is_shown_and_kept(pane: Desk) -> None:
    finished, run = run_to_end(pane), pane.state.run
    assert (finished.reason, finished.epoch) == ("complete", 3)
    assert run.settings == TrainSettings(hidden=(32,), latent_dim=LATENT, epochs=3)
    assert run.test["elbo"].epochs == [1.0, 2.0, 3.0]
    assert run.test["elbo"].values[-1] > run.test["elbo"].values[0]
    for terms in (run.train, run.test):
        ends = [terms[term].values[-1] for term in ("elbo", "reconstruction", "kl")]
        assert ends[0] == pytest.approx(-(ends[1] + ends[2]), rel=1e-5)
    assert finished.path is not None
    assert pane.state.model.model is not None
    assert pane.state.model.model.path == finished.path
    assert pane.latent.latent_dim == LATENT
    oracle = NumpyVAE(Path(finished.path))
    np.testing.assert_allclose(pane.state.answers.picture, oracle.decode(pane.point.z[None])[0], atol=1e-4)
    assert pane.window.training.controls.save.isEnabled()
    assert "Done" in pane.window.training.controls.text.text()


def test_the_last_evaluation_tells_how_far_it_is(pane: Desk) -> None:
    told: list[tuple[float, str]] = []
    run, controls = pane.state.run, pane.window.training.controls

    def listen() -> None:
        if run.evaluated is not None:
            told.append((run.evaluated, controls.text.text()))

    run.progressed.connect(listen)
    run_to_end(pane)
    assert told
    share, text = told[0]
    assert 0.0 < share <= 1.0
    assert text == f"Trained; estimating −log p(x) of the test images: {share:.0%} · Stop and keep skips it"
    assert run.evaluated is not None
    with pane.qtbot.waitSignal(run.progressed, timeout=LONG_MS):
        pane.window.training.controls.start.click()
    assert run.evaluated is None


def _shows_two(desk: Desk) -> bool:
    """Return whether the map shows the images as encoded by a two-dimensional model."""
    embedding = desk.state.model.embedding
    return embedding is not None and embedding.mu.shape == (IMAGES, 2)


def test_the_map_follows_the_model_while_it_trains(pane: Desk) -> None:
    pane.window.training.form.fields["latent_dim"].setValue(2)
    start_long(pane)
    clouds: list[np.ndarray] = []
    for _ in range(2):
        pane.qtbot.waitUntil(pane.idle, timeout=PATIENCE_MS)
        with pane.qtbot.waitSignal(
            pane.state.model.embedding_changed, check_params_cb=lambda: _shows_two(pane), timeout=LONG_MS
        ):
            pass
        clouds.append(pane.window.map.plot.cloud.xy.copy())
    assert np.abs(clouds[1] - clouds[0]).max() > 1e-3
    assert pane.state.run.active
    before = pane.point.z.copy()
    pane.drag(pane.window.map.plot.viewport(), [pane.marker("A"), pane.on_map(np.array([0.5, 0.5]))])
    assert pane.point.z.tobytes() != before.tobytes()


def test_pause_stops_the_work_and_resume_goes_on(pane: Desk) -> None:
    start_long(pane)
    button, run = pane.window.training.controls.pause, pane.state.run
    button.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.PAUSED, timeout=PATIENCE_MS)
    assert button.text() == "Resume"
    assert run.progress is not None
    step = run.progress.step
    with pane.qtbot.assertNotEmitted(run.progressed, wait=300):
        pass
    button.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING and run.progress.step > step, timeout=PATIENCE_MS)


def test_stop_keeps_the_model_so_far(pane: Desk) -> None:
    controls = pane.window.training.controls
    controls.start.setFocus()
    start_long(pane)
    assert controls.pause.hasFocus()  # not the button that discards
    controls.stop.setFocus()
    with pane.qtbot.waitSignal(pane.state.run.finished, timeout=LONG_MS) as finished:
        controls.stop.click()
    assert controls.start.hasFocus()
    assert finished.args[0].reason == "stopped"
    assert Path(finished.args[0].path).is_file()
    assert [model.path for model in pane.state.unsaved.models] == [finished.args[0].path]


def _answer(over: QWidget, button: str) -> None:
    """Press a button of the question that is asked."""
    (question,) = over.findChildren(Question)
    getattr(question, button).click()
    QApplication.sendPostedEvents(question, QEvent.Type.DeferredDelete)


def test_discard_returns_to_the_model_from_before_and_can_be_undone(pane: Desk) -> None:
    run, discard, banner = pane.state.run, pane.window.training.controls.discard, pane.window.banner
    start_long(pane)
    pane.qtbot.waitUntil(lambda: pane.latent.latent_dim == LATENT, timeout=LONG_MS)
    shown = pane.state.model.model
    run.worked = 61.0
    discard.click()
    _answer(pane.window, "no")
    assert run.status is RunStatus.RUNNING
    with pane.qtbot.waitSignal(run.finished, timeout=LONG_MS) as finished:
        run.worked = 61.0
        discard.click()
        _answer(pane.window, "yes")
    pane.settle()
    assert (finished.args[0].reason, finished.args[0].path) == ("discarded", None)
    assert pane.state.unsaved.models == ()
    assert pane.state.model.model is not None
    assert pane.state.model.model.path == str(model_path("mnist-vae-50"))
    assert shown is not None
    assert not Path(shown.path).exists()
    assert not banner.undo.isHidden()
    banner.undo.click()
    pane.qtbot.waitUntil(lambda: pane.state.offers.offer is not None, timeout=PATIENCE_MS)
    assert "is back, after epoch" in banner.text.text()
    assert Path(shown.path).parents[1].exists()
    banner.resume.click()
    pane.qtbot.waitUntil(lambda: run.status is RunStatus.RUNNING, timeout=LONG_MS)
    assert run.started is not None
    assert run.started.first_epoch >= finished.args[0].epoch


def test_the_curves_of_a_run_are_exported_with_the_names_of_keras(
    pane: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = pane.window.menus.model.export_curves
    run_to_end(pane)
    assert export.isEnabled()
    for name, written in (("curves", "curves.csv"), ("curves.json", "curves.json")):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, name=name: (str(tmp_path / name), ""))
        export.trigger()
        write_history(tmp_path / f"wanted-{written}", pane.state.run.records)
        assert (tmp_path / written).read_bytes() == (tmp_path / f"wanted-{written}").read_bytes()
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "c.csv"), ""))
    with pane.qtbot.waitSignal(pane.state.notices.noticed) as noticed:
        export.trigger()
    assert noticed.args[0] == "error"
    assert "c.csv" in noticed.args[1]
    pane.state.run.clear()
    assert not export.isEnabled()


def test_a_run_that_cannot_start_says_why(pane: Desk, tmp_path: Path) -> None:
    (tmp_path / "few.npy").unlink()
    pane.window.training.form.seeds.setValue(3)
    with pane.qtbot.waitSignals([pane.state.notices.noticed, pane.state.run.finished], timeout=LONG_MS):
        pane.window.training.controls.start.click()
    assert "few.npy" in pane.window.banner.text.text()
    assert not pane.state.run.active
    assert "2 that waited will not start" in pane.window.training.controls.text.text()
    assert pane.window.training.controls.start.isEnabled()
    pane.window.training.form.seeds.setValue(1)


def test_families_and_objective_are_chosen_and_the_pane_says_what_is_maximized(pane: Desk) -> None:
    training = pane.window.training
    for name, key in (("posterior", "Laplace"), ("prior", "Laplace"), ("objective", "dreg")):
        field = training.form.fields[name]
        field.setCurrentIndex(field.findData(key))
    # An importance-weighted bound has no KL term to weight, and needs several draws.
    assert not training.form.fields["beta"].isEnabled()
    assert training.form.settings().samples == 5
    run_to_end(pane)
    assert "DReG, KL by Monte Carlo, 5 draws" in training.controls.loss.text()
    model = pane.state.model
    assert (model.posterior(0.5, 2.0).name, model.prior.name) == ("Laplace", "Laplace")
    assert pane.curves.numbers.kl_closed
    assert np.isfinite(pane.curves.numbers.kl)
    training.form.fields["objective"].setCurrentIndex(0)
    assert training.form.fields["beta"].isEnabled()


def test_the_noise_of_a_student_t_posterior_is_set_by_the_decoder(pane: Desk, tmp_path: Path) -> None:
    settings = TrainSettings(hidden=(8,), latent_dim=4, posterior="StudentT")
    architecture = architecture_of(settings, (28, 28, 1))
    write_model(tmp_path / "t.safetensors", info_of(architecture, settings), architecture.initial_parameters(seed=1))
    with pane.qtbot.waitSignal(pane.state.model.embedding_changed, timeout=PATIENCE_MS):
        pane.drop(tmp_path / "t.safetensors")
    pane.settle()
    distribution, dim = pane.state.distribution, pane.state.display.dimension
    distribution.set("eps", 1.5)
    pane.settle()
    mu, sigma = pane.point.mu[dim], pane.point.sigma[dim]
    expected = mu + sigma * scipy.stats.t(5).ppf(scipy.stats.norm.cdf(1.5))
    assert pane.point.z[dim] == pytest.approx(expected, rel=1e-6)
    assert pane.curves.place.eps == pytest.approx(1.5, abs=1e-6)
