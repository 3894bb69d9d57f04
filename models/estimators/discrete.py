"""A discrete choice: E[(b − t)²], b ~ Bernoulli(θ), by REINFORCE and by the Concrete relaxation at temperature τ.

The exact gradient in θ is 1 − 2t. The relaxed b = sigmoid((logit θ + L)/τ), L logistic, is differentiable, but its
mean is that of another function: it is biased, and its sign may be wrong (Maddison, Mnih & Teh 2017).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from models.core.arrays import Floats64
from models.protocol.lab import Discrete, Estimates

GRID = np.linspace(-60.0, 60.0, 6001)
Sampler = Callable[[Discrete, Floats64], Floats64]


def discrete_estimates(problem: Discrete, uniforms: Floats64) -> tuple[float, float, tuple[Estimates, ...]]:
    """Return E[f], its gradient in θ, and the estimates from ``uniforms`` [n] in (0, 1); ValueError if out of range."""
    _check(problem)
    theta, target = problem.theta, problem.target
    value = theta * (1.0 - target) ** 2 + (1.0 - theta) * target**2
    estimates = tuple(_estimates(name, problem, uniforms) for name in SAMPLERS)
    return value, 1.0 - 2.0 * target, estimates


def reinforce(problem: Discrete, uniforms: Floats64, baseline: float = 0.0) -> Floats64:
    """Return (f(b) − baseline)·∂ log P(b)/∂θ [n]."""
    theta = problem.theta
    b = (uniforms < theta).astype(np.float64)
    return np.asarray((np.square(b - problem.target) - baseline) * (b - theta) / (theta * (1.0 - theta)))


def reinforce_with_mean(problem: Discrete, uniforms: Floats64) -> Floats64:
    """Return REINFORCE with the baseline E[f] [n]."""
    theta, target = problem.theta, problem.target
    return reinforce(problem, uniforms, theta * (1.0 - target) ** 2 + (1.0 - theta) * target**2)


def concrete(problem: Discrete, uniforms: Floats64) -> Floats64:
    """Return ∂f(b̃)/∂θ [n] of the relaxed choice b̃."""
    return _relaxed_slope(problem, np.log(uniforms) - np.log1p(-uniforms))


def _relaxed_slope(problem: Discrete, noise: Floats64) -> Floats64:
    """Return ∂f(b̃)/∂θ for logistic ``noise``."""
    theta, tau = problem.theta, problem.temperature
    logit = _logit(theta) + noise
    decay = np.exp(-np.abs(logit) / tau)
    relaxed = np.where(logit > 0.0, 1.0, decay) / (1.0 + decay)
    slope = decay / np.square(1.0 + decay) / (tau * theta * (1.0 - theta))
    return np.asarray(2.0 * (relaxed - problem.target) * slope)


def _logit(theta: float) -> float:
    return float(np.log(theta) - np.log1p(-theta))


SAMPLERS: dict[str, Sampler] = {
    "REINFORCE": reinforce,
    "REINFORCE, mean baseline": reinforce_with_mean,
    "Concrete": concrete,
}


def exact_moments(name: str, problem: Discrete) -> tuple[float, float]:
    """Return mean and variance of one sample: over both outcomes, or for the Concrete over its noise."""
    if name == "Concrete":
        return _concrete_moments(problem)
    both = np.array([0.5 * problem.theta, 0.5 + 0.5 * problem.theta])
    values, weights = SAMPLERS[name](problem, both), np.array([problem.theta, 1.0 - problem.theta])
    mean = float(weights @ values)
    return mean, float(weights @ np.square(values - mean))


def _concrete_moments(problem: Discrete) -> tuple[float, float]:
    """Return mean and variance by the trapezoidal rule over the logistic noise.

    It is as good as exact: nothing changes within less than a unit of the grid's own scale, and both ends decay
    exponentially.
    """
    # At a low temperature all happens within a few τ of where the relaxed choice is even.
    width = min(problem.temperature, 1.0)
    centre = -_logit(problem.theta) if width < 1.0 else 0.0
    noise = centre + width * GRID
    decay = np.exp(-np.abs(noise))
    values = _relaxed_slope(problem, noise)
    weights = width * (GRID[1] - GRID[0]) * decay / np.square(1.0 + decay)
    mean = float(weights @ values)
    return mean, float(weights @ np.square(values)) - mean * mean


def _estimates(name: str, problem: Discrete, uniforms: Floats64) -> Estimates:
    began = time.perf_counter()
    gradients = SAMPLERS[name](problem, uniforms)
    microseconds = 1e6 * (time.perf_counter() - began) / len(uniforms)
    return Estimates(name, "theta", gradients, exact_moments(name, problem)[1], name == "Concrete", microseconds)


def _check(problem: Discrete) -> None:
    if not 0.0 < problem.theta < 1.0:
        raise ValueError(f"θ must lie between 0 and 1, it is {problem.theta}")
    if not np.isfinite(problem.target):
        raise ValueError(f"the target must be finite, it is {problem.target}")
    if not 0.0 < problem.temperature < np.inf:
        raise ValueError(f"the temperature must be finite and positive, it is {problem.temperature}")
