"""The weights of the layers of a Keras model, in each of the ways in which Keras has laid them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from models.core.arrays import Floats32
from models.importing.hdf5 import Store
from models.importing.refusal import RefusedError

FOLDERS = ("layers", "_layer_checkpoint_dependencies")


class LayerWeights(Protocol):
    """The weights of a layer, or of the layers within one."""

    def arrays(self, names: Sequence[str]) -> list[Floats32]:
        """Return the weights of this layer with these names, in this order."""

    def inside(self, layers: Iterable[tuple[str, str]]) -> Mapping[str, LayerWeights]:
        """Return the weights of the layers within this one by name, from their names and classes in order."""


class ByPath:
    """Weights as in ``.weights.h5``: by the class of the layer and a count, the layer's own name in an attribute."""

    def __init__(self, store: Store, path: str = "") -> None:
        self._store, self._path = store, path

    def arrays(self, names: Sequence[str]) -> list[Floats32]:
        """Return the weights, which have numbers for names."""
        return [self._store.read(f"{self._path}vars/{index}") for index in range(len(names))]

    def inside(self, layers: Iterable[tuple[str, str]]) -> Mapping[str, ByPath]:
        """Return the weights of the layers within: by the name that is written, else by the count."""
        counts: dict[str, int] = {}
        found = {}
        folder = next((word for word in FOLDERS if self._has(f"{self._path}{word}/")), FOLDERS[0])
        written = self._written(f"{self._path}{folder}/")
        for name, kind in layers:
            word = snake_case(kind)
            count = counts.get(word, 0)
            counts[word] = count + 1
            counted = f"{self._path}{folder}/{word}{f'_{count}' if count else ''}/"
            found[name] = ByPath(self._store, written.get(name, counted))
        return found

    def attribute(self, name: str, listed: LayerWeights) -> LayerWeights:
        """Return the weights of an attribute of this model; ``listed`` where they are kept as those of a layer."""
        return ByPath(self._store, f"{self._path}{name}/") if self._has(f"{self._path}{name}/") else listed

    def _has(self, prefix: str) -> bool:
        return any(path.startswith(prefix) for path in self._store.arrays)

    def _written(self, prefix: str) -> dict[str, str]:
        """Return the places of the layers below ``prefix`` by the names that are written there."""
        places = {}
        for path, name in self._store.labels.items():
            place = path.removesuffix("vars")
            if path.startswith(prefix) and place.count("/") == prefix.count("/") + 1:
                places[name] = place
        return places


class ByLayer:
    """Weights as in a full ``.h5``: a group for each layer of the model, with a list of names."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def arrays(self, names: Sequence[str]) -> list[Floats32]:
        """Return nothing: a model has no weights of its own."""
        if names:
            raise RefusedError("its weights are not where its layers are")
        return []

    def inside(self, layers: Iterable[tuple[str, str]]) -> Mapping[str, OfLayer]:
        """Return the weights of the layers of the model."""
        top = "model_weights/" if any(path.startswith("model_weights/") for path in self._store.arrays) else ""
        found = {}
        for name, _ in layers:
            words = self._store.words(f"{top}{name}", "weight_names")
            found[name] = OfLayer(self._store, [f"{top}{name}/{word}" for word in words])
        return found


class OfLayer:
    """The weights of one layer of a full ``.h5`` by their paths, those of the layers within it by their names."""

    def __init__(self, store: Store, paths: Sequence[str], nested: bool = False) -> None:
        self._store, self._paths, self._nested = store, paths, nested

    def arrays(self, names: Sequence[str]) -> list[Floats32]:
        """Return the weights: of a layer of the model in their order, of one further within by name."""
        if len(names) > len(self._paths):
            raise RefusedError("a layer has fewer weights than its configuration says")
        if not self._nested:
            return [self._store.read(path) for path in self._paths[: len(names)]]
        by_name = {path.rsplit("/", 1)[-1].split(":")[0]: path for path in self._paths}
        return [self._store.read(by_name.get(name, name)) for name in names]

    def inside(self, layers: Iterable[tuple[str, str]]) -> Mapping[str, OfLayer]:
        """Return the weights of the layers within this one."""
        return {
            name: OfLayer(self._store, [path for path in self._paths if f"/{name}/" in path], True)
            for name, _ in layers
        }


def snake_case(name: str) -> str:
    """Return the name of a class as Keras writes it in the names of layers."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
