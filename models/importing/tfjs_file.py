"""Models of TensorFlow.js: a Keras configuration or a graph in ``model.json``, and shards of weights beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.core.arrays import Floats32
from models.core.reading import read_file
from models.core.text import shortened
from models.importing.archives import MOST_JSON_BYTES, json_of
from models.importing.graph import Builder
from models.importing.hdf5 import MOST_FILE_BYTES
from models.importing.keras_graph import NETWORKS, Network
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError
from models.importing.tfjs_graph import read_graph_model

TYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "uint8": "u1", "uint16": "<u2", "bool": "?"}


class ByTitle:
    """The weights of a layer by their names, which end in the layer's name and the weight's."""

    def __init__(self, arrays: Mapping[str, Floats32], names: Sequence[str]) -> None:
        self._arrays, self._names = arrays, names

    def arrays(self, names: Sequence[str]) -> list[Floats32]:
        """Return the weights of this layer with these names."""
        found = {title.rsplit("/", 1)[-1]: self._arrays[title] for title in self._names}
        missing = [name for name in names if name not in found]
        if missing:
            raise RefusedError(f"the weight {missing[0]} of a layer is missing")
        return [found[name] for name in names]

    def inside(self, layers: Iterable[tuple[str, str]]) -> Mapping[str, ByTitle]:
        """Return the weights of the layers within this one."""
        return {
            name: ByTitle(self._arrays, [title for title in self._names if f"/{name}/" in f"/{title}"])
            for name, _ in layers
        }


def read_tfjs(path: Path) -> Parsed:
    """Parse the ``model.json`` of a layers or graph model; :class:`RefusedError` says what is not understood."""
    content = json_of(read_file(path, MOST_JSON_BYTES))
    topology = content.get("modelTopology") if isinstance(content, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(topology, Mapping):
        raise RefusedError("this is JSON, but no model of TensorFlow.js")
    if isinstance(topology.get("node"), list):
        arrays = _arrays(content.get("weightsManifest"), path.parent)
        return read_graph_model(topology, arrays, content.get("signature", content.get("userDefinedMetadata")))
    config = topology.get("model_config", topology)
    if not isinstance(config, Mapping) or config.get("class_name") not in NETWORKS:
        raise RefusedError("this is JSON, but no model of TensorFlow.js")
    arrays = _arrays(content.get("weightsManifest"), path.parent)
    builder = Builder()
    network = Network(builder, old=str(topology.get("keras_version", "2.")).startswith("2."))
    outputs = network.build(str(config["class_name"]), config["config"], ByTitle(arrays, list(arrays)))
    return Parsed("a layers model of TensorFlow.js", builder.graph(outputs), builder.arrays, network.parts)


def _arrays(manifest: object, folder: Path) -> dict[str, Floats32]:
    found: dict[str, Floats32] = {}
    for group in manifest if isinstance(manifest, list) else []:
        data, place = memoryview(b"".join(_shard(name, folder) for name in group["paths"])), 0
        for entry in group["weights"]:
            name, kind = str(entry["name"]), TYPES.get(str(entry["dtype"]))
            packed = entry.get("quantization", {})
            kind = TYPES.get(str(packed["dtype"])) if "dtype" in packed else kind
            if kind is None:
                raise RefusedError(f"the weight {shortened(name)} is of a type that is not known here")
            size = math.prod(int(side) for side in entry["shape"]) * np.dtype(kind).itemsize
            if size < 0 or place + size > len(data):
                raise RefusedError(f"the weight {shortened(name)} is not all there")
            values = np.frombuffer(data[place : place + size], kind).reshape(entry["shape"]).astype(np.float32)
            scale, least = float(packed.get("scale", 1.0)), float(packed.get("min", 0.0))
            found[name] = np.asarray(values * np.float32(scale) + np.float32(least))
            place += size
    return found


def _shard(name: object, folder: Path) -> bytes:
    """Return the content of a plain file in the same folder."""
    word = str(name)
    if not word or Path(word).name != word or "\\" in word or word in (".", "..") or (folder / word).is_symlink():
        raise RefusedError(f"its weights are in {shortened(word)}, which is not a plain file beside it")
    try:
        return read_file(folder / word, MOST_FILE_BYTES)
    except OSError as error:
        reason = f"its weights are in {shortened(word)}, which cannot be read"
        raise RefusedError(reason, "keep all files of the model in one folder") from error
