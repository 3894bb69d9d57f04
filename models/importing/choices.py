"""What is guessed about a model of other people, and can be said by the person instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from models.core.foreign import TRUST, TRUSTED

Layout = Literal["NHWC", "NCHW"]
Range = Literal["unit", "signed", "bytes"]
Hidden = Literal["relu", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh", "sigmoid", "softplus"]
Activation = Literal["sigmoid", "tanh", "linear"]
SpreadKind = Literal["log_var", "log_sigma", "sigma", "softplus", "cholesky", "none"]
Packed = Literal["halves", "interleaved"]
Blocks = Literal["residual", "plain"]

# In the words of a person.
RANGES = {"unit": "0 to 1", "signed": "−1 to 1", "bytes": "0 to 255"}
SPREADS = {
    "log_var": "log σ²", "log_sigma": "log σ", "sigma": "σ", "softplus": "σ before a softplus",
    "cholesky": "a Cholesky factor of Σ, of which each dimension keeps its own σ",
    "none": "none: codes are points, with a small σ",
}  # fmt: skip
# What can be said of each, where that is one of a few words.
# A Cholesky factor shows itself by its size, and that there is none is no answer.
SAID_SPREADS = ("log_var", "log_sigma", "sigma", "softplus")
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "layout": get_args(Layout), "range": get_args(Range), "activation": get_args(Activation),
    "spread": SAID_SPREADS, "packed": get_args(Packed), "hidden": get_args(Hidden), "blocks": get_args(Blocks),
    TRUST: (TRUSTED,),
}  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """How a model of which there are weights only may have been written; None where it is the usual way.

    Attributes
    ----------
    slope : float, optional
        Of a leaky ReLU below 0.
    grid_activated : bool, optional
        Whether the layer before a grid has an activation.
    norm_last : bool
        Whether a batch norm comes after the activation.
    pooled : bool
        Whether an encoder pools instead of taking strides of 2.
    """

    slope: float | None = None
    grid_activated: bool | None = None
    norm_last: bool = False
    pooled: bool = False


@dataclass(frozen=True)
class Choices:
    """What the person says; None where it is to be guessed.

    Attributes
    ----------
    layout : Layout, optional
        Where an image has its channels.
    range : Range, optional
        The numbers of a pixel that the model takes and makes.
    activation : Activation, optional
        What is still to be applied to the output of the decoder; "linear" for what is an image as it is.
    mu, log_var : str, optional
        The names of the encoder's outputs, or their numbers from 0.
    spread : SpreadKind, optional
        What the second output is.
    packed : Packed, optional
        How mean and spread stand in one output that holds both.
    label : int, optional
        The class of a conditional model, from 0.
    hidden : Hidden, optional
        The activation between layers of which there are weights only.
    blocks : Blocks, optional
        Whether blocks that may be residual are, or are "plain": layers that follow one after the other.
    trust : bool
        Whether a model that is a program may be loaded, which runs it.
    image_shape : tuple of int, optional
        Height, width and channels of an image whose pixels are in a row.
    habits : Habits
        What is tried out of a model of which there are weights only.
    """

    layout: Layout | None = None
    range: Range | None = None
    activation: Activation | None = None
    mu: str | None = None
    log_var: str | None = None
    spread: SpreadKind | None = None
    packed: Packed | None = None
    label: int | None = None
    hidden: Hidden | None = None
    blocks: Blocks | None = None
    image_shape: tuple[int, int, int] | None = None
    trust: bool = False
    habits: Habits = Habits()
