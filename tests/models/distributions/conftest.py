"""TensorFlow Probability where it is installed (the extra ``oracle``): an oracle for tests, not for the program."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tfp() -> Any:
    """Return the package; skip without it. It is imported here, when a test needs it, because that takes seconds."""
    if not all(find_spec(name) for name in ("tensorflow_probability", "tf_keras")):
        pytest.skip("TensorFlow Probability is not installed: pip install -e '.[oracle,test]'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks its own lazy modules for their versions by deprecated means
        import tensorflow_probability

        assert tensorflow_probability.distributions.Normal(0.0, 1.0).name  # the lazy modules are loaded now
    return tensorflow_probability
