"""diffusers' AutoencoderKL gives what NumPy makes of its weights, with latents as the diffusion sees them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.core.errors import UserError
from models.importing.choices import Choices
from models.importing.opening import read_model
from models.vae.foreign import Reader
from tests.fixtures import make_kl
from tests.models.importing.opening import opened, same

SIZE = Choices(image_shape=(8, 12, 3))


def test_it_gives_what_numpy_makes_of_it(tmp_path: Path) -> None:
    w, vae = make_kl.weights(), opened([make_kl.save(tmp_path)], SIZE)
    z = np.random.default_rng(0).standard_normal((2, make_kl.LATENT * 4 * 6)).astype(np.float32)
    made = make_kl.decoded(w, z.reshape(-1, make_kl.LATENT, 4, 6))
    assert made.std() > 0.1
    same(vae.decode(z), made.transpose(0, 2, 3, 1))
    images = np.random.default_rng(1).integers(0, 256, (2, 8, 12, 3), np.uint8)
    mu, sigma = vae.encode(images)
    wanted = make_kl.encoded(w, images.transpose(0, 3, 1, 2) / 255)
    same(mu, wanted[0])
    same(sigma, np.maximum(wanted[1], 1e-4))


def test_a_folder_of_it_opens_at_a_size_of_its_own(tmp_path: Path) -> None:
    path = make_kl.save(tmp_path)
    info = Reader().open(tmp_path).info
    assert Reader().open(path).info.name == info.name == tmp_path.name
    assert (info.image_shape, info.latent_dim) == ((16, 16, 3), 128)
    assert info.understood["format"] == "a .safetensors file of weights of AutoencoderKL"
    assert info.understood["guessed"] == "for pictures of 16 × 16; --size chooses another"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scaling_factor": 0}, "its config.json scales latents by 0"),
        ({"act_fn": "mish"}, "the activation in its config.json is mish, and only silu is known"),
        ({"norm_num_groups": 5}, "the channels do not fit"),
        (
            {"weights": "encoder.down_blocks.0.attentions.0.to_q.weight"},
            "its layer encoder.* is of a kind that is not known",
        ),
        ({"size": (9, 8, 3)}, "its pictures have sides that are multiples of 2; --size 16x16x3"),
    ],
)
def test_what_is_another_architecture_is_refused(change: dict[str, object], reason: str, tmp_path: Path) -> None:
    path = make_kl.save(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(make_kl.CONFIG | change))
    if "weights" in change:
        save_file(make_kl.weights() | {str(change["weights"]): np.zeros((4, 4), np.float32)}, path)
    size = Choices(image_shape=change["size"]) if "size" in change else SIZE  # type: ignore[arg-type]
    with pytest.raises(UserError, match=reason):
        read_model(path, size)
