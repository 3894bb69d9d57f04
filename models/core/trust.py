"""How far a decoded picture can be trusted: whether its latent point lies where the data do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.core.typicality import Typicality, percent

Verdict = Literal["like the data", "in a hole", "outside"]
MEANINGS: dict[Verdict, str] = {
    "like the data": "the posteriors of the images are as dense here as where the data lie",
    "in a hole": "no posterior of an image reaches here, though it is no farther from the centre than the data",
    "outside": "no posterior of an image reaches here, and it is farther from the centre than the data",
}


@dataclass(frozen=True)
class Usual:
    """What is usual of draws of the posteriors of images of the data.

    Attributes
    ----------
    nats : float
        The median over the draws of −log q(z), where q is the aggregate posterior.
    most : float
        The largest of them: a point that is less likely is less likely than all draws.
    norm : float
        The largest |z| of the draws.
    draws : int
        Their number.
    """

    nats: float
    most: float
    norm: float
    draws: int


@dataclass(frozen=True)
class Agreement:
    """The class that most of the ``of`` nearest images have, and how many of them have it."""

    label: int
    count: int
    of: int


@dataclass(frozen=True)
class Trust:
    """What is known of a latent point.

    Attributes
    ----------
    nats : float
        −log q(z) under the exact aggregate posterior q of all images.
    norm : float
        |z|.
    usual : Usual
        What both are for the data.
    typicality : Typicality, optional
        Of |z| under a standard normal prior; None of other priors.
    sigmas : float, optional
        What is encoded of the decoded picture: the root mean square over the dimensions of (z − μ')/σ'. It is about 1
        for a draw of a posterior. None where the model encodes nothing, and of models in a person's own process.
    pixels : float, optional
        The root mean square difference of decode(μ') from decode(z), where white is 1.
    agreement : Agreement, optional
        Of the nearest images, where the data have classes.
    """

    nats: float
    norm: float
    usual: Usual
    typicality: Typicality | None = None
    sigmas: float | None = None
    pixels: float | None = None
    agreement: Agreement | None = None

    @property
    def excess(self) -> float:
        """Nats by which the point is less likely than is usual."""
        return self.nats - self.usual.nats

    @property
    def verdict(self) -> Verdict:
        """The one readable answer."""
        if self.nats <= self.usual.most:
            return "like the data"
        return "outside" if self.norm > self.usual.norm else "in a hole"

    def brief(self, class_name: str = "") -> str:
        """Return verdict and numbers in a line; ``class_name`` is the name of the class that agrees."""
        parts = [self.verdict, f"{self.excess:+.0f} nats"]
        if self.sigmas is not None:
            parts.append(f"{self.sigmas:.2g} σ")
        if self.agreement is not None:
            parts.append(f"{self.agreement.count}/{self.agreement.of} are {class_name or self.agreement.label}")
        return " · ".join(parts)

    def facts(self, class_name: str = "") -> list[str]:
        """Return the numbers, each in a few words; ``class_name`` is the name of the class that agrees."""
        facts = [f"{self.excess:+.1f} nats (at most {self.usual.most - self.usual.nats:+.1f})"]
        if self.sigmas is not None and self.pixels is not None:
            facts.append(f"re-encodes within {self.sigmas:.2g} σ, {self.pixels:.2g} of white")
        if self.agreement is not None:
            name = class_name or str(self.agreement.label)
            facts.append(f"{self.agreement.count} of {self.agreement.of} neighbours are {name}")
        return facts

    def sentences(self) -> list[str]:
        """Return the verdict and what each number means, a line each."""
        usual = self.usual
        lines = [
            f"{self.verdict[:1].upper()}{self.verdict[1:]}: {MEANINGS[self.verdict]}.",
            f"−log q(z) is {self.nats:.1f} nats under the aggregate posterior of all images.",
            f"Of {usual.draws} draws of posteriors its median is {usual.nats:.1f}, its largest value {usual.most:.1f}.",
            f"|z| is {self.norm:.3g}; of the draws the largest is {usual.norm:.3g}.",
        ]
        if self.typicality is not None:
            lines.append(f"Typicality {percent(self.typicality.share)}: {self.typicality.sentence}.")
        if self.sigmas is not None:
            lines.append(
                "Decoded and re-encoded, z changes by this many σ, root mean square over the dimensions (a "
                "draw of a posterior by about 1), and the picture by this share of white."
            )
        return lines
