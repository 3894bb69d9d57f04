"""What a reader makes of a file: one graph, its weights, and the parts of it that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.core.arrays import Floats32
from models.importing.choices import Activation, Blocks, Layout
from models.importing.graph import Graph


@dataclass(frozen=True)
class Parsed:
    """A file: the ``kind`` of it in words, its ``graph`` and the weights by name.

    ``parts`` are models within the model by their names, each with the names of its inputs and outputs. ``remarks`` are
    sentences about what had to be guessed, ``activation`` what is likely still to be applied to the decoder's output.
    ``inferred`` is whether there were weights only, ``layout`` where an image has its channels if it is in a row.
    ``blocks`` is how layers were read that may be residual blocks, None if there are none.
    """

    kind: str
    graph: Graph
    weights: Mapping[str, Floats32]
    parts: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    activation: Activation | None = None
    inferred: bool = False
    layout: Layout | None = None
    blocks: Blocks | None = None
