"""A node of a graph of TensorFlow, with its attributes in the words of Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.core.text import shortened
from models.importing.onnx_graph import Known, Value
from models.importing.refusal import RefusedError


@dataclass(frozen=True)
class TfNode:
    """A node of a graph: its operation, name, inputs and attributes."""

    operation: str
    name: str
    inputs: Sequence[str]
    attributes: Mapping[str, object]

    def wholes(self, key: str, default: Sequence[int] = ()) -> list[int]:
        """Return an attribute that is a list of whole numbers."""
        value = self.attributes.get(key)
        return [int(item) for item in value] if isinstance(value, list) and value else list(default)

    def words(self, key: str) -> list[str]:
        """Return an attribute that is a list of words."""
        value = self.attributes.get(key)
        return [str(item) for item in value] if isinstance(value, list) else []

    def real(self, key: str, default: float) -> float:
        """Return an attribute that is a number."""
        value = self.attributes.get(key, default)
        return float(value) if isinstance(value, int | float) else default

    def true(self, key: str) -> bool:
        """Return an attribute that is true or false."""
        return bool(self.attributes.get(key, False))

    @property
    def layout(self) -> str:
        """Where the channels of an image are."""
        return "first" if self.attributes.get("data_format") == "NCHW" else "last"

    def pair(self, key: str) -> tuple[int, int]:
        """Return the two of four numbers that stand for height and width."""
        four = self.wholes(key, (1, 1, 1, 1))
        return (four[2], four[3]) if self.layout == "first" else (four[1], four[2])

    def sides(self, shape: Sequence[int]) -> tuple[int, int]:
        """Return height and width of an image."""
        return (shape[2], shape[3]) if self.layout == "first" else (shape[1], shape[2])


def known(node: TfNode, value: Value) -> Known:
    """Return a value that must be known before the model runs."""
    if isinstance(value, str):
        raise RefusedError(f"its operation {shortened(node.name)} ({node.operation}) depends on what comes in")
    return value
