"""The configuration of a Keras model, Functional or Sequential, as a graph. Keras itself is not asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from models.core.text import shortened
from models.importing.graph import Builder
from models.importing.keras_calculations import calculation_of, options_of
from models.importing.keras_layer import Config, Layer
from models.importing.keras_layers import LAYERS
from models.importing.keras_weights import LayerWeights
from models.importing.operations import SAMPLE, Shape
from models.importing.refusal import RefusedError

NETWORKS = ("Functional", "Sequential", "Model")
# Operations of Keras 3 by class, and of Keras 2 by the end of the function's name.
CALCULATIONS = {
    "Add": "add", "Subtract": "sub", "Multiply": "mul", "Divide": "div", "TrueDivide": "div", "Power": "pow",
    "Maximum": "maximum", "Minimum": "minimum", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Absolute": "abs",
    "Abs": "abs", "Negative": "neg", "Tanh": "tanh", "Sigmoid": "sigmoid", "Relu": "relu", "Softplus": "softplus",
    "Silu": "silu", "Less": "less", "Where": "where", "add": "add", "subtract": "sub", "multiply": "mul",
    "truediv": "div", "exp": "exp", "log": "log", "sqrt": "sqrt", "abs": "abs", "negative": "neg", "tanh": "tanh",
    "sigmoid": "sigmoid", "relu": "relu", "softplus": "softplus", "__operators__.add": "add",
}  # fmt: skip
# How Keras 2 keeps a call of a function of TensorFlow.
OF_FUNCTIONS = ("TFOpLambda", "SlicingOpLambda")
MODEL_LIMIT = 64
QUANTIZER = re.compile(r"quanti[sz]|codebook|^VQ")

Parts = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


Reference = tuple[str, int, int]


class _Made(dict[Reference, str]):
    """Values by layer, call and output. Where a layer was called elsewhere too, its calls may be counted from there."""

    def __init__(self, layers: Sequence[Config]) -> None:
        super().__init__()
        self._calls = {_name(layer): len(_calls(layer)) for layer in layers}

    def known(self, reference: Reference) -> Reference:
        """Return the reference with the number that its call has here."""
        name, call, output = reference
        return name, min(call, self._calls.get(name, 1) - 1), output

    def of(self, reference: Reference) -> str:
        """Return a value; :class:`RefusedError` if it was not made."""
        if self.known(reference) not in self:
            raise RefusedError(f"the output of its layer {shortened(reference[0])} is never made")
        return self[self.known(reference)]


class Network:
    """Builds the graph of a model and of the models within it, of which it notes inputs and outputs by name."""

    def __init__(self, builder: Builder, old: bool) -> None:
        self._builder, self._old = builder, old
        self.parts: Parts = {}
        self._pairs: set[str] = set()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs so far."""
        return tuple(name for name, _ in self._builder.graph(()).inputs)

    def build(
        self, kind: str, config: Config | list[Config], weights: LayerWeights, inputs: Sequence[str] = ()
    ) -> list[str]:
        """Return the outputs of a model of the class ``kind``; without ``inputs`` it gets inputs of its own."""
        if len(self.parts) > MODEL_LIMIT:
            raise RefusedError("it has too many models within models")
        # The first versions of Keras 2 wrote the layers of a Sequential alone.
        config = {"layers": config} if isinstance(config, list) else config
        layers = config.get("layers")
        if not isinstance(layers, list):
            raise RefusedError("its configuration has no list of layers")
        _check_layers(layers)
        known = [layer for layer in layers if not _is_calculation(layer)]
        inside = weights.inside([(_name(layer), str(layer["class_name"])) for layer in known])
        if kind == "Sequential":
            return self._sequential(layers, inside, inputs)
        return self._functional(config, layers, inside, inputs)

    def _sequential(
        self, layers: Sequence[Config], inside: Mapping[str, LayerWeights], inputs: Sequence[str]
    ) -> list[str]:
        values = list(inputs)
        for layer in layers:
            if not values:
                values = [self._builder.input(_name(layer), _input_shape(layer))]
            if layer["class_name"] != "InputLayer":
                values = self._layer(layer, values, inside[_name(layer)])
        return values

    def _functional(
        self, config: Config, layers: Sequence[Config], inside: Mapping[str, LayerWeights], inputs: Sequence[str]
    ) -> list[str]:
        made = _Made(layers)
        asked = _references(config.get("input_layers"))
        for (name, _, _), value in zip(asked, inputs, strict=False):
            made[name, 0, 0] = value
        needed = _needed(config, layers)
        self._pairs |= _second_outputs(layers)
        waiting = [
            (layer, index, call)
            for layer in layers if _name(layer) in needed
            for index, call in enumerate(_calls(layer))
        ]  # fmt: skip
        while waiting:
            left = [item for item in waiting if not self._called(*item, made, inside)]
            if len(left) == len(waiting):
                raise RefusedError(f"the inputs of its layer {shortened(_name(left[0][0]))} are never made")
            waiting = left
        return [made.of(reference) for reference in _references(config.get("output_layers"))]

    def _called(
        self,
        layer: Config,
        index: int,
        call: object,
        made: _Made,
        inside: Mapping[str, LayerWeights],
    ) -> bool:
        """Build one call of a layer if what it needs is there."""
        name = _name(layer)
        if layer["class_name"] == "InputLayer":
            if (name, 0, 0) not in made:
                made[name, 0, 0] = self._builder.input(name, _input_shape(layer))
            return True
        arguments = _arguments(call)
        if any(isinstance(item, tuple) and made.known(item) not in made for item in arguments):
            return False
        if _is_calculation(layer):
            values = self._calculated(layer, call, arguments, made)
        else:
            given = [made.of(item) for item in arguments if isinstance(item, tuple)]
            values = self._layer(layer, given, inside[name])
        made.update({(name, index, place): value for place, value in enumerate(values)})
        return True

    def _calculated(self, layer: Config, call: object, arguments: Sequence[object], made: _Made) -> Sequence[str]:
        operation, options, name = _operation(layer), layer.get("config", {}), _name(layer)
        given = [made.of(item) for item in arguments if isinstance(item, tuple)]
        other = calculation_of(layer)
        if operation is None and other is not None and given:
            return other(self._builder, given, options_of(layer, call), name)
        if operation is None:
            return self._unknown(layer, given)[:1]
        fewest = 2 if operation in ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "less") else 1
        extra = [
            options[key] for key in ("y",) if len(arguments) < fewest and isinstance(options.get(key), int | float)
        ]
        values = [
            made.of(item) if isinstance(item, tuple) else self._builder.weight(f"{name}.number", _one(item))
            for item in [*arguments, *extra]
        ]
        return [self._builder.add(operation, *values, name=name)]

    def _drawn(self, value: str) -> bool:
        """Return whether a value depends on a draw."""
        graph = self._builder.graph(())
        reached = {value}
        for node in reversed(graph.nodes):
            if node.name in reached:
                reached.update(node.inputs)
        return any(node.operation == SAMPLE and node.name in reached for node in graph.nodes)

    def _layer(self, layer: Config, inputs: Sequence[str], weights: LayerWeights) -> list[str]:
        kind, name = str(layer["class_name"]), _name(layer)
        if kind in NETWORKS:
            outputs = self.build(kind, layer["config"], weights, inputs)
            self.parts[name] = (tuple(inputs), tuple(outputs))
            return outputs
        maker = LAYERS.get(kind)
        if maker is None or not inputs:
            return self._unknown(layer, inputs)
        try:
            return [maker(self._builder, Layer(kind, name, layer["config"], weights, self._old), inputs)]
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise RefusedError(f"the configuration of its layer {shortened(name)} makes no sense") from error

    def _unknown(self, layer: Config, inputs: Sequence[str]) -> list[str]:
        """Take a layer of somebody's own between two equal outputs for the draw of z; refuse any other.

        If both go on, it is one that measures a loss, and so is one that meets what was decoded from a draw.
        """
        if len(inputs) == 2 and self._builder.shape(inputs[0]) == self._builder.shape(inputs[1]):
            if _name(layer) in self._pairs:
                return list(inputs)
            decoded = [value for value in inputs if self._drawn(value)]
            return decoded[:1] or [self._builder.add(SAMPLE, *inputs, name=_name(layer))]
        kind = str(layer["class_name"])
        if QUANTIZER.search(kind):
            raise RefusedError("its latent is a codebook (VQ), which is not supported")
        reason = f"its layer {shortened(_name(layer))} is a {shortened(kind)}, which is not known here and is never run"
        raise RefusedError(reason, "save encoder and decoder as models of Keras' own layers")


def _needed(config: Config, layers: Sequence[Config]) -> set[str]:
    """Return the layers that outputs depend on, and all inputs: what only measures a loss is left out."""
    by_name = {_name(layer): layer for layer in layers}
    waiting = [name for name, _, _ in _references(config.get("output_layers"))]
    found = {name for name, layer in by_name.items() if layer["class_name"] == "InputLayer"}
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            calls = _calls(by_name[name])
            waiting += [item[0] for call in calls for item in _arguments(call) if isinstance(item, tuple)]
    return found


def _second_outputs(layers: Sequence[Config]) -> set[str]:
    """Return the layers of which another takes the second output."""
    arguments = [item for layer in layers for call in _calls(layer) for item in _arguments(call)]
    return {item[0] for item in arguments if isinstance(item, tuple) and item[2] == 1}


def _operation(layer: Config) -> str | None:
    kind = str(layer["class_name"])
    if kind not in OF_FUNCTIONS:
        return CALCULATIONS.get(kind)
    function = str(layer["config"].get("function", ""))
    return CALCULATIONS.get(function, CALCULATIONS.get(function.rsplit(".", 1)[-1]))


def _is_calculation(layer: Config) -> bool:
    if ".ops." in str(layer.get("module")) or layer["class_name"] in OF_FUNCTIONS:
        return True
    # Keras 3 writes no module into .h5 files, but only a layer can be trained.
    known = layer["class_name"] in CALCULATIONS or calculation_of(layer) is not None
    return known and "trainable" not in layer["config"]


def _check_layers(layers: Sequence[object]) -> None:
    """Raise :class:`RefusedError` for what stands in place of a layer: a function would be called when it is built."""
    for layer in layers:
        if not _is_layer(layer):
            word = f"{layer.get('module')}.{layer.get('config')}" if isinstance(layer, Mapping) else str(layer)
            raise RefusedError(f"its configuration has {shortened(word)} in place of a layer, which is never called")


def _is_layer(layer: object) -> bool:
    return isinstance(layer, Mapping) and "class_name" in layer and isinstance(layer.get("config"), Mapping | list)


def _name(layer: Config) -> str:
    config = layer["config"]
    inner = config.get("name") if isinstance(config, Mapping) else None
    return str(layer.get("name") or inner or layer["class_name"])


def _one(value: object) -> np.ndarray:
    return np.full(1, value, np.float32) if isinstance(value, int | float) else np.zeros(1, np.float32)


def _input_shape(layer: Config) -> Shape:
    config, built = layer["config"], layer.get("build_config") or {}
    found = (config.get("batch_shape") or config.get("batch_input_shape")) if isinstance(config, Mapping) else None
    found = found or built.get("input_shape")
    if not isinstance(found, list) or not all(type(size) is int for size in found[1:]):
        raise RefusedError("the size of its input is not in the file", "save it again with a fixed input shape")
    return (1, *found[1:])


def _calls(layer: Config) -> list[object]:
    calls = layer.get("inbound_nodes")
    return calls if isinstance(calls, list) and calls else [[]]


def _reference(item: object) -> Reference | None:
    """Return the layer, call and output that an argument stands for, None if it is none."""
    if isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__":
        item = item["config"]["keras_history"]
    if isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str) and item[0] != "_CONSTANT_VALUE":
        return item[0], int(item[1]), int(item[2])
    return None


def _references(value: object) -> list[Reference]:
    found = _reference(value)
    if found is not None:
        return [found]
    items = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(items, list):
        return []
    return [reference for item in items for reference in _references(item)]


def _arguments(call: object) -> list[object]:
    """Return the arguments of a call in order: references, and numbers as they are."""
    found = _reference(call)
    if found is not None:
        more = call[3] if isinstance(call, list) and len(call) > 3 else {}
        return [found, *_keywords(more)]
    if isinstance(call, Mapping):
        return [*_arguments(call.get("args")), *_keywords(call.get("kwargs"))]
    if isinstance(call, list) and call and call[0] == "_CONSTANT_VALUE":
        return [call[2], *_keywords(call[3] if len(call) > 3 else {})]
    if isinstance(call, list):
        return [argument for item in call for argument in _arguments(item)]
    return [call] if isinstance(call, int | float) and not isinstance(call, bool) else []


def _keywords(values: object) -> list[object]:
    named = values if isinstance(values, Mapping) else {}
    return [item for key in ("x", "y", "x1", "x2") if key in named for item in _arguments(named[key])]
