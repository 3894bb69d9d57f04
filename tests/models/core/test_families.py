"""The table of families: every column filled, and in agreement with the classes where both say something."""

from __future__ import annotations

from dataclasses import MISSING, fields

import numpy as np
import pytest

from models.core.families import FACTS, LATENT_FAMILIES, Facts, lab_family, usual_family, with_parameter
from models.distributions import FAMILIES, distribution_of
from models.distributions.discrete import Discrete
from models.distributions.location_scale import LocationScale
from tests.models.distributions.cases import CASES, CONTINUOUS
from tests.models.distributions.test_discrete import FAMILIES as DISCRETE


def test_every_family_has_a_row_and_a_case_of_the_battery() -> None:
    assert set(FACTS) == set(FAMILIES)
    assert {case.family for case in CASES} == set(CONTINUOUS)
    assert {name for name, row in FACTS.items() if row.whole} == set(DISCRETE)


def test_a_row_fills_every_column() -> None:
    assert [column.name for column in fields(Facts) if column.default is not MISSING] == []
    for row in FACTS.values():
        assert row.parameters
        assert row.tracing > 0.0
        assert set(row.lab) <= {parameter.name for parameter in row.parameters}
        for parameter in row.parameters:
            assert parameter.least <= parameter.slider[0] < parameter.slider[1] <= parameter.most
            assert parameter.least <= parameter.usual <= parameter.most
            # Only of a component is the place where it is dragged no quantile.
            assert (parameter.grip is None) == (row.modes > 1 and parameter.name[-1] in "12")


@pytest.mark.parametrize("name", FACTS)
def test_a_row_agrees_with_its_class(name: str) -> None:
    row, kind = FACTS[name], FAMILIES[name]
    assert [parameter.name for parameter in row.parameters] == list(kind.domains)
    positive = [domain not in ("real", "bound") for domain in kind.domains.values()]
    assert [parameter.positive for parameter in row.parameters] == positive
    assert row.straight == issubclass(kind, LocationScale)
    assert row.whole == issubclass(kind, Discrete) == (kind.reparameterization_type == "none")
    assert [parameter.whole for parameter in row.parameters] == [domain == "count" for domain in kind.domains.values()]
    roles = {parameter.role: parameter.name for parameter in row.parameters}
    assert kind.ordered == (None if "low" not in roles else (roles["low"], roles["high"]))
    ends = distribution_of(usual_family(name)).quantile(np.array([0.0, 1.0])).numpy()
    assert tuple(ends) == usual_family(name).support


@pytest.mark.parametrize("name", FACTS)
def test_what_is_said_to_move_the_support_does(name: str) -> None:
    family, moving = usual_family(name), []
    for parameter in FACTS[name].parameters:
        moved = with_parameter(family, parameter.name, parameter.usual + (1.0 if parameter.whole else 0.25))
        before, after = (distribution_of(one).quantile(np.array([0.0, 1.0])).numpy() for one in (family, moved))
        if not np.array_equal(before, after):
            moving.append(parameter.name)
    assert tuple(moving) == FACTS[name].moving


def test_latent_families_are_those_with_a_variance() -> None:
    assert [name for name, row in FACTS.items() if row.latent is not None] == list(LATENT_FAMILIES)


def test_the_lab_begins_where_a_gradient_is_not_0() -> None:
    assert lab_family("Normal").parameters == {"loc": 1.0, "scale": 1.0}
    assert lab_family("Gamma") == usual_family("Gamma")


def test_a_whole_parameter_is_rounded() -> None:
    assert with_parameter(usual_family("Binomial"), "total_count", 7.6).parameters["total_count"] == 8.0
    assert with_parameter(usual_family("Binomial"), "total_count", -3.0).parameters["total_count"] == 1.0
