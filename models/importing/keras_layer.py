"""A layer of Keras as its configuration describes it, to be made operations of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.importing.graph import Builder
from models.importing.keras_weights import LayerWeights

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Layer:
    """A layer to be built: its class, name and configuration, its weights, and whether Keras 2 wrote it."""

    kind: str
    name: str
    config: Config
    weights: LayerWeights
    old: bool

    @property
    def layout(self) -> str:
        """Where the channels are."""
        return "first" if self.config.get("data_format") == "channels_first" else "last"

    def pair(self, key: str, default: int = 1) -> tuple[int, int]:
        """Return two whole numbers of the configuration."""
        value = self.config.get(key)
        value = default if value is None else value
        first, second = value if isinstance(value, list | tuple) else (value, value)
        return int(first), int(second)

    def sides(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return height and width of an image."""
        return (shape[1], shape[2]) if self.layout == "last" else (shape[2], shape[3])


Maker = Callable[[Builder, Layer, Sequence[str]], str]
