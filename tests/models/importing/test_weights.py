"""Weights as people's repositories hold them: what names and shapes tell gives what NumPy makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.opening import read_model
from models.vae.importing import import_model
from models.vae.model import VAE
from models.vae.model_file import open_model
from tests.fixtures import make_weights
from tests.fixtures.torch_writer import archive, legacy
from tests.models.importing.opening import opened, refused, same

# What is said is not tried out.
USUAL = Choices(hidden="relu")


def points(dims: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, dims)).astype(np.float32)


@pytest.mark.parametrize("side", [32, 64])
def test_mean_and_spread_in_turn(side: int, tmp_path: Path) -> None:
    w = make_weights.interleaved(side)
    (tmp_path / "model.pt").write_bytes(legacy(w))
    vae, z = opened([tmp_path / "model.pt"], USUAL), points(3)
    assert vae.architecture.image_shape == (side, side, 1)
    same(vae.decode(z), make_weights.interleaved_decoded(w, z).transpose(0, 2, 3, 1))
    images = np.random.default_rng(1).integers(0, 256, (2, side, side, 1), np.uint8)
    mean, spread = make_weights.interleaved_encoded(w, images.transpose(0, 3, 1, 2) / 255)
    mu, sigma = vae.encode(images)
    same(mu, mean)
    same(sigma, np.exp(spread / 2))


def test_layers_that_are_kept_by_their_names_are_put_in_order(tmp_path: Path) -> None:
    w, z = make_weights.interleaved(), points(3)
    save_file(w, tmp_path / "vae.safetensors")
    same(opened([tmp_path / "vae.safetensors"], USUAL).decode(z), _last(make_weights.interleaved_decoded(w, z)))


def _last(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 2, 3, 1)


def test_halves_can_be_said_instead(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(archive(make_weights.interleaved()))
    _, info = import_model([tmp_path / "model.pt"], Choices(packed="halves", hidden="relu"), "other", "")
    assert "first half of" in info.understood["μ"]


@pytest.mark.parametrize("turned", [False, True])
def test_arrays_that_are_named_by_hand(turned: bool, tmp_path: Path) -> None:
    w, z = make_weights.by_name(), points(2)
    kept = {
        name: np.ascontiguousarray(values.T) if turned and values.ndim == 2 else values for name, values in w.items()
    }
    np.savez(tmp_path / "vae.npz", **kept)
    same(opened([tmp_path / "vae.npz"], USUAL).decode(z), make_weights.by_name_decoded(w, z))


def test_the_activation_at_which_points_are_found_back_is_taken(tmp_path: Path) -> None:
    w, z = make_weights.fitted(), points(3)
    (tmp_path / "vae.pt").write_bytes(archive(w))
    _, info = import_model([tmp_path / "vae.pt"], Choices(), "other", "")
    assert "tanh between the layers" in info.understood["guessed"]
    same(opened([tmp_path / "vae.pt"]).decode(z), make_weights.fitted_decoded(w, z))
    _, info = import_model([tmp_path / "vae.pt"], Choices(activation="linear"), "other", "")
    assert "output linear" in info.understood["decoder"], "what is said stays"


def test_poolings_and_upsamplings_are_where_a_sequential_has_room(tmp_path: Path) -> None:
    w, z = make_weights.upsampled(), points(2)
    (tmp_path / "vae.pt").write_bytes(archive(w))
    vae = opened([tmp_path / "vae.pt"], USUAL)
    same(vae.decode(z), make_weights.upsampled_decoded(w, z).transpose(0, 2, 3, 1))
    assert [node.operation for node in vae.architecture.encoder.nodes].count("max_pool") == 2


def test_a_conditional_model_is_held_at_a_class(tmp_path: Path) -> None:
    w, z = make_weights.conditional(), points(2)
    (tmp_path / "cvae.pt").write_bytes(archive(w))
    for label in (None, 7):
        vae = opened([tmp_path / "cvae.pt"], Choices(label=label, hidden="relu"))
        same(vae.decode(z), make_weights.conditional_decoded(w, z, label or 0))
    _, info = import_model([tmp_path / "cvae.pt"], USUAL, "other", "")
    assert info.understood["label"] == "held at class 0 of 10; --label chooses another"
    with pytest.raises(UserError, match="label 10 is not one of its 10 classes, 0 to 9"):
        opened([tmp_path / "cvae.pt"], Choices(label=10))


def test_norms_of_weights_are_taken_into_them(tmp_path: Path) -> None:
    w, z = make_weights.fitted(), points(3)
    kernel, table = w["fc3.weight"], w["fc4.weight"]
    u = np.full(len(table), 1 / 10, np.float32)
    v = u @ table / np.linalg.norm(u @ table)
    pieces = {
        "fc3.weight": {"fc3.weight_g": np.linalg.norm(kernel, axis=1, keepdims=True), "fc3.weight_v": kernel * 3},
        "fc4.weight": {"fc4.weight_orig": table, "fc4.weight_u": u, "fc4.weight_v": v},
    }
    whole = w | {"fc4.weight": table / (u @ table @ v)}
    kept = {key: values for name in w for key, values in pieces.get(name, {name: w[name]}).items()}
    (tmp_path / "vae.pt").write_bytes(archive(kept))
    same(opened([tmp_path / "vae.pt"], Choices(hidden="tanh")).decode(z), make_weights.fitted_decoded(whole, z))


def test_a_codebook_is_named_and_refused(tmp_path: Path) -> None:
    w = {
        "encoder.0.weight": np.ones((4, 1, 3, 3), np.float32),
        "quantizer.embedding.weight": np.ones((8, 4), np.float32),
    }
    assert "its latent is a codebook (VQ), which is not supported" in refused(tmp_path / "vq.pt", archive(w))


def test_a_folder_of_pythae(tmp_path: Path) -> None:
    folder, w, z = tmp_path / "final_model", make_weights.pythae(), points(2)
    folder.mkdir()
    (folder / "model_config.json").write_text('{"name": "VAEConfig", "input_dim": [1, 6, 6], "latent_dim": 2}')
    (folder / "model.pt").write_bytes(archive({"model_state_dict": w}))
    content, _ = import_model([folder], USUAL, "other", "")
    (tmp_path / "made.safetensors").write_bytes(content)
    model = open_model(tmp_path / "made.safetensors")
    same(VAE(model.architecture, model.parameters).decode(z), make_weights.pythae_decoded(w, z))
    (folder / "encoder.pkl").write_bytes(b"")
    with pytest.raises(UserError, match=r"encoder\.pkl beside it is a pickled network"):
        import_model([folder], USUAL, "other", "")


def test_a_deterministic_autoencoder_gives_points(tmp_path: Path) -> None:
    w, z = make_weights.autoencoder(), points(3)
    (tmp_path / "ae.pth").write_bytes(archive(w))
    vae = opened([tmp_path / "ae.pth"], USUAL)
    same(vae.decode(z), make_weights.autoencoder_decoded(w, z))
    assert np.allclose(vae.encode(np.zeros((1, 6, 6, 1), np.uint8))[1], 0.01)


def test_a_decoder_whose_latent_is_a_grid_of_one_place(tmp_path: Path) -> None:
    w, z = make_weights.generator(), points(6)
    (tmp_path / "generator.pth").write_bytes(archive(w))
    vae = opened([tmp_path / "generator.pth"], Choices(hidden="relu", activation="tanh"))
    same(vae.decode(z), make_weights.generator_decoded(w, z).transpose(0, 2, 3, 1))


def test_taesd_is_known_by_its_names_and_its_grid_is_dragged(tmp_path: Path) -> None:
    w, size = make_weights.taesd(), Choices(image_shape=(16, 24, 3))
    save_file(w, tmp_path / "taesd.safetensors")
    vae, z = opened([tmp_path / "taesd.safetensors"], size), points(24)
    same(vae.decode(z), make_weights.taesd_decoded(w, z.reshape(-1, 4, 2, 3)).transpose(0, 2, 3, 1))
    images = np.random.default_rng(1).integers(0, 256, (2, 16, 24, 3), np.uint8)
    same(vae.encode(images)[0], make_weights.taesd_encoded(w, images.transpose(0, 3, 1, 2) / 255).reshape(2, -1))
    halves = {"encoder": {}, "decoder": {}}
    for name, values in w.items():
        half, _, rest = name.partition(".")
        halves[half][rest] = values
    for half, part in halves.items():
        (tmp_path / f"taesd_{half}.pth").write_bytes(archive(part))
    apart = opened([tmp_path / f"taesd_{half}.pth" for half in halves], size)
    same(apart.decode(z), vae.decode(z))
    with pytest.raises(UserError, match="has 16,384 dimensions, and up to 4,096 have a slider here"):
        opened([tmp_path / "taesd.safetensors"], Choices(image_shape=(512, 512, 3)))


def test_an_autoencoder_kl_of_the_first_code_is_named_and_refused(tmp_path: Path) -> None:
    w = {"first_stage_model.decoder.mid.block_1.norm1.weight": np.ones((2, 2), np.float32)}
    assert "this is an AutoencoderKL under the names of" in refused(tmp_path / "kl.pt", archive(w))


KERNELS = {
    "world_models": (
        "encoder.conv1 32 3 4, encoder.conv2 64 32 4, encoder.conv3 128 64 4, encoder.conv4 256 128 4",
        "fc1 8 1024, fc2 8 1024, fc3 64 8",
        "decoder.1 64 32 5, decoder.3 32 16 5, decoder.5 16 8 6, decoder.7 8 3 6",
        64, "2, 2, 2, 2", "2, 2, 2, 2",
    ),
    "bare": (
        "encConv1 4 1 5, encConv2 6 4 5", "encFC1 9 2400, encFC2 9 2400, decFC1 2400 9",
        "decConv1 6 4 5, decConv2 4 1 5",
        28, "1, 1", "1, 1",
    ),
    "by_name_alone": (
        "conv1 8 1 3, conv2 4 8 3", "", "t_conv1 4 8 2, t_conv2 8 1 2", 28, "2, 2", "2, 2",
    ),
    "to_one_place": (
        "encoder.0 4 1 3, encoder.2 8 4 3, encoder.4 16 8 7", "", "decoder.0 16 8 7, decoder.2 8 4 3, decoder.4 4 1 3",
        28, "1, 2, 2", "2, 2, 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_strides_of_usual_architectures(name: str, tmp_path: Path) -> None:
    """Each layer is its name, then the shape of its kernel; those of the third line are transposed."""
    down, dense, up, side, upward, downward = KERNELS[name]
    w: dict[str, np.ndarray] = {}
    for line in (down, dense, up):
        for word, first, second, *kernel in (part.split() for part in line.split(", ") if part):
            shape = (int(first), int(second), *(int(size) for size in kernel * 2))
            w[f"{word}.weight"] = np.zeros(shape, np.float32)
            w[f"{word}.bias"] = np.zeros(shape[1 if line == up else 0], np.float32)
    (tmp_path / "vae.pt").write_bytes(archive(w))
    _, *remarks = read_model(tmp_path / "vae.pt", USUAL).remarks
    assert remarks[0].startswith(f"the decoder's strides {upward} for pictures of {side} × {side}")
    assert remarks[1].startswith(f"the encoder's strides {downward}")
