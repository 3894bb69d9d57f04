"""The summary of codes: what of many dimensions is sought in passes is what their covariance tells."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.steps import finished
from models.vae import posterior
from models.vae.latent_space import Divergence, LatentSpace
from models.vae.posterior import Posteriors, summarize


@pytest.mark.parametrize("count", [40, 700])
def test_axes_of_many_dimensions_are_those_of_the_covariance(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, dims = np.random.default_rng(3), 80
    turned = np.linalg.qr(rng.standard_normal((dims, dims)))[0]
    mu = rng.standard_normal((count, dims)) * 3.0 * 0.8 ** np.arange(dims) @ turned + 5.0
    codes = Posteriors(mu.astype(np.float32), np.ones((count, dims), np.float32))
    exact = finished(summarize(codes, Divergence(LatentSpace())))
    monkeypatch.setattr(posterior, "WHOLE_COVARIANCE", 16)
    sought = finished(summarize(codes, Divergence(LatentSpace())))
    np.testing.assert_allclose(sought.principal, exact.principal, atol=1e-4)
    np.testing.assert_allclose(sought.explained, exact.explained, rtol=1e-5)
    for name in ("kl", "mean", "low", "high"):
        np.testing.assert_allclose(getattr(sought, name), getattr(exact, name), rtol=1e-9)
    np.testing.assert_array_equal(sought.active, exact.active)
    np.testing.assert_array_equal(sought.counts, exact.counts)


def test_codes_that_are_all_the_same_have_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posterior, "WHOLE_COVARIANCE", 16)
    codes = Posteriors(np.ones((5, 40), np.float32), np.ones((5, 40), np.float32))
    found = finished(summarize(codes, Divergence(LatentSpace())))
    np.testing.assert_allclose(found.principal @ found.principal.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found.explained, 0.0, atol=1e-9)
