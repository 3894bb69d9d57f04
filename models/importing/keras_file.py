"""Keras files: ``.keras`` archives and whole ``.h5`` files, read as JSON and HDF5. Neither layer nor Lambda is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from models.core.reading import open_file
from models.importing.archives import KERAS_WEIGHTS, Archive, json_of
from models.importing.choices import Choices
from models.importing.graph import Builder
from models.importing.hdf5 import MOST_FILE_BYTES, Store, store_of
from models.importing.keras_bare import read_bare
from models.importing.keras_graph import NETWORKS, Network
from models.importing.keras_weights import ByLayer, ByPath, LayerWeights
from models.importing.parsed import Parsed
from models.importing.refusal import RefusedError

CONFIG, METADATA = "config.json", "metadata.json"
OWN_PARTS = ("encoder", "decoder")


class OwnClassError(RefusedError):
    """A model of somebody's own class, which the file does not describe."""


def read_keras(path: Path, choices: Choices) -> Parsed:
    """Parse a ``.keras`` archive; :class:`RefusedError` says what is not understood."""
    with open_file(path) as file:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise RefusedError(f"it is larger than {MOST_FILE_BYTES >> 20:,} MiB")
        archive = Archive(file)
        config = json_of(archive.read(CONFIG))
        metadata = json_of(archive.read(METADATA)) if METADATA in archive.names else {}
        version = str(metadata.get("keras_version", "")) if isinstance(metadata, Mapping) else ""
        with Store(archive.read(KERAS_WEIGHTS)) as store:
            kind = f"a Keras {version} model".replace("  ", " ")
            try:
                return _parsed(config, ByPath(store), kind, version)
            except OwnClassError as refusal:
                return _of_weights(store, choices, kind, refusal)


def _of_weights(store: Store, choices: Choices, kind: str, refusal: RefusedError) -> Parsed:
    """Return what the weights tell of a model whose class is somebody's own; ``refusal`` if they do not tell."""
    try:
        parsed = read_bare(store, choices)
    except RefusedError as error:
        raise refusal from error
    return replace(parsed, kind=f"{kind} of a class of its own", remarks=(refusal.reason, *parsed.remarks))


def read_h5(path: Path, choices: Choices) -> Parsed:
    """Parse a model in an ``.h5`` file, or weights alone; :class:`RefusedError` says what is not understood."""
    with store_of(path) as store:
        text = store.text("model_config")
        if text is None:
            return read_bare(store, choices)
        version = store.text("keras_version") or ""
        kind = f"a Keras {version} model in HDF5".replace("  ", " ")
        try:
            return _parsed(json_of(text), ByLayer(store), kind, version)
        except OwnClassError as refusal:
            return _of_weights(store, choices, kind, refusal)


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
    described = config if isinstance(config, Mapping) else {}
    found = {key: described[key] for key in OWN_PARTS if key in described}
    if not found or not all(
        isinstance(part, Mapping) and part.get("class_name") in NETWORKS for part in found.values()
    ):
        reason = f"its model is a class of its own, {name}, whose code is not in the file and is never run"
        raise OwnClassError(reason, "save its encoder and its decoder: model.encoder.save('encoder.keras')")
    listed = weights.inside([(key, str(part["class_name"])) for key, part in found.items()])
    for key, part in found.items():
        inside = weights.attribute(key, listed[key]) if isinstance(weights, ByPath) else listed[key]
        before = network.inputs
        made = network.build(str(part["class_name"]), part["config"], inside)
        network.parts[key] = (network.inputs[len(before) :], tuple(made))
        outputs += made
    return outputs
