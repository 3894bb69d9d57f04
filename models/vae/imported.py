"""A model of other people as an architecture: two graphs in place of the layers that are trained here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from models.core.settings import TrainSettings
from models.importing.graph import Graph, Node, graph_from_json, graph_to_json
from models.importing.operations import RANDOM, Shape
from models.importing.understanding import Understood
from models.vae.architecture import LOG_VARIANCE, Architecture

Output = Literal["logits", "image"]

# Of a conditional model: its class, one-hot.
LABELS = ("decoder/label", "encoder/label")
CONVOLUTIONS = ("conv", "conv_transpose")

NOTHING = Graph((), (), (), ())


@dataclass(frozen=True)
class ImportedArchitecture(Architecture):
    """A VAE whose encoder, if it has one, and decoder are graphs; there are no hidden layers to be named.

    The encoder makes μ and σ [1, d] of an image [1, h, w, c] in 0–1. The decoder makes of z [1, d] the logits of the
    image, or the image itself: ``output`` says which.
    """

    encoder: Graph | None = None
    decoder: Graph = NOTHING
    output: Output = "logits"

    def __post_init__(self) -> None:
        """Raise a ValueError for graphs that do not take and make what they should."""
        super().__post_init__()
        image, latent = (1, *self.image_shape), (1, self.latent_dim)
        _check_ends(self.decoder, latent, [image])
        if self.encoder is not None:
            _check_ends(self.encoder, image, [latent, latent])
        if self.output not in ("logits", "image"):
            raise ValueError("the output of its decoder is neither logits nor an image")

    @property
    def has_encoder(self) -> bool:
        """Whether images can be encoded."""
        return self.encoder is not None

    @property
    def dense(self) -> bool:
        """Whether there are no convolutions."""
        return not any(node.operation in CONVOLUTIONS for graph in self._graphs.values() for node in graph.nodes)

    @property
    def frozen(self) -> frozenset[str]:
        """The parameters that training leaves alone: the class of a conditional model, and constants of one number."""
        single = {name for name, shape in self.shapes().items() if math.prod(shape) == 1 and name != LOG_VARIANCE}
        return frozenset(single | set(LABELS))

    @property
    def _graphs(self) -> dict[str, Graph]:
        encoder = {} if self.encoder is None else {"encoder": self.encoder}
        return encoder | {"decoder": self.decoder}

    def multiply_adds(self) -> dict[str, int]:
        """Return the multiply-adds of each matrix product and convolution for one image, by part and name."""
        work: dict[str, int] = {}
        for part, graph in self._graphs.items():
            shapes, weights = graph.shapes(), dict(graph.weights)
            for node in graph.nodes:
                if node.operation in ("dense", *CONVOLUTIONS) and node.inputs[1] in weights:
                    grid = shapes[node.inputs[0] if node.operation == "conv_transpose" else node.name]
                    work[f"{part}.{node.name}"] = math.prod(weights[node.inputs[1]]) * _places(node, grid)
        return work

    @property
    def widest(self) -> int:
        """The most values that an image has on its way through the network, in any one value."""
        return max(self.decoder.widest, self.encoder.widest if self.encoder else 1)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every parameter by name."""
        shapes = dict(self.encoder.weights if self.encoder else ()) | dict(self.decoder.weights)
        return shapes | {LOG_VARIANCE: ()} if self.likelihood == "gaussian" else shapes


def _places(node: Node, grid: Shape) -> int:
    """Return at how many places of a ``grid`` [1, …] the weights of an operation are applied."""
    if node.operation == "dense":
        return math.prod(grid[1:-1])
    return math.prod(grid[1:3] if node.options["layout"] == "last" else grid[2:4])


def _check_ends(graph: Graph, taken: Shape, made: list[Shape]) -> None:
    shapes = graph.shapes()
    if any(node.operation in RANDOM for node in graph.nodes):
        raise ValueError("a graph draws at random")
    if [shape for _, shape in graph.inputs] != [taken] or [shapes[name] for name in graph.outputs] != made:
        raise ValueError("a graph does not take and make what its model does")


def imported_architecture(understood: Understood) -> tuple[ImportedArchitecture, TrainSettings]:
    """Return the architecture of a model that was understood, and settings that say as much; ValueError out of bounds.

    What has logits is taken for Bernoulli, an image without for Gaussian.
    """
    output = cast("Output", understood.output)
    settings = TrainSettings(
        hidden=(), latent_dim=understood.latent_dim, likelihood="bernoulli" if output == "logits" else "gaussian"
    )
    return _architecture(settings, understood.image_shape, understood.encoder, understood.decoder, output), settings


def _architecture(
    settings: TrainSettings, shape: tuple[int, int, int], encoder: Graph | None, decoder: Graph, output: Output
) -> ImportedArchitecture:
    return ImportedArchitecture(
        shape, settings.hidden, settings.latent_dim, settings.likelihood, settings.posterior, settings.prior,
        encoder=encoder, decoder=decoder, output=output,
    )  # fmt: skip


def graphs_to_json(architecture: ImportedArchitecture) -> dict[str, object]:
    """Return the graphs as plain JSON values."""
    encoder = None if architecture.encoder is None else graph_to_json(architecture.encoder)
    return {"encoder": encoder, "decoder": graph_to_json(architecture.decoder), "output": architecture.output}


def architecture_from_json(
    value: Mapping[str, object], settings: TrainSettings, image_shape: tuple[int, int, int]
) -> ImportedArchitecture:
    """Rebuild the architecture from :func:`graphs_to_json`; ValueError says what is wrong with it."""
    encoder = None if value["encoder"] is None else graph_from_json(value["encoder"])
    decoder, output = graph_from_json(value["decoder"]), cast("Output", value["output"])
    return _architecture(replace(settings, hidden=()), image_shape, encoder, decoder, output)
