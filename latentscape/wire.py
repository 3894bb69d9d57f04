"""What passes between a person's process, the window and its decoder: frozen dataclasses, NumPy only.

The person's process listens; the window and its decoder each connect and send :class:`Join`, which is answered by
:class:`Description`. The decoder asks for images and codes. The window tells which points there are and is told what to
do; it tells nothing new before what it told last was :class:`Seen`, so that it never waits for a process that is
stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# To be raised with every change of a message.
WIRE_VERSION = 1

# What a person may say of a model, in the words of the program.
PRIORS = ("Normal", "Laplace", "Logistic", "StudentT")
LIKELIHOODS = ("bernoulli", "continuous_bernoulli", "gaussian")

Floats = NDArray[np.float32]
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Join:
    """First message of whoever connects; answered by :class:`Description`."""

    version: int
    role: Literal["window", "decoder"]


@dataclass(frozen=True)
class Description:
    """The model of a person's process; ``digest`` tells it from all others.

    ``encodes`` says whether there are codes of images, and ``data`` is the ``.npz`` file of the images, if there are
    any; ``label_names`` are the names of the classes 0, 1, …, where they have names. ``prior`` and ``likelihood`` are
    as the person gave them.
    """

    title: str
    digest: str
    latent_dim: int
    image_shape: tuple[int, int, int]
    encodes: bool
    prior: str
    likelihood: str | None
    data: str = ""
    label_names: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------------ the decoder


@dataclass(frozen=True)
class AskImages:
    """Decode latents ``z`` [n, d]; answered by :class:`Images`."""

    id: int
    z: Floats


@dataclass(frozen=True)
class Images:
    """Images [n, h, w, c] in 0–1, and the seconds that the person's function took."""

    id: int
    images: Floats
    seconds: float


@dataclass(frozen=True)
class AskCodes:
    """Encode uint8 ``images`` [n, h, w, c] from elsewhere; answered by :class:`Codes`."""

    id: int
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class AskCodesOfRows:
    """Encode the person's own images ``start`` to ``stop`` (not included); answered by :class:`Codes`."""

    id: int
    start: int
    stop: int


@dataclass(frozen=True)
class Codes:
    """Means and standard deviations [n, d] of images; None where the person's function gives means alone."""

    id: int
    mu: Floats
    sigma: Floats | None


@dataclass(frozen=True)
class Refusal:
    """A question that a person's function could not answer, and why in a sentence."""

    id: int
    message: str


Ask = AskImages | AskCodes | AskCodesOfRows
Answer = Images | Codes | Refusal


# ------------------------------------------------------------------------------------------------------- the window


@dataclass(frozen=True)
class Shown:
    """The window is there."""


@dataclass(frozen=True)
class Points:
    """The points of the window, of which ``current`` is one: their names, and where they lie [k, d]."""

    names: tuple[str, ...]
    z: NDArray[np.float64]
    current: int


@dataclass(frozen=True)
class Seen:
    """Answer to :class:`Points`: the window may tell of newer ones."""


@dataclass(frozen=True)
class Remark:
    """Show a notification, and write ``details`` to the log."""

    level: Level
    text: str
    details: str = ""


@dataclass(frozen=True)
class Move:
    """Move the current point to ``z`` [d]."""

    z: NDArray[np.float64]


@dataclass(frozen=True)
class Select:
    """Make a point current, by its name, or give the current one the code of an image, by its number."""

    which: str | int


@dataclass(frozen=True)
class TakeSnapshot:
    """Write a picture of the window to a PNG file; answered by :class:`Done`."""

    path: str


@dataclass(frozen=True)
class Done:
    """What was asked last of the window is done; ``fault`` says why not, if it could not be."""

    fault: str = ""


@dataclass(frozen=True)
class Close:
    """Close the window."""


ToWindow = Description | Seen | Remark | Move | Select | TakeSnapshot | Close
FromWindow = Join | Shown | Points | Done


def error_line(error: BaseException) -> str:
    """Return an exception as one line, such as ``ValueError: too many values``."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
