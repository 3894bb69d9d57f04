"""What was understood of other people's models, and what can be said instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Floats32


@dataclass(frozen=True)
class Question:
    """Something that a file leaves open.

    Attributes
    ----------
    name, label : str
        What it is called in answers, and for people.
    taken : str
        What stands now, guessed or answered; empty if nothing does.
    options : tuple of pairs of str
        What can be answered, each with the words for it; none where it is a text.
    """

    name: str
    label: str
    taken: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LayerLine:
    """One operation of an imported network: whose it is, what it does, the shape of what it makes, its parameters."""

    part: str
    operation: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Inspect:
    """Say what is understood of the model at ``path`` with these ``answers``; answered by :class:`Inspected`.

    Without answers, those count that were given when it was opened last. Nothing is opened.
    """

    id: int
    path: str
    answers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Inspected:
    """What is understood of other people's model. Also the answer to :class:`OpenModel` where a person must be asked.

    Attributes
    ----------
    path, name, digest : str
        The file or folder that was named, what the model will be called, and the digest of its files.
    answers : mapping
        The answers that this is about.
    questions : tuple
        What can be answered.
    facts : mapping
        What is understood, by subject.
    layers : tuple
        The operations of encoder and decoder.
    fault : str
        Why it cannot be opened with these answers, in a sentence; empty if it can. Then there are no pictures.
    images : array float32 [n, h, w, c]
        The decoded origin, then draws of the prior.
    originals, reconstructions : array uint8, float32 [k, h, w, c]
        Images of the open data and what the model makes of them; k = 0 where it encodes none.
    without : str
        Why k = 0, in a sentence.
    program : bool
        Whether it is a program that has not been loaded, since nobody has said that it is to be trusted.
    """

    id: int
    path: str
    name: str
    digest: str
    answers: Mapping[str, str]
    questions: tuple[Question, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    layers: tuple[LayerLine, ...] = ()
    fault: str = ""
    images: Floats32 = field(default_factory=lambda: np.zeros((0, 1, 1, 1), np.float32))
    originals: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 1, 1, 1), np.uint8))
    reconstructions: Floats32 = field(default_factory=lambda: np.zeros((0, 1, 1, 1), np.float32))
    without: str = ""
    program: bool = False
