"""What may be asked for of a walk through a latent space; standard library only, for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from models.core.errors import UserError

WalkKind = Literal["line", "slerp", "data", "geodesic", "spline", "noise"]
WALK_KINDS: tuple[WalkKind, ...] = get_args(WalkKind)
Spacing = Literal["z", "picture"]
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)
Play = Literal["loop", "ping-pong", "once"]
PLAYS: tuple[Play, ...] = get_args(Play)
# These come back to where they began by themselves.
LOOPS: tuple[WalkKind, ...] = ("spline", "noise")
MOST_FRAMES, MOST_NEIGHBOURS, MOST_KEYS = 2000, 32, 100
MOST_OFF_DATA, MOST_RADIUS = 1000.0, 100.0
# Of an animation: frames per second, and pixels of the file for each pixel of a frame.
MOST_RATE, MOST_ZOOM = 100, 64
# So many frames are decoded together, the same in every process: the bits depend on it.
TILE_FRAMES = 64


@dataclass(frozen=True)
class WalkSettings:
    """How a walk leads from key point to key point; :class:`UserError` if a number is out of range.

    Attributes
    ----------
    kind : str
        ``line`` and ``slerp`` go straight and along the sphere; ``data`` from image to image; ``geodesic`` where the
        picture changes least; ``spline`` is a smooth loop through the key points and ``noise`` a random one around
        their mean.
    frames : int
        How many points the walk has.
    spacing : str
        Whether the steps are equal in ``z``, or in the ``picture`` by the Euclidean distance of its pixels.
    closed : bool
        Whether the walk returns to the first key point; loops always do.
    off_data : float
        Of geodesics: how much more a change of the picture costs away from the data, by the squared distance to the
        nearest posterior in units of its σ, averaged over the dimensions. 0 is the metric of the decoder alone.
    neighbours : int
        Of ``data``: to how many nearest images a step may lead.
    radius, seed : float, int
        Of ``noise``: the standard deviation of the loop in every dimension, and what decides it.
    """

    kind: WalkKind = "line"
    frames: int = 60
    spacing: Spacing = "z"
    closed: bool = False
    off_data: float = 0.0
    neighbours: int = 10
    radius: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("kind", self.kind, WALK_KINDS), ("spacing", self.spacing, SPACINGS)):
            if value not in known:
                raise UserError(f"the {name} of the walk", f"{value!r} is not one of {', '.join(known)}")
        for name, low, number, high in (
            ("frames", 2, self.frames, MOST_FRAMES),
            ("neighbours", 1, self.neighbours, MOST_NEIGHBOURS),
            ("off-data cost", 0.0, self.off_data, MOST_OFF_DATA),
            ("radius", 0.0, self.radius, MOST_RADIUS),
            ("seed", 0, self.seed, 2**63 - 1),
        ):
            whole = isinstance(low, int)
            if not low <= number <= high or (whole and not isinstance(number, int)):
                kind = "is a whole number" if whole else "lies"
                raise UserError(f"the {name} of the walk", f"it {kind} between {low} and {high}, not {number}")

    @property
    def returns(self) -> bool:
        """Whether the last frame leads back to the first."""
        return self.closed or self.kind in LOOPS

    @property
    def needs_data(self) -> bool:
        """Whether the images of a data set must be encoded for it."""
        return self.kind == "data" or (self.kind == "geodesic" and self.off_data > 0.0)

    @property
    def fewest_keys(self) -> int:
        """How many key points it takes."""
        return 1 if self.kind == "noise" else 2
