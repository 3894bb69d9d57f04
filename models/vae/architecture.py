"""The architecture of a variational autoencoder: its parameters, their sizes, their initial values.

NumPy only, so that a model file can be checked and described without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.core.arrays import Floats32
from models.core.families import LatentFamily
from models.core.setting_checks import check_value
from models.core.setting_table import LONGEST_SIDE, SETTINGS, SHORTEST_SIDE
from models.core.settings import Likelihood, Network, TrainSettings

ParameterArrays = Mapping[str, Floats32]

MAX_IMAGE_VALUES = 256 * 256 * 3
# The most that one layer may hold of all images at once: 256 MiB.
VALUES_PER_LAYER = 1 << 26
# Side of a kernel, which moves by half of it: each value of the image below is met by four kernels.
KERNEL = 4

LOG_VARIANCE = "likelihood.log_variance"
# exp(-3) = 0.05 is the variance of a pixel of a dark picture in 0-1: the Gaussian likelihood starts near its optimum.
INITIAL_LOG_VARIANCE = -3.0


@dataclass(frozen=True)
class Architecture:
    """A VAE: image → hidden → (μ, σ) and z → reversed hidden → image logits, all hidden layers ReLU.

    A convolutional one has 4 × 4 convolutions of stride 2 with ReLU before the hidden layers, each of which halves both
    sides, and transposed ones after the decoder's. Its image is padded with zeros to a multiple of 2ᵏ, and the logits
    are cropped.

    Attributes
    ----------
    image_shape : tuple of int
        Height, width and channels of one image.
    hidden : tuple of int
        Units of the encoder's hidden layers; the decoder has them in reverse.
    latent_dim : int
        Number of latent dimensions d.
    likelihood : Likelihood
        The family of p(x|z); the Gaussian has one more parameter, its log variance.
    posterior, prior : LatentFamily
        The families of q(z|x) and p(z).
    network : Network
        Whether there are convolutions.
    channels : tuple of int
        Channels of the k convolutions of the encoder, the decoder has them in reverse; none in a dense network.
    """

    image_shape: tuple[int, int, int]
    hidden: tuple[int, ...]
    latent_dim: int
    likelihood: Likelihood
    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"
    network: Network = "dense"
    channels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Raise a ValueError for sizes and words that are not allowed."""
        if min(self.image_shape) < 1:
            raise ValueError(f"an image shape is three positive numbers, not {self.image_shape}")
        if self.pixels > MAX_IMAGE_VALUES:
            raise ValueError(f"an image may have at most {MAX_IMAGE_VALUES} values, not {self.pixels}")
        for name in ("latent_dim", "hidden", "likelihood", "posterior", "prior", "network"):
            check_value(SETTINGS[name], getattr(self, name))
        if self.network == "conv":
            self._check_convolutions()

    def _check_convolutions(self) -> None:
        check_value(SETTINGS["channels"], self.channels)
        height, width, colours = self.image_shape
        if min(height, width) < SHORTEST_SIDE or max(height, width) > LONGEST_SIDE or colours not in (1, 3):
            raise ValueError(
                f"a convolutional network takes images of {SHORTEST_SIDE} to {LONGEST_SIDE} pixels a side with 1 or 3 "
                f"channels, not {height} × {width} × {colours}"
            )

    @property
    def pixels(self) -> int:
        """Number of values in one image, height × width × channels."""
        height, width, channels = self.image_shape
        return height * width * channels

    @property
    def has_encoder(self) -> bool:
        """Whether images can be encoded: not where only a decoder was imported."""
        return True

    @property
    def dense(self) -> bool:
        """Whether there are no convolutions, so that XLA makes all steps of an epoch one kernel quickly."""
        return self.network == "dense"

    @property
    def grids(self) -> tuple[tuple[int, int, int], ...]:
        """Height, width and channels of the padded image and of what each convolution makes of it."""
        height, width, colours = self.image_shape
        count = len(self.channels) if self.network == "conv" else 0
        height, width = (-(-side // 2**count) for side in (height, width))
        sides = [(height << left, width << left) for left in range(count, -1, -1)]
        return tuple((*side, number) for side, number in zip(sides, (colours, *self.channels), strict=False))

    @property
    def widest(self) -> int:
        """The most values that an image has on its way through the network, in any one layer."""
        return max(self.pixels, self.latent_dim, *self.hidden, *(int(np.prod(grid)) for grid in self.grids))

    @property
    def most_at_once(self) -> int:
        """How many images go through the network at once, so that no layer holds more than it should."""
        return max(1, VALUES_PER_LAYER // self.widest)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter by name, in a fixed order.

        Kernels are [inputs, outputs], those of convolutions [4, 4, inputs, outputs], and those of transposed ones
        [4, 4, outputs, inputs].
        """
        shapes: dict[str, tuple[int, ...]] = {}
        grids = self.grids
        for index, (below, above) in enumerate(pairwise(grids)):
            _convolution(shapes, f"encoder.conv.{index}", below[2], above[2])
        last = _stack(shapes, "encoder", int(np.prod(grids[-1])), self.hidden)
        _layer(shapes, "encoder.loc", last, self.latent_dim)
        _layer(shapes, "encoder.scale", last, self.latent_dim)
        last = _stack(shapes, "decoder", self.latent_dim, self.hidden[::-1])
        self._last_layers(shapes, last)
        if self.likelihood == "gaussian":
            shapes[LOG_VARIANCE] = ()
        return shapes

    def _last_layers(self, shapes: dict[str, tuple[int, ...]], last: int) -> None:
        """Add the layers between the decoder's hidden ones, of which the last has ``last`` units, and the logits."""
        grids = self.grids[::-1]
        if len(grids) == 1:
            _layer(shapes, "decoder.logits", last, self.pixels)
            return
        _layer(shapes, "decoder.grid", last, int(np.prod(grids[0])))
        for index, (above, below) in enumerate(pairwise(grids)):
            name = "decoder.logits" if index == len(grids) - 2 else f"decoder.conv.{index}"
            _convolution(shapes, name, below[2], above[2])
            shapes[f"{name}.bias"] = (below[2],)

    def multiply_adds(self) -> dict[str, int]:
        """Return the multiply-adds of each layer for one image, by the name of the layer, in order.

        A kernel of a convolution is applied at each place of the smaller of its two grids.
        """
        grids = self.grids
        places = [above[0] * above[1] for above in grids[1:]]
        work: dict[str, int] = {}
        for name, shape in self.shapes().items():
            layer, part = name.rsplit(".", 1) if "." in name else (name, "")
            if part == "kernel":
                work[layer] = int(np.prod(shape))
                if len(shape) == 4:
                    work[layer] *= places[_level(layer, len(places))]
        return work

    def parameter_count(self) -> int:
        """Return the number of parameters that are learned."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def initial_parameters(self, seed: int) -> dict[str, Floats32]:
        """Return Glorot-uniform kernels (Glorot & Bengio 2010) and zero biases, decided by ``seed``."""
        rng = np.random.default_rng(seed)
        parameters: dict[str, Floats32] = {}
        for name, shape in self.shapes().items():
            if len(shape) >= 2:
                limit = np.sqrt(6.0 / (np.prod(shape[:-2]) * sum(shape[-2:])))
                parameters[name] = rng.uniform(-limit, limit, shape).astype(np.float32)
            else:
                start = INITIAL_LOG_VARIANCE if name == LOG_VARIANCE else 0.0
                parameters[name] = np.full(shape, start, np.float32)
        return parameters


def architecture_of(settings: TrainSettings, image_shape: tuple[int, int, int]) -> Architecture:
    """Return the architecture that ``settings`` asks for; ValueError if it is out of bounds."""
    return Architecture(
        image_shape, settings.hidden, settings.latent_dim, settings.likelihood, settings.posterior, settings.prior,
        settings.network, settings.channels if settings.network == "conv" else (),
    )  # fmt: skip


def _layer(shapes: dict[str, tuple[int, ...]], name: str, inputs: int, outputs: int) -> None:
    shapes[f"{name}.kernel"] = (inputs, outputs)
    shapes[f"{name}.bias"] = (outputs,)


def _convolution(shapes: dict[str, tuple[int, ...]], name: str, below: int, above: int) -> None:
    shapes[f"{name}.kernel"] = (KERNEL, KERNEL, below, above)
    shapes[f"{name}.bias"] = (above,)


def _level(layer: str, count: int) -> int:
    """Return which of the ``count`` convolutions of the encoder a convolution is, or is the mirror of."""
    if layer == "decoder.logits":
        return 0
    side, _, index = layer.split(".")
    return int(index) if side == "encoder" else count - 1 - int(index)


def _stack(shapes: dict[str, tuple[int, ...]], name: str, inputs: int, hidden: tuple[int, ...]) -> int:
    for index, units in enumerate(hidden):
        _layer(shapes, f"{name}.hidden.{index}", inputs, units)
        inputs = units
    return inputs
