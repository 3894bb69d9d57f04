"""The distributions as a library: earlier public names keep their signatures, and each seed its draws."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np
import pytest

from models import distributions
from tests.support.before import FILES

KNOWN = json.loads((FILES / "distributions.json").read_text(encoding="utf-8"))
NAMES: dict[str, dict[str, Any]] = KNOWN["names"]
DRAWS: dict[str, dict[str, Any]] = KNOWN["draws"]


def signature_of(thing: Any) -> list[list[object]] | None:
    """Return the parameters of a callable: name, kind and default; None for errors and anything not callable."""
    if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, Exception)):
        return None
    return [
        [parameter.name, parameter.kind.name, None if parameter.default is inspect.Parameter.empty else
         [repr(parameter.default)]]
        for parameter in inspect.signature(thing).parameters.values()
    ]  # fmt: skip


def members_of(thing: Any) -> dict[str, list[list[object]] | None]:
    """Return the public members of a class with their signatures; those of an error are Python's."""
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return {}
    return {name: signature_of(getattr(thing, name)) for name in dir(thing) if not name.startswith("_")}


def test_no_public_name_is_gone() -> None:
    assert [name for name in NAMES if name not in distributions.__all__] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_its_signature_and_its_members(name: str) -> None:
    thing, known = getattr(distributions, name), NAMES[name]
    now = signature_of(thing)
    if known["signature"] is None:
        assert now is None
    else:
        assert now is not None
        assert now[: len(known["signature"])] == known["signature"]
        # Added parameters must be optional.
        added = now[len(known["signature"]) :]
        assert [part for part in added if part[2] is None and not str(part[1]).startswith("VAR_")] == []
    found = members_of(thing)
    everywhere = KNOWN["members"] if inspect.isclass(thing) and issubclass(thing, distributions.Distribution) else {}
    for member, signature in (everywhere | known["members"]).items():
        assert member in found, member
        assert found[member] == signature, member


def test_families_have_their_names() -> None:
    assert list(DRAWS) == [name for name in distributions.FAMILIES if name in DRAWS]


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_draws_what_it_drew(name: str) -> None:
    distribution = distributions.FAMILIES[name](**DRAWS[name]["parameters"])
    drawn = distribution.sample(3, seed=7)
    assert drawn.dtype == DRAWS[name]["dtype"]
    np.testing.assert_allclose(drawn.numpy(), DRAWS[name]["sample"], rtol=1e-4)


def test_the_example_of_the_readme_works() -> None:
    from models.distributions import Gamma, Normal, kl_divergence

    q = Gamma(concentration=2.5, rate=1.5)
    z = q.sample(1000, seed=7)
    assert np.isfinite(q.to_noise(z)).all()
    np.testing.assert_allclose(q.cdf(q.quantile(0.9)), 0.9, rtol=1e-5)
    np.testing.assert_allclose(kl_divergence(Normal(0.0, 1.0), Normal(1.0, 2.0)), 0.443147, rtol=1e-5)
