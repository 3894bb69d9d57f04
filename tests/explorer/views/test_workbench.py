"""The distribution workbench: any family with any parameters, without changing the latent point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models.core.families import FAMILY_PARAMETERS, STANDARD_NORMAL
from tests.support.desk import Desk
from tests.support.workbench import GAMMA, choose, gamma, pane_of, shown_on


def test_curves_and_numbers_are_those_of_scipy(bench: Desk) -> None:
    shown, exact = shown_on(bench), gamma(GAMMA)
    curves, place, numbers = shown.curves, shown.place, shown.curves.numbers
    assert shown.family == GAMMA
    np.testing.assert_allclose(curves.family_pdf, exact.pdf(curves.x), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(curves.family_cdf, exact.cdf(curves.x), rtol=1e-9, atol=1e-15)
    assert (place.u, place.survival) == (pytest.approx(exact.cdf(place.z)), pytest.approx(exact.sf(place.z)))
    assert place.eps == pytest.approx(stats.norm.ppf(place.u), rel=1e-9)
    assert (numbers.mean, numbers.deviation) == (pytest.approx(exact.mean()), pytest.approx(exact.std()))
    assert numbers.entropy == pytest.approx(float(exact.entropy()))
    assert numbers.quantiles == pytest.approx(exact.ppf([0.05, 0.25, 0.5, 0.75, 0.95]))
    near = stats.kstest(curves.bank_z, exact.cdf)
    assert (numbers.ks, numbers.ks_p) == (pytest.approx(near.statistic), pytest.approx(near.pvalue, rel=1e-5))


# Families of every kind: location and scale, a shape, a moving support, two modes, the workbench's own default.
KINDS = ("Normal", "Gumbel", "Exponential", "NormalMixture", "Gamma")


@pytest.mark.parametrize("families", [KINDS, pytest.param(tuple(FAMILY_PARAMETERS), marks=pytest.mark.slow)])
def test_families_are_drawn_without_a_nan(bench: Desk, families: tuple[str, ...]) -> None:
    for family in families:
        choose(bench, family)
        curves = shown_on(bench).curves
        assert shown_on(bench).family.name == family
        for values in (curves.x, curves.family_cdf, curves.path_z, curves.bank_z, curves.bank_eps):
            assert np.isfinite(values).all()
        assert not np.isnan(curves.family_pdf).any()
        fields = pane_of(bench).readouts.fields
        assert set(fields) == {"z", "eps", "u", *(p.name for p in FAMILY_PARAMETERS[family])}
        assert all(fields[p.name].value() == p.usual for p in FAMILY_PARAMETERS[family])


def test_slopes_are_those_of_the_path(bench: Desk) -> None:
    place, step = shown_on(bench).place, 1e-5
    alpha, rate = GAMMA.parameters.values()
    moved = [stats.gamma(alpha + sign * step, scale=1 / rate).ppf(place.u) for sign in (1, -1)]
    assert place.by_parameter["concentration"] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-6)
    assert place.by_parameter["rate"] == pytest.approx(-place.z / rate, rel=1e-9)
    assert place.by_noise == pytest.approx(stats.norm.pdf(place.eps) / gamma(GAMMA).pdf(place.z), rel=1e-9)


def test_values_beyond_the_support_stop_at_its_edge(bench: Desk) -> None:
    for key, value in (("z", -5.0), ("z", 1e6), ("eps", 1e6), ("eps", -1e6), ("u", 0.0), ("u", 1.0)):
        bench.state.distribution.set(key, value)
        bench.settle()
        place = shown_on(bench).place
        assert np.isfinite([place.z, place.eps, place.u, place.survival, place.pdf, place.by_noise]).all()
        assert place.z >= 0.0


def test_what_cannot_be_shown_says_why_and_the_next_answer_takes_its_place(bench: Desk) -> None:
    choose(bench, "TruncatedNormal")
    bench.state.distribution.set("loc", 1e6)
    bench.settle()
    legend = pane_of(bench).legend
    expected = "TruncatedNormal: low and high lie more than 300 σ from μ on one side"
    assert expected in legend.text
    assert expected in legend.message.toolTip()
    bench.state.distribution.set("loc", 0.5)
    bench.settle()
    assert expected not in legend.text
    assert "family q" in legend.text


def test_a_fault_of_the_model_is_none_of_the_workbench(bench: Desk) -> None:
    distribution = bench.state.distribution
    distribution.fail("model", "the model's curves are lost")
    assert distribution.fault == ""
    distribution.fail("workbench", "those of the workbench, too")
    assert distribution.fault == "those of the workbench, too"
    distribution.set_mode("model")
    assert distribution.fault == ""


def test_both_tails_are_read_far_out(bench: Desk) -> None:
    choose(bench, "Normal")
    bench.state.distribution.set("z", -10.0)
    bench.settle()
    assert pane_of(bench).readouts.numbers.labels["tails"].text() == f"{stats.norm.cdf(-10.0):.4g}, 1"


def test_the_pinned_family_is_the_reference(bench: Desk) -> None:
    subject = pane_of(bench).subject
    assert not subject.unpin.isVisible()
    subject.pin.click()
    assert subject.unpin.isVisible()
    bench.settle()
    assert shown_on(bench).reference == GAMMA
    assert shown_on(bench).curves.numbers.kl == pytest.approx(0.0, abs=1e-12)
    bench.state.distribution.set("rate", 3.0)
    bench.settle()
    numbers = shown_on(bench).curves.numbers
    assert numbers.kl_closed
    assert numbers.kl == pytest.approx(2.5 * np.log(2.0) + 2.5 * (0.5 - 1.0), rel=1e-9)
    assert pane_of(bench).readouts.numbers.labels["kl"].text() == f"{numbers.kl:.4g} nats"
    subject.unpin.click()
    bench.settle()
    assert shown_on(bench).reference == STANDARD_NORMAL
    assert not subject.unpin.isVisible()


def test_a_divergence_is_the_integral_and_says_if_it_is_one(bench: Desk) -> None:
    def agrees(exact: stats.distributions.rv_frozen, reference: stats.distributions.rv_frozen, closed: bool) -> bool:
        numbers = shown_on(bench).curves.numbers
        integral = exact.expect(lambda z: exact.logpdf(z) - reference.logpdf(z))
        told = pane_of(bench).readouts.numbers.labels["kl"].text().endswith("(num.)")
        return numbers.kl == pytest.approx(integral, rel=1e-7) and (numbers.kl_closed, told) == (closed, not closed)

    assert agrees(gamma(GAMMA), stats.norm(), closed=True)
    bench.state.workbench.pin()
    choose(bench, "Weibull")
    shape, scale = shown_on(bench).family.parameters.values()
    assert agrees(stats.weibull_min(shape, scale=scale), gamma(GAMMA), closed=False)


def test_a_support_that_sticks_out_of_the_references_is_infinitely_far(bench: Desk) -> None:
    bench.state.workbench.pin()
    choose(bench, "Normal")
    assert np.isinf(shown_on(bench).curves.numbers.kl)
    assert pane_of(bench).readouts.numbers.labels["kl"].text() == "∞"


def test_the_model_is_there_again_as_it_was(bench: Desk) -> None:
    point = bench.point
    choose(bench, "Beta")
    bench.state.distribution.set_mode("model")
    bench.settle()
    assert shown_on(bench).family.name == "Normal"
    assert bench.point is point


def _ticks(desk: Desk, value: float) -> str:
    axis = pane_of(desk).curves.pdf.getAxis("left")
    return str(axis.tickStrings([value], axis.autoSIPrefixScale * axis.scale, value)[0])


def test_the_axis_says_the_density_itself_whatever_was_shown_before(bench: Desk) -> None:
    for family in ("VonMises", "Normal"):
        choose(bench, family)
        pane_of(bench).theme.changed.emit()
        assert _ticks(bench, 0.2) == "0.2"


def test_a_density_with_infinite_ends_has_an_axis_and_grips_in_sight(bench: Desk) -> None:
    choose(bench, "Beta")
    for name in ("concentration1", "concentration0"):
        bench.state.distribution.set(name, 0.1)
        bench.settle()
    plot = pane_of(bench).curves.pdf
    assert np.isinf(shown_on(bench).curves.family_pdf).any()
    for logarithmic in (False, True):
        bench.state.display.set_logarithmic(logarithmic)
        high = plot.viewRange()[1][1]
        assert (10.0**high if logarithmic else high) < 100.0
        for handle in (handle for handle in plot.layer.handles if handle.shape == "."):
            assert plot.getViewBox().sceneBoundingRect().contains(plot.pixel_of(handle))
        for curve in plot.curves:
            heights = curve.getData()[1]
            assert heights is None or np.isfinite(heights).all()


def test_the_plots_keep_their_places_whatever_the_numbers(bench: Desk) -> None:
    places = set()
    for family, key, value in (("Normal", "scale", 1e-4), ("VonMises", "concentration", 800.0), ("Beta", "z", 0.5)):
        choose(bench, family)
        bench.state.distribution.set(key, value)
        bench.settle()
        bench.qtbot.wait(50)
        places.add(
            (pane_of(bench).slider.width(), pane_of(bench).curves.pdf.width(), pane_of(bench).curves.pdf.height())
        )
    assert len(places) == 1


def test_another_family_is_not_kept_waiting_by_the_last_one(bench: Desk) -> None:
    pane, bench_state = pane_of(bench), bench.state.workbench
    bench_state.choose("InverseGamma")
    assert "preparing InverseGamma" in pane.legend.text
    # What is still shown is of the last family, and looks like it.
    assert all(plot.getPlotItem().opacity() < 0.5 for plot in pane.curves.plots)
    assert (pane.equation.dimmed, pane.readouts.isEnabled()) == (True, False)
    bench.state.distribution.set("rate", 3.0)
    assert set(bench_state.family.parameters) == {"concentration", "scale"}
    choose(bench, "Gamma")
    assert shown_on(bench).family == GAMMA
    assert "preparing" not in pane.legend.text
    assert all(plot.getPlotItem().opacity() == 1.0 for plot in pane.curves.plots)
    assert (pane.equation.dimmed, pane.readouts.isEnabled()) == (False, True)


def test_what_is_no_number_moves_nothing(bench: Desk) -> None:
    chosen, before = bench.state.workbench, shown_on(bench)
    family, value = chosen.family, chosen.value
    for key in ("z", "eps", "u", "rate"):
        bench.state.distribution.set(key, float("nan"))
        assert (chosen.family, chosen.value) == (family, value)
    bench.settle()
    assert shown_on(bench).place.z == before.place.z
