"""Sort layers of which there are only names and weights: into an encoder, its mean and spread, and a decoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.importing.moments import SPREAD_WORDS
from models.importing.refusal import RefusedError
from models.importing.weights_names import WeightLayer
from models.importing.weights_order import in_order

MEAN = re.compile(
    r"(^|[._])(enc(oder)?_?|en_?|q_?)?(fc_?|linear_?|lin_?|dense_?|hidden2|conv_?|to_?|W_?)?(mu|means?|z_?mean|loc|embedding)"
    r"(\d*|_?layer|_?linear|_?fc|_?head|_?z|\.\d+)?$|fc\d1$",
    re.IGNORECASE,
)
SPREAD = re.compile(rf"{SPREAD_WORDS.pattern}|fc\d2$", re.IGNORECASE)
DECODER = re.compile(r"(^|[._])(dec|gen|generator|deconv|px|t_?conv|conv_?t)", re.IGNORECASE)
# What is trained beside a VAE.
ASIDE = re.compile(
    r"(^|[._])(classifier|class_head|clf|disc(riminator)?s?|critic|predictor|regressor|perceptual\w*|vgg\d*|lpips|loss\w*)"
    r"\d*([._]|$)",
    re.IGNORECASE,
)
ENCODER = re.compile(r"(^|[._])(enc|qz)", re.IGNORECASE)


@dataclass(frozen=True)
class Parts:
    """The layers of an encoder up to the moments, those of mean and spread, and those of a decoder, in order."""

    encoder: Sequence[WeightLayer]
    moments: Sequence[WeightLayer]
    decoder: Sequence[WeightLayer]

    @property
    def latent(self) -> int:
        """The size of the mean, 0 if there is none of its own in a row."""
        dense = len(self.moments) > 1 and self.moments[0].kind == "dense"
        return self.moments[0].shape[0] if dense else 0

    @property
    def pixels(self) -> int:
        """How many pixels a decoder makes in a row, 0 if it makes an image or there is none."""
        last = next((layer for layer in reversed(self.decoder) if layer.kind in ("dense", "conv")), None)
        return last.shape[0] if last is not None and last.kind == "dense" else 0


def sorted_parts(layers: Sequence[WeightLayer]) -> Parts:
    """Sort layers; :class:`RefusedError` if nothing looks like an encoder or a decoder."""
    kept = [layer for layer in layers if not ASIDE.search(layer.name)]
    parts = _parts(_by_number(kept or layers))
    return Parts(in_order(parts.encoder), parts.moments, _without_spread(in_order(parts.decoder)))


def _without_spread(decoder: Sequence[WeightLayer]) -> Sequence[WeightLayer]:
    """Leave out the second of two layers that both end a decoder: the spread of the pixels beside their mean."""
    if len(decoder) < 2 or decoder[-1].kind not in ("dense", "conv"):
        return decoder
    last, before = decoder[-1], decoder[-2]
    twice = last.shape == before.shape and last.shape[0] != last.shape[1]
    return decoder[:-1] if twice and SPREAD.search(last.name) else decoder


def _by_number(layers: Sequence[WeightLayer]) -> Sequence[WeightLayer]:
    """Return layers that a file has sorted by their names so that the tenth of a Sequential comes after the second."""
    words = [layer.name.split(".") for layer in layers]
    if words != sorted(words):
        return layers
    return sorted(
        layers, key=lambda layer: [word.zfill(9) if word.isdecimal() else word for word in layer.name.split(".")]
    )


def _parts(layers: Sequence[WeightLayer]) -> Parts:
    deep = [layer for layer in layers if layer.kind in ("dense", "conv")]
    if not deep:
        raise RefusedError("its weights are not those of a network")
    moments = _moments(deep)
    if moments:
        last = max(layers.index(layer) for layer in moments)
        after = [layer for layer in layers[last + 1 :] if not ENCODER.search(layer.name)]
        named = _from_decoder([layer for layer in layers if layer not in moments])
        # What stands between the moments and a decoder leads to it, whatever it is called.
        decoder = [layer for layer in layers if layer in after or layer in named]
        encoder = [layer for layer in layers if layer not in decoder and layer not in moments]
        return Parts(encoder, moments, decoder)
    decoder = _from_decoder(layers)
    encoder = [layer for layer in layers if ENCODER.search(layer.name) and layer not in decoder]
    if decoder and not encoder:
        encoder = [layer for layer in layers if layer not in decoder]
    if encoder or decoder:
        narrow = _narrowest(encoder, decoder)
        return Parts(encoder[:narrow], encoder[narrow : narrow + 1], [*encoder[narrow + 1 :], *decoder])
    return _without_names(layers)


def _narrowest(encoder: Sequence[WeightLayer], decoder: Sequence[WeightLayer]) -> int:
    """Return the place of the layer that makes the latent: the last, unless dense layers that widen lead to a grid."""
    place = len(encoder) - 1
    if decoder and decoder[0].kind == "conv":
        while place > 0 and encoder[place].kind == encoder[place - 1].kind == "dense" and _widens(encoder[place]):
            place -= 1
    return place


def _widens(layer: WeightLayer) -> bool:
    return layer.shape[0] > layer.shape[1]


def _from_decoder(layers: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return the first layer that is named after a decoder and what follows, but what is named after an encoder."""
    first = next((index for index, layer in enumerate(layers) if DECODER.search(layer.name)), len(layers))
    return [layer for layer in layers[first:] if not ENCODER.search(layer.name)]


def _without_names(layers: Sequence[WeightLayer]) -> Parts:
    """Sort layers whose names say nothing: a decoder widens from its latent, an encoder ends in one.

    An autoencoder is cut behind the narrowest layer.
    """
    first, last = layers[0], layers[-1]
    taken, made = first.shape[1], last.shape[0]
    dense = [layer for layer in layers if layer.kind == "dense"]
    through = taken == made if first.kind == "dense" else any(_widens(layer) for layer in dense)
    if through and len(dense) > 1 and (first.kind, last.kind) != ("dense", "conv"):
        place = layers.index(min(dense[:-1], key=lambda layer: layer.shape[0]))
        return Parts(layers[:place], layers[place : place + 1], layers[place + 1 :])
    widening = last.kind == first.kind and taken < made
    return Parts((), (), layers) if widening or last.kind == "conv" else Parts(layers[:-1], layers[-1:], ())


def _moments(deep: Sequence[WeightLayer]) -> list[WeightLayer]:
    """Return the layers of mean and spread: by name, else two neighbours of one shape that do not fit on each other."""
    means = [layer for layer in deep if MEAN.search(layer.name) and not SPREAD.search(layer.name)]
    for mean in means:
        same = [layer for layer in deep if layer is not mean and layer.shape == mean.shape]
        told = [layer for layer in same if SPREAD.search(layer.name)]
        if told or same:
            return [mean, (told or same)[0]]
    for first, second in pairwise(deep):
        if first.shape == second.shape and first.kind == "dense" and first.shape[0] < first.shape[1]:
            return [first, second]
    return means[:1]
