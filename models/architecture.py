"""The shape of a variational autoencoder: which parameters it has, how large they are, how they start.

NumPy only, so that a model file can be checked and described without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.protocol import LATENT_FAMILIES, LIKELIHOODS, Floats32, LatentFamily, Likelihood, TrainSettings

ParameterArrays = Mapping[str, Floats32]

MAX_IMAGE_VALUES = 256 * 256 * 3
MAX_LATENT_DIM = 512
MAX_HIDDEN_LAYERS = 8
MAX_HIDDEN_UNITS = 8192

LOG_VARIANCE = "likelihood.log_variance"
# exp(-3) = 0.05 is the variance of a pixel of a dark picture in 0-1: the Gaussian likelihood starts near its optimum.
INITIAL_LOG_VARIANCE = -3.0


@dataclass(frozen=True)
class Architecture:
    """A dense VAE: image → hidden → (μ, σ) and z → reversed hidden → image logits, all hidden layers ReLU.

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
    """

    image_shape: tuple[int, int, int]
    hidden: tuple[int, ...]
    latent_dim: int
    likelihood: Likelihood
    posterior: LatentFamily = "Normal"
    prior: LatentFamily = "Normal"

    def __post_init__(self) -> None:
        """Refuse sizes that are not positive or beyond the limits of this module, with a ValueError."""
        if min(self.image_shape) < 1:
            raise ValueError(f"an image shape is three positive numbers, not {self.image_shape}")
        if self.pixels > MAX_IMAGE_VALUES:
            raise ValueError(f"an image may have at most {MAX_IMAGE_VALUES} values, not {self.pixels}")
        if not 1 <= self.latent_dim <= MAX_LATENT_DIM:
            raise ValueError(f"latent_dim lies in 1 to {MAX_LATENT_DIM}, not {self.latent_dim}")
        if len(self.hidden) > MAX_HIDDEN_LAYERS:
            raise ValueError(f"at most {MAX_HIDDEN_LAYERS} hidden layers, not {len(self.hidden)}")
        if any(not 1 <= units <= MAX_HIDDEN_UNITS for units in self.hidden):
            raise ValueError(f"hidden layers have 1 to {MAX_HIDDEN_UNITS} units, not {self.hidden}")
        if self.likelihood not in LIKELIHOODS:
            raise ValueError(f"the likelihood is one of {', '.join(LIKELIHOODS)}, not {self.likelihood!r}")
        for name, family in (("posterior", self.posterior), ("prior", self.prior)):
            if family not in LATENT_FAMILIES:
                raise ValueError(f"the {name} is one of {', '.join(LATENT_FAMILIES)}, not {family!r}")

    @property
    def pixels(self) -> int:
        """Number of values in one image, height × width × channels."""
        height, width, channels = self.image_shape
        return height * width * channels

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter by name, in a fixed order; kernels are [inputs, outputs]."""
        shapes: dict[str, tuple[int, ...]] = {}
        last = _stack(shapes, "encoder", self.pixels, self.hidden)
        _layer(shapes, "encoder.loc", last, self.latent_dim)
        _layer(shapes, "encoder.scale", last, self.latent_dim)
        last = _stack(shapes, "decoder", self.latent_dim, self.hidden[::-1])
        _layer(shapes, "decoder.logits", last, self.pixels)
        if self.likelihood == "gaussian":
            shapes[LOG_VARIANCE] = ()
        return shapes

    def multiply_adds(self) -> dict[str, int]:
        """Return the multiplications of one image's way through each layer, by the layer's name in order."""
        return {
            name.removesuffix(".kernel"): int(np.prod(shape))
            for name, shape in self.shapes().items()
            if name.endswith(".kernel")
        }

    def parameter_count(self) -> int:
        """Return how many numbers the model learns."""
        return sum(int(np.prod(shape)) for shape in self.shapes().values())

    def initial_parameters(self, seed: int) -> dict[str, Floats32]:
        """Return Glorot-uniform kernels (Glorot & Bengio 2010) and zero biases, decided by ``seed``."""
        rng = np.random.default_rng(seed)
        parameters: dict[str, Floats32] = {}
        for name, shape in self.shapes().items():
            if len(shape) == 2:
                limit = np.sqrt(6.0 / sum(shape))
                parameters[name] = rng.uniform(-limit, limit, shape).astype(np.float32)
            else:
                start = INITIAL_LOG_VARIANCE if name == LOG_VARIANCE else 0.0
                parameters[name] = np.full(shape, start, np.float32)
        return parameters


def architecture_of(settings: TrainSettings, image_shape: tuple[int, int, int]) -> Architecture:
    """Return the architecture that ``settings`` asks for; ValueError if it is out of bounds."""
    return Architecture(
        image_shape, settings.hidden, settings.latent_dim, settings.likelihood, settings.posterior, settings.prior
    )


def _layer(shapes: dict[str, tuple[int, ...]], name: str, inputs: int, outputs: int) -> None:
    shapes[f"{name}.kernel"] = (inputs, outputs)
    shapes[f"{name}.bias"] = (outputs,)


def _stack(shapes: dict[str, tuple[int, ...]], name: str, inputs: int, hidden: tuple[int, ...]) -> int:
    for index, units in enumerate(hidden):
        _layer(shapes, f"{name}.hidden.{index}", inputs, units)
        inputs = units
    return inputs
