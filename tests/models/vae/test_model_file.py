"""Model files of users: each defect is explained, and no damage raises any other kind of error."""

from __future__ import annotations

import contextlib
import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from models.core.errors import UserError
from models.vae.architecture import Architecture
from models.vae.model_file import METADATA_KEY, description_of, open_model
from tests.models.conftest import IMAGE_SHAPE, SETTINGS, info_of
from tests.support.kept_files import write_model


def rewrite(path: Path, tensors: dict[str, np.ndarray] | None = None, **changes: Any) -> None:
    """Write the model at ``path`` again with other tensors or another description."""
    opened = open_model(path)
    description = description_of(opened.info) | changes
    metadata = {METADATA_KEY: json.dumps(description)}
    path.write_bytes(save(dict(opened.parameters) if tensors is None else tensors, metadata=metadata))


def reason(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_model(path)
    assert caught.value.subject == path.name
    assert "\n" not in str(caught.value)
    return caught.value.reason


def test_a_model_comes_back_as_it_was_written(tiny_model: Path, tiny_architecture: Architecture) -> None:
    opened = open_model(tiny_model)
    assert opened.architecture == tiny_architecture
    assert opened.info.settings == SETTINGS
    assert (opened.info.name, opened.info.dataset, opened.info.recipe) == ("tiny", "blobs", "a recipe")
    assert opened.info.metrics == {"elbo": -1.5}
    assert opened.info.kl_per_dim == (0.5, 0.5, 0.5)
    assert opened.info.image_shape == IMAGE_SHAPE
    assert opened.info.parameters == sum(values.size for values in opened.parameters.values())
    for name, values in tiny_architecture.initial_parameters(1).items():
        assert np.array_equal(opened.parameters[name], values)


def test_the_same_model_gives_the_same_file_and_digest(tmp_path: Path, tiny_architecture: Architecture) -> None:
    for name in ("a", "b"):
        info = info_of(tiny_architecture, SETTINGS)
        write_model(tmp_path / name, info, tiny_architecture.initial_parameters(1))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert open_model(tmp_path / "a").info.digest == open_model(tmp_path / "b").info.digest


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "too short to be a model"),
        (b"1234567", "too short to be a model"),
        (b"\x80\x04\x95" + b"x" * 100, "not a .safetensors model"),
        (b"PK\x03\x04" + b"x" * 100, "not a .safetensors model"),
        (struct.pack("<Q", 50) + b"{", "truncated"),
        (struct.pack("<Q", 50) + b"x" * 50, "not a .safetensors model"),
        (struct.pack("<Q", 1 << 60) + b"{}", "not a .safetensors model"),
        (struct.pack("<Q", 2) + b"[]", "not a .safetensors model"),
        (struct.pack("<Q", 90_000) + b"[" * 90_000, "not a .safetensors model"),
        (struct.pack("<Q", 2) + b"{}", "not written by Latentscape"),
        (struct.pack("<Q", 32) + b'{"__metadata__":{"a":"b"}}      ', "not written by Latentscape"),
        (
            struct.pack("<Q", 43) + b'{"__metadata__":{"latentscape":"nonsense"}}',
            "description in its header is damaged",
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    path.write_bytes(content)
    assert expected in reason(path)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    assert reason(tmp_path / "nowhere.safetensors") == "no such file or directory"
    assert reason(tmp_path) == "this is a folder, not a file"


def test_a_truncated_or_lengthened_file_is_refused(tiny_model: Path) -> None:
    content = tiny_model.read_bytes()
    tiny_model.write_bytes(content[:-1])
    assert reason(tiny_model) == "the file is truncated"
    tiny_model.write_bytes(content + b"x")
    assert reason(tiny_model) == "there are bytes after the last parameter"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(value: float, tiny_model: Path) -> None:
    tensors = {name: values.copy() for name, values in open_model(tiny_model).parameters.items()}
    tensors["decoder.logits.bias"][3] = value
    rewrite(tiny_model, tensors)
    assert reason(tiny_model) == "the parameter decoder.logits.bias holds NaN or infinite numbers"


def test_wrong_tensors_are_refused_by_name(tiny_model: Path) -> None:
    tensors = load(tiny_model.read_bytes())
    rewrite(tiny_model, {**tensors, "encoder.loc.bias": np.zeros(4, np.float32)})
    assert "encoder.loc.bias is F32 [4], its description asks for F32 [3]" in reason(tiny_model)


def test_another_dtype_is_refused(tiny_model: Path) -> None:
    tensors = load(tiny_model.read_bytes())
    rewrite(tiny_model, {**tensors, "encoder.loc.bias": np.zeros(3, np.float64)})
    assert "encoder.loc.bias is F64 [3]" in reason(tiny_model)


def test_missing_and_unknown_tensors_are_refused(tiny_model: Path) -> None:
    tensors = load(tiny_model.read_bytes())
    content = tiny_model.read_bytes()
    rewrite(tiny_model, {name: values for name, values in tensors.items() if name != "encoder.loc.bias"})
    assert reason(tiny_model) == "the parameter encoder.loc.bias is missing"
    tiny_model.write_bytes(content)
    rewrite(tiny_model, {**tensors, "spy": np.zeros(1, np.float32)})
    assert reason(tiny_model) == "there is a parameter spy that the model does not have"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": 3}, "its format version is 3, this program reads 1 and 2"),
        ({"format": 2}, "its description lacks 'graphs'"),
        ({"image_shape": [6, 5]}, "image shape is not three numbers"),
        ({"image_shape": [6, 5, True]}, "image shape is not three numbers"),
        ({"image_shape": [10**6, 10**6, 3]}, "an image may have at most"),
        ({"image_shape": [0, 5, 1]}, "three positive numbers"),
        ({"settings": {"latent_dim": 10**9}}, "latent dim must be between 1 and 4,096"),
        ({"settings": {"hidden": [10**9]}}, "hidden layers must be up to 8 numbers"),
        ({"settings": {"hidden": [8] * 99}}, "hidden layers must be up to 8 numbers"),
        ({"settings": {"hidden": "256"}}, "setting 'hidden' has the wrong type"),
        ({"settings": {"optimizer": "sgd"}}, "unknown setting 'optimizer'"),
        ({"settings": {"likelihood": "poisson"}}, "likelihood must be bernoulli, "),
        ({"settings": []}, "a list of names and values is missing"),
        ({"kl_per_dim": [1.0]}, "KL per dimension does not match"),
        ({"metrics": {"elbo": "good"}}, "a metric is not a number"),
        ({"name": 3}, "name is not text"),
        ({"epoch": -1}, "epoch is not a count"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(changes: dict[str, Any], expected: str, tiny_model: Path) -> None:
    rewrite(tiny_model, **changes)
    assert expected in reason(tiny_model)


def test_a_description_without_a_shape_is_refused(tiny_model: Path) -> None:
    opened = open_model(tiny_model)
    description = description_of(opened.info)
    del description["image_shape"]
    tiny_model.write_bytes(save(dict(opened.parameters), metadata={METADATA_KEY: json.dumps(description)}))
    assert reason(tiny_model) == "its description lacks 'image_shape'"


def test_a_huge_file_is_refused_without_being_read(tiny_model: Path) -> None:
    with tiny_model.open("r+b") as file:
        file.truncate(1 << 34)
    tracemalloc.start()
    assert reason(tiny_model) == "there are bytes after the last parameter"
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_gets_through_as_another_error(data: st.DataObject, tiny_model: Path) -> None:
    content = bytearray(tiny_model.read_bytes())
    path = tiny_model.with_name("damaged.safetensors")
    # Most flips are in the header, where they can do harm.
    limit = data.draw(st.sampled_from([8, 1200, len(content)]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, limit - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2, 9]))]))
    with contextlib.suppress(UserError):
        opened = open_model(path)
        assert {name: values.shape for name, values in opened.parameters.items()} == opened.architecture.shapes()
        assert all(np.isfinite(values).all() for values in opened.parameters.values())
