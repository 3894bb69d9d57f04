"""The typicality of a latent point: how usual its distance from the centre of the prior is."""

from __future__ import annotations

from dataclasses import dataclass

# Between these shares of the prior, a distance is like that of most samples.
USUAL = 0.25


@dataclass(frozen=True)
class Typicality:
    """The shares of a standard normal prior that are ``nearer`` to its centre than a point, and ``farther`` from it.

    Both are given, since each is accurate where it is small.
    """

    nearer: float
    farther: float

    @property
    def share(self) -> float:
        """The two-sided measure: the share of the prior that is at least as unusual, 1 at the median distance."""
        return min(1.0, 2.0 * min(self.nearer, self.farther))

    @property
    def sentence(self) -> str:
        """Say in words where the point lies."""
        rest = min(self.nearer, self.farther)
        if rest >= USUAL:
            return "as far from the centre as most of the prior"
        side = "closer to the centre" if self.nearer < self.farther else "farther from the centre"
        return f"{side} than all {f'but {percent(rest)} ' if rest > 0.0 else ''}of the prior"


def percent(share: float) -> str:
    """Return a share as a percentage of one decimal, or of two digits where that would be 0."""
    return f"{100.0 * share:.1f} %" if share == 0.0 or share >= 0.0005 else f"{100.0 * share:.2g} %"
