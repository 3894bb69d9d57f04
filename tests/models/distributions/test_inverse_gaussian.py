"""The inverse Gaussian distribution where nearly all of its mass lies beside 0."""

from __future__ import annotations

import numpy as np
import pytest

from models.distributions import InverseGaussian


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_beside_0_there_is_nothing(dtype: type) -> None:
    q = InverseGaussian(dtype(1.5), dtype(1e-4))
    z = np.array([np.finfo(dtype).tiny, 1e-30], dtype)
    assert (q.cdf(z).numpy() == 0.0).all()
    assert (q.survival_function(z).numpy() == 1.0).all()
    assert (q.log_cdf(z).numpy() < -1e20).all()
    assert (q.prob(z).numpy() == 0.0).all()
