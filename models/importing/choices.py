"""What is guessed about a model of other people, and can be said by the person instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Layout = Literal["NHWC", "NCHW"]
Range = Literal["unit", "signed", "bytes"]
Hidden = Literal["relu", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh", "sigmoid", "softplus"]
Activation = Literal["sigmoid", "tanh", "linear"]
SpreadKind = Literal["log_var", "log_sigma", "sigma", "softplus", "none"]

# In the words of a person.
RANGES = {"unit": "0 to 1", "signed": "−1 to 1", "bytes": "0 to 255"}
SPREADS = {
    "log_var": "log σ²", "log_sigma": "log σ", "sigma": "σ", "softplus": "σ before a softplus",
    "none": "none: codes are points, with a small σ",
}  # fmt: skip
# What can be said of each, where that is one of a few words.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "layout": get_args(Layout), "range": get_args(Range), "activation": get_args(Activation),
    "spread": get_args(SpreadKind)[:-1], "hidden": get_args(Hidden),
}  # fmt: skip


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
    label : int, optional
        The class of a conditional model, from 0.
    hidden : Hidden, optional
        The activation between layers of which there are weights only.
    image_shape : tuple of int, optional
        Height, width and channels of an image whose pixels are in a row.
    """

    layout: Layout | None = None
    range: Range | None = None
    activation: Activation | None = None
    mu: str | None = None
    log_var: str | None = None
    spread: SpreadKind | None = None
    label: int | None = None
    hidden: Hidden | None = None
    image_shape: tuple[int, int, int] | None = None
