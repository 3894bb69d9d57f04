"""A model of other people as an architecture: two graphs in place of the layers that are trained here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from models.core.settings import TrainSettings
from models.importing.graph import Graph, graph_from_json, graph_to_json
from models.importing.operations import RANDOM, Shape
from models.importing.understanding import Understood
from models.vae.architecture import LOG_VARIANCE, Architecture

Output = Literal["logits", "image"]

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
    def widest(self) -> int:
        """The most values that an image has on its way through the network, in any one value."""
        return max(self.decoder.widest, self.encoder.widest if self.encoder else 1)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every parameter by name."""
        shapes = dict(self.encoder.weights if self.encoder else ()) | dict(self.decoder.weights)
        return shapes | {LOG_VARIANCE: ()} if self.likelihood == "gaussian" else shapes


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
