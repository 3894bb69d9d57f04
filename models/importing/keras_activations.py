"""The activations of Keras: words, and layers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.core.text import shortened
from models.importing.graph import Builder
from models.importing.operations import Attribute
from models.importing.refusal import RefusedError

Config = Mapping[str, Any]

ACTIVATIONS = ("LeakyReLU", "ELU", "Softmax", "ReLU")
SIMPLE = {
    "relu": "relu", "selu": "selu", "silu": "silu", "swish": "silu", "sigmoid": "sigmoid", "tanh": "tanh",
    "softplus": "softplus", "softsign": "softsign", "exponential": "exp", "mish": "mish",
}  # fmt: skip

WITH_NUMBERS: Mapping[str, tuple[str, Mapping[str, Attribute]]] = {
    "elu": ("elu", {"alpha": 1.0}),
    "gelu": ("gelu", {"approximate": 0}),
    "relu6": ("clip", {"low": 0.0, "high": 6.0}),
}


def activated(builder: Builder, value: str, activation: Any, name: str, old: bool) -> str:  # noqa: ANN401
    """Apply an activation as a configuration names it: a word, or a layer of its own."""
    config: Config = {}
    if isinstance(activation, Mapping):
        inner = activation.get("config")
        if isinstance(inner, Mapping) and str(activation.get("class_name")) in ACTIVATIONS:
            return activation_layer(builder, str(activation["class_name"]), inner, value, name)
        activation = inner if isinstance(inner, str) else activation.get("class_name")
        config = inner if isinstance(inner, Mapping) else {}
    return _by_word(builder, value, "linear" if activation is None else str(activation), config, name, old)


def _by_word(builder: Builder, value: str, word: str, config: Config, name: str, old: bool) -> str:
    if word == "linear":
        return value
    if word in SIMPLE:
        return builder.add(SIMPLE[word], value, name=name)
    if word == "softmax":
        return builder.add("softmax", value, name=name, axis=len(builder.shape(value)) - 1)
    if word in WITH_NUMBERS:
        operation, options = WITH_NUMBERS[word]
        return builder.add(operation, value, name=name, **options)
    if word in ("leaky_relu", "hard_sigmoid"):
        slope = float(config.get("negative_slope", 0.2))
        options = {"alpha": slope} if word == "leaky_relu" else {"alpha": 0.2 if old else 1.0 / 6.0, "beta": 0.5}
        return builder.add(word, value, name=name, **options)
    raise RefusedError(f"its activation {shortened(word)} is not known", "save the model with one of Keras' own")


def activation_layer(builder: Builder, kind: str, config: Config, value: str, name: str) -> str:
    """Apply an activation that is a layer."""
    slope = config.get("negative_slope", config.get("alpha"))
    if kind == "LeakyReLU":
        return builder.add("leaky_relu", value, name=name, alpha=float(0.3 if slope is None else slope))
    if kind == "ELU":
        return builder.add("elu", value, name=name, alpha=float(config.get("alpha", 1.0)))
    if kind == "Softmax":
        axis = int(config.get("axis", -1))
        return builder.add("softmax", value, name=name, axis=axis % len(builder.shape(value)))
    if slope:
        return builder.add("leaky_relu", value, name=name, alpha=float(slope))
    highest = config.get("max_value")
    if highest is not None:
        return builder.add("clip", value, name=name, low=0.0, high=float(highest))
    return builder.add("relu", value, name=name)
