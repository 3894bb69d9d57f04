"""The points of the latent space: the one place where z, ε, μ and σ change."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from explorer.state.gestures import Gestures
from models.core.arrays import Vector
from models.core.geometry import dimension_name, noise_of, reparameterize
from models.core.numbers import LARGEST_NUMBER

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
    """A named latent point: a posterior N(μ, diag σ²) and the sample z = μ + σ·ε taken from it, each [d].

    ValueError if the vectors differ in length, or hold what no model could decode: see :func:`fault_of`.
    """

    name: str
    mu: Vector
    sigma: Vector
    z: Vector
    source: PointSource = PointSource()

    def __post_init__(self) -> None:
        fault = fault_of(self.mu, self.sigma, self.z)
        if fault:
            raise ValueError(fault)

    @property
    def eps(self) -> Vector:
        """The noise [d] that leads to z: (z − μ)/σ."""
        return noise_of(self.mu, self.sigma, self.z)

    @property
    def untouched(self) -> bool:
        """Whether z is still the posterior mean."""
        return bool(np.array_equal(self.z, self.mu))

    def with_posterior(self, mu: Vector, sigma: Vector, source: PointSource, locked: NDArray[np.bool_]) -> Point:
        """Return the point with another posterior: it stays where it was moved to, else follows the mean.

        Dimensions that are ``locked`` [d] stay in any case.
        """
        mean, follows = np.array(mu, np.float64), np.array_equal(self.z[~locked], self.mu[~locked])
        z = np.where(locked, self.z, mean) if follows else self.z
        return replace(self, mu=mean, sigma=np.array(sigma, np.float64), z=z, source=source)

    def value(self, component: Component, dim: int) -> float:
        """Return one component in one dimension."""
        vector: Vector = getattr(self, component)
        return float(vector[dim])


def fault_of(mu: Vector, sigma: Vector, z: Vector) -> str:
    """Return what is wrong with a point as a clause; nothing is wrong with an empty one."""
    if not len(mu) == len(sigma) == len(z):
        return f"μ, σ and z have {len(mu)}, {len(sigma)} and {len(z)} dimensions"
    if not (np.abs([mu, z]) <= LARGEST_NUMBER).all():
        return f"μ or z lies beyond ±{LARGEST_NUMBER:,.0f}, or is not a number"
    if not ((sigma > 0.0) & (sigma <= LARGEST_NUMBER)).all():
        return f"σ does not lie between 0 and {LARGEST_NUMBER:,.0f}"
    return ""


@dataclass(frozen=True)
class LatentSnapshot:
    """All points, which of them is current, and which dimensions are locked."""

    points: tuple[Point, ...]
    current: int
    locked: tuple[int, ...] = ()


def prior_point(name: str, latent_dim: int) -> Point:
    """Return a point at the centre of the standard normal prior."""
    zeros = np.zeros(latent_dim)
    return Point(name, zeros, np.ones(latent_dim), zeros)


class LatentState(Gestures):
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
    refused(int)
        A locked dimension was to be moved, for the first time in this gesture.
    """

    points_changed = Signal()
    current_changed = Signal()
    moved = Signal()
    posterior_changed = Signal()
    locks_changed = Signal()
    hold_changed = Signal()
    refused = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._points: tuple[Point, ...] = (prior_point("A", 1),)
        self._current = 0
        self._hold: Hold = "eps"
        self._refused = False
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

    # ------------------------------------------------------------------------------------------------ gestures

    def snapshot(self) -> LatentSnapshot:
        """Return all points and locks as they are."""
        return LatentSnapshot(self._points, self._current, tuple(np.flatnonzero(self.locked).tolist()))

    def restore(self, snapshot: LatentSnapshot) -> None:
        """Return to points and locks as they were."""
        locked = np.zeros(len(snapshot.points[0].z), bool)
        locked[list(snapshot.locked)] = True
        self._points, self._current = snapshot.points, snapshot.current
        if not np.array_equal(locked, self.locked):
            self.locked = locked
            self.locks_changed.emit()
        self.points_changed.emit()

    def begin(self, text: str) -> None:
        """Start a gesture that will be one undo step; an open one is closed first."""
        self._refused = False
        super().begin(text)

    def refuse(self, dim: int) -> None:
        """Say, once in a gesture, that a lock holds a dimension."""
        if self._gesture is None or not self._refused:
            self._refused = True
            self.refused.emit(dim)

    # ------------------------------------------------------------------------------------------------- setters

    def set_hold(self, hold: Hold) -> None:
        """Choose what stays when μ or σ moves."""
        self._hold = hold
        self.hold_changed.emit()

    def set_z(self, z: Vector) -> None:
        """Move the current point to ``z`` [d] in all dimensions that are not locked; ε follows."""
        self._put(replace(self.point, z=self._held(z)))
        self.moved.emit()

    def _held(self, z: Vector) -> Vector:
        """Return ``z`` [d] as a point may have it: with the locked dimensions as they are."""
        kept: Vector = np.where(self.locked, self.point.z, np.clip(z, -LARGEST_NUMBER, LARGEST_NUMBER))
        return kept

    def set_component(self, component: Component, dim: int, value: float) -> None:
        """Set z, ε, μ or σ of the current point in one dimension, by the rules of reparameterization.

        z and ε carry each other; μ and σ carry z with ε held, or ε with z held, as :attr:`hold` says. z of a locked
        dimension is held in any case; NaN is ignored.
        """
        locked = bool(self.locked[dim])
        if math.isnan(value):
            return
        if locked and component in ("z", "eps"):
            self.refuse(dim)
            return
        point, value = self.point, min(max(value, -LARGEST_NUMBER), LARGEST_NUMBER)
        mu, sigma, z, eps = point.mu.copy(), point.sigma.copy(), point.z.copy(), point.eps
        if component == "z":
            z[dim] = value
        elif component == "eps":
            eps[dim] = value
        elif component == "mu":
            mu[dim] = value
        else:
            sigma[dim] = max(value, SMALLEST_SIGMA)
        parameter = component in ("mu", "sigma")
        if component == "eps" or (parameter and self._hold == "eps" and not locked):
            z = _only(dim, np.clip(reparameterize(mu, sigma, eps), -LARGEST_NUMBER, LARGEST_NUMBER), z)
        self._put(replace(point, mu=mu, sigma=sigma, z=z))
        if parameter:
            self.posterior_changed.emit()
        self.moved.emit()

    def set_posterior(self, mu: Vector, sigma: Vector, source: PointSource, z: Vector | None = None) -> None:
        """Give the current point another posterior; it stands on the mean unless ``z`` is given.

        Locked dimensions stay where they are.
        """
        mean = np.array(mu, np.float64)
        at = self._held(mean if z is None else z)
        self._put(Point(self.point.name, mean, np.array(sigma, np.float64), at, source))
        self.posterior_changed.emit()
        self.moved.emit()

    def set_locked(self, dim: int, locked: bool) -> None:
        """Lock z of a dimension, or unlock it: whatever moves the point leaves a locked dimension where it is."""
        with self.part(f"{'Lock' if locked else 'Unlock'} {dimension_name(dim)}"):
            self.locked = self.locked.copy()
            self.locked[dim] = locked
        self.locks_changed.emit()

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
        """Replace all points, for a new model or posterior; locks are dropped if d changes."""
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
