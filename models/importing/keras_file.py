"""Keras files: ``.keras`` archives and whole ``.h5`` files, read as JSON and HDF5. Neither layer nor Lambda is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from models.core.reading import open_file
from models.importing.archives import Archive, json_of
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.hdf5 import MOST_FILE_BYTES, Store, store_of
from models.importing.keras_bare import read_bare
from models.importing.keras_graph import NETWORKS, Network
from models.importing.keras_weights import ByLayer, ByPath, LayerWeights
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

WEIGHTS, CONFIG, METADATA = "model.weights.h5", "config.json", "metadata.json"
OWN_PARTS = ("encoder", "decoder")


def read_keras(path: Path) -> Parsed:
    """Parse a ``.keras`` archive; :class:`RefusedError` says what is not understood."""
    with open_file(path) as file:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise RefusedError(f"it is larger than {MOST_FILE_BYTES >> 20:,} MiB")
        archive = Archive(file)
        config = json_of(archive.read(CONFIG))
        metadata = json_of(archive.read(METADATA)) if METADATA in archive.names else {}
        version = str(metadata.get("keras_version", "")) if isinstance(metadata, Mapping) else ""
        with Store(archive.read(WEIGHTS)) as store:
            return _parsed(config, ByPath(store), f"a Keras {version} model".replace("  ", " "), version)


def read_h5(path: Path, choices: Choices) -> Parsed:
    """Parse a model in an ``.h5`` file, or weights alone; :class:`RefusedError` says what is not understood."""
    with store_of(path) as store:
        text = store.text("model_config")
        if text is None:
            return read_bare(store, choices)
        version = store.text("keras_version") or ""
        return _parsed(json_of(text), ByLayer(store), f"a Keras {version} model in HDF5".replace("  ", " "), version)


def _parsed(config: object, weights: LayerWeights, kind: str, version: str) -> Parsed:
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping | list):
        raise RefusedError("its configuration is no model")
    builder = Builder()
    network = Network(builder, old=version.startswith(("1.", "2.")))
    name = str(config.get("class_name"))
    if name in NETWORKS:
        outputs = network.build(name, config["config"], weights)
    else:
        outputs = _own_class(network, name, config["config"], weights)
    return Parsed(kind, builder.graph(outputs), builder.arrays, network.parts)


def _own_class(network: Network, name: str, config: object, weights: LayerWeights) -> list[str]:
    """Build the encoder and the decoder that a model of somebody's own class was made of."""
    outputs: list[str] = []
    found = {key: config.get(key) for key in OWN_PARTS if isinstance(config, Mapping)} or {"encoder": None}
    for key, part in found.items():
        if not (isinstance(part, Mapping) and part.get("class_name") in NETWORKS):
            reason = f"its model is a class of its own, {name}, whose code is not in the file and is never run"
            raise RefusedError(reason, "save its encoder and its decoder: model.encoder.save('encoder.keras')")
        inside = weights.attribute(key) if isinstance(weights, ByPath) else weights.inside([(key, "")])[key]
        before = network.inputs
        made = network.build(str(part["class_name"]), part["config"], inside)
        network.parts[key] = (network.inputs[len(before) :], tuple(made))
        outputs += made
    return outputs
