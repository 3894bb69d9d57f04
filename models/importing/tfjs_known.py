"""What TensorFlow's operations make of what is known before a model runs: of shapes, and of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.importing.onnx_graph import Known
from models.importing.tfjs_cuts import strided
from models.importing.tfjs_node import TfNode

Calculation = Callable[[TfNode, Sequence[Known]], Known]


def _plainly(work: Callable[..., Known]) -> Calculation:
    return lambda _, given: work(*given)


CALCULATIONS: Mapping[str, Calculation] = {
    "StridedSlice": strided,
    "Pack": lambda node, given: np.stack(given, int(node.real("axis", 0))),
    "ConcatV2": lambda node, given: np.concatenate(
        [np.atleast_1d(part) for part in given[:-1]], int(given[-1].flat[0])
    ),
    "Prod": lambda node, given: np.prod(given[0], axis=tuple(np.atleast_1d(given[1]).astype(int))),
    "Mul": lambda node, given: given[0] * given[1],
    "Add": lambda node, given: given[0] + given[1],
    "AddV2": lambda node, given: given[0] + given[1],
    "Sub": lambda node, given: given[0] - given[1],
    "Rsqrt": lambda node, given: 1.0 / np.sqrt(given[0]),
    "Reshape": lambda node, given: given[0].reshape([int(size) for size in given[1]]),
    "ExpandDims": lambda node, given: np.expand_dims(given[0], int(given[1].flat[0])),
    "Squeeze": lambda node, given: np.squeeze(given[0]),
    "Cast": lambda node, given: given[0],
    "Identity": lambda node, given: given[0],
    **{name: _plainly(work) for name, work in (
        ("RealDiv", np.divide), ("Div", np.divide), ("Maximum", np.maximum), ("Minimum", np.minimum),
        ("Pow", np.power), ("Neg", np.negative), ("Sqrt", np.sqrt), ("Exp", np.exp), ("Log", np.log),
        ("Square", np.square), ("Abs", np.abs), ("ZerosLike", np.zeros_like), ("OnesLike", np.ones_like),
        ("Less", np.less), ("SquaredDifference", lambda first, second: np.square(first - second)),
    )},
    "Transpose": lambda node, given: np.transpose(given[0], [int(axis) for axis in given[1]]),
}  # fmt: skip
