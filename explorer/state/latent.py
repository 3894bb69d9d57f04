"""The points of the latent space: the one place where z, ε, μ and σ change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from models.core.arrays import Vector
from models.core.geometry import noise_of, reparameterize

Hold = Literal["eps", "z"]
Component = Literal["z", "eps", "mu", "sigma"]
SourceKind = Literal["prior", "data", "picture"]
SMALLEST_SIGMA = 1e-4
POINT_NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class PointSource:
    """The origin of a point's posterior: an image of the data set, the user's own picture, or the prior.

    ``index`` counts in the data set of digest ``data``; ``model`` is the digest of the model that encoded the image.
    """

    kind: SourceKind = "prior"
    text: str = "prior"
    index: int | None = None
    image: NDArray[np.uint8] | None = field(default=None, compare=False)
    model: str = ""
    data: str = ""


@dataclass(frozen=True, eq=False)
class Point:
    """A named latent point: a posterior N(μ, diag σ²) and the sample z = μ + σ·ε taken from it, each [d]."""

    name: str
    mu: Vector
    sigma: Vector
    z: Vector
    source: PointSource = PointSource()

    def __post_init__(self) -> None:
        if not len(self.mu) == len(self.sigma) == len(self.z):
            raise ValueError(f"μ, σ and z have {len(self.mu)}, {len(self.sigma)} and {len(self.z)} dimensions")

    @property
    def eps(self) -> Vector:
        """The noise [d] that leads to z: (z − μ)/σ."""
        return noise_of(self.mu, self.sigma, self.z)

    @property
    def untouched(self) -> bool:
        """Whether z is still the posterior mean."""
        return bool(np.array_equal(self.z, self.mu))

    def value(self, component: Component, dim: int) -> float:
        """Return one component in one dimension."""
        vector: Vector = getattr(self, component)
        return float(vector[dim])


@dataclass(frozen=True)
class LatentSnapshot:
    """All points and which of them is current, for undo."""

    points: tuple[Point, ...]
    current: int


def prior_point(name: str, latent_dim: int) -> Point:
    """Return a point at the centre of the standard normal prior."""
    zeros = np.zeros(latent_dim)
    return Point(name, zeros, np.ones(latent_dim), zeros)


class LatentState(QObject):
    """Points A, B, … of which one is current; every setter emits one signal and every gesture is one undo step.

    Signals
    -------
    points_changed
        Points were added, removed or replaced.
    current_changed
        Another point became current.
    moved
        z of the current point changed.
    posterior_changed
        μ or σ of the current point changed (``moved`` follows).
    locks_changed
        Dimensions were locked or unlocked.
    step_done(str, LatentSnapshot, LatentSnapshot)
        A gesture ended: its name, and the points before and after.
    """

    points_changed = Signal()
    current_changed = Signal()
    moved = Signal()
    posterior_changed = Signal()
    locks_changed = Signal()
    hold_changed = Signal()
    step_done = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[Point, ...] = (prior_point("A", 1),)
        self._current = 0
        self._hold: Hold = "eps"
        self._gesture: tuple[str, LatentSnapshot] | None = None
        self._awaiting = self._ending = False
        self.locked = np.zeros(1, bool)

    # ------------------------------------------------------------------------------------------------- reading

    @property
    def points(self) -> tuple[Point, ...]:
        """All points, in the order they were made."""
        return self._points

    @property
    def index(self) -> int:
        """Index of the current point."""
        return self._current

    @property
    def point(self) -> Point:
        """The current point."""
        return self._points[self._current]

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions d."""
        return len(self.point.z)

    @property
    def hold(self) -> Hold:
        """The value that stays when μ or σ moves: the noise ε (the trick) or the sample z."""
        return self._hold

    def snapshot(self) -> LatentSnapshot:
        """Return all points as they are."""
        return LatentSnapshot(self._points, self._current)

    # ------------------------------------------------------------------------------------------------ gestures

    def begin(self, text: str) -> None:
        """Start a gesture that will be one undo step; an open one is closed first."""
        self._awaiting = False
        self.end()
        self._gesture = (text, self.snapshot())

    def end(self) -> None:
        """End the gesture, after an awaited answer has come; nothing is recorded if nothing moved."""
        self._ending = self._awaiting
        if self._awaiting:
            return
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            text, before = gesture
            if before != self.snapshot():
                self.step_done.emit(text, before, self.snapshot())

    def await_answer(self, awaiting: bool) -> None:
        """Record whether the decoder still owes a value that belongs to the gesture, such as z = F⁻¹(u)."""
        self._awaiting = awaiting
        if self._ending and not awaiting:
            self.end()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Make one undo step of the setters called within."""
        self.begin(text)
        try:
            yield
        finally:
            self.end()

    # ------------------------------------------------------------------------------------------------- setters

    def set_hold(self, hold: Hold) -> None:
        """Choose what stays when μ or σ moves."""
        self._hold = hold
        self.hold_changed.emit()

    def set_z(self, z: Vector) -> None:
        """Move the current point to ``z`` [d]; ε follows."""
        self._put(replace(self.point, z=np.array(z, np.float64)))
        self.moved.emit()

    def set_component(self, component: Component, dim: int, value: float) -> None:
        """Set z, ε, μ or σ of the current point in one dimension, by the rules of reparameterization.

        z and ε carry each other; μ and σ carry z with ε held, or ε with z held, as :attr:`hold` says.
        """
        point = self.point
        mu, sigma, z, eps = point.mu.copy(), point.sigma.copy(), point.z.copy(), point.eps
        if component == "z":
            z[dim] = value
        elif component == "eps":
            eps[dim] = value
            z = _only(dim, reparameterize(mu, sigma, eps), z)
        elif component == "mu":
            mu[dim] = value
        else:
            sigma[dim] = max(value, SMALLEST_SIGMA)
        parameter = component in ("mu", "sigma")
        if parameter and self._hold == "eps":
            z = _only(dim, reparameterize(mu, sigma, eps), z)
        self._put(replace(point, mu=mu, sigma=sigma, z=z))
        if parameter:
            self.posterior_changed.emit()
        self.moved.emit()

    def set_posterior(self, mu: Vector, sigma: Vector, source: PointSource, z: Vector | None = None) -> None:
        """Give the current point another posterior; it stands on the mean unless ``z`` is given."""
        mean = np.array(mu, np.float64)
        at = mean if z is None else np.array(z, np.float64)
        self._put(Point(self.point.name, mean, np.array(sigma, np.float64), at, source))
        self.posterior_changed.emit()
        self.moved.emit()

    def set_locked(self, dim: int, locked: bool) -> None:
        """Lock a dimension against randomizing, resetting and dragging on the map."""
        self.locked = self.locked.copy()
        self.locked[dim] = locked
        self.locks_changed.emit()

    def replace_unlocked(self, z: Vector) -> None:
        """Move to ``z`` [d] in all dimensions that are not locked."""
        self.set_z(np.where(self.locked, self.point.z, z))

    # -------------------------------------------------------------------------------------------------- points

    def set_current(self, index: int) -> None:
        """Make another point current."""
        if index != self._current:
            self._current = index
            self.current_changed.emit()

    def add_point(self) -> None:
        """Add a copy of the current point under the next free name and make it current."""
        taken = {point.name for point in self._points}
        name = next((letter for letter in POINT_NAMES if letter not in taken), None)
        if name is None:
            return
        with self.step(f"Add point {name}"):
            self._points = (*self._points, replace(self.point, name=name))
            self._current = len(self._points) - 1
            self.points_changed.emit()

    def remove_point(self) -> None:
        """Remove the current point; the last one stays."""
        if len(self._points) == 1:
            return
        with self.step(f"Remove point {self.point.name}"):
            self._points = tuple(p for p in self._points if p is not self.point)
            self._current = max(0, self._current - 1)
            self.points_changed.emit()

    def replace_points(self, points: tuple[Point, ...], current: int) -> None:
        """Replace all points, for a new model, a session or undo; locks are dropped if d changes."""
        self._points, self._current = points, current
        if len(self.locked) != self.latent_dim:
            self.locked = np.zeros(self.latent_dim, bool)
            self.locks_changed.emit()
        self.points_changed.emit()

    def _put(self, point: Point) -> None:
        points = list(self._points)
        points[self._current] = point
        self._points = tuple(points)


def _only(dim: int, new: Vector, old: Vector) -> Vector:
    """Return ``old`` with one entry taken from ``new``: the others stay bit for bit."""
    mixed = old.copy()
    mixed[dim] = new[dim]
    return mixed
