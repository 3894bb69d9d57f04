"""What names and shapes of weights tell: each kind of network that people write becomes the operations that it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.importing.choices import Choices
from models.importing.opening import read_model
from tests.fixtures.torch_writer import archive
from tests.models.importing.opening import opened, refused, same

USUAL = Choices(hidden="relu")
NORM = ("weight", "bias", "running_mean", "running_var")
Weights = dict[str, np.ndarray]


def weights_of(text: str, seed: int = 0) -> Weights:
    """Return weights: ``a 8 4`` is a dense layer, ``b 8 4 3`` a convolution, ``c 8 4 3T`` transposed, ``d 8`` norm."""
    rng, made = np.random.default_rng(seed), {}
    for part in text.split(", "):
        name, *sizes = part.split()
        shape = [int(size.rstrip("T")) for size in sizes]
        if len(shape) == 1:
            made |= {f"{name}.{key}": rng.uniform(0.5, 1.5, shape).astype(np.float32) for key in NORM}
            continue
        shape += shape[2:]
        made[f"{name}.weight"] = rng.normal(0, 0.3, shape).astype(np.float32)
        made[f"{name}.bias"] = rng.normal(0, 0.3, shape[1 if part.endswith("T") else 0]).astype(np.float32)
    return made


def told(path: Path, half: str, choices: Choices = USUAL) -> str:
    """Return the operations of a half, with strides and margins of convolutions, without those that only reshape."""
    parsed = read_model(path, choices)
    words = []
    for node in parsed.graph.part(*parsed.parts[half]).nodes:
        options = node.options
        if node.operation == "conv":
            words.append(f"conv/{options['strides'][0]}p{options['pads'][0]}")
        elif node.operation == "conv_transpose":
            words.append(f"up/{options['strides'][0]}p{options['crops'][0]}")
        elif node.operation not in ("reshape", "transpose"):
            words.append({"mul": "norm", "max_pool": "pool", "resize": "grow"}.get(node.operation, node.operation))
    return " ".join(word for word in words if word != "add")


HEADS = "fc_mu 2 {0}, fc_logvar 2 {0}"
CASES = {
    "world models: no margins anywhere": (
        (f"encoder.conv1 4 3 4, encoder.conv2 4 4 4, encoder.conv3 4 4 4, encoder.conv4 4 4 4, {HEADS.format(16)}, "
        "decoder.fc1 8 2, decoder.up1 8 4 5T, decoder.up2 4 4 5T, decoder.up3 4 4 6T, decoder.up4 4 3 6T"),
        "conv/2p0 relu conv/2p0 relu conv/2p0 relu conv/2p0 relu dense dense",
        "dense relu up/2p0 relu up/2p0 relu up/2p0 relu up/2p0",
    ),
    "LeNet before dense layers": (
        "conv1 4 1 5, conv2 6 4 5, fc1 12 96, fc21 2 12, fc22 2 12, fc3 12 2, fc4 784 12",
        "conv/1p0 relu pool conv/1p0 relu pool dense relu dense dense",
        "dense relu dense",
    ),
    "an odd kernel among even ones makes 7 of 4": (
        (f"encoder.0 4 1 4, encoder.2 4 4 4, encoder.4 4 4 3, {HEADS.format(64)}, fc 64 2, "
        "decoder.0 4 4 3T, decoder.2 4 4 4T, decoder.4 4 1 4T"),
        "conv/2p1 relu conv/2p1 relu conv/2p1 relu dense dense",
        "dense up/2p1 relu up/2p1 relu up/2p1",
    ),
    "a Sequential without room for pooling": (
        (f"encoder.0 4 1 3, encoder.1 4, encoder.3 4 4 3, encoder.4 4, encoder.7 12 196, {HEADS.format(12)}, "
        "decoder.0 12 2, decoder.2 196 12, decoder.5 4 4 3T, decoder.6 4, decoder.8 4 1 3T"),
        "conv/2p1 norm relu conv/2p1 norm relu dense relu dense dense",
        "dense relu dense relu up/2p1 norm relu up/2p1",
    ),
    "the last pooling is behind the Sequential": (
        (f"encoder_conv.0 4 3 3, encoder_conv.3 4 4 3, {HEADS.format(1024)}, "
        "decoder_fc 1024 2, decoder_conv.0 4 4 2T, decoder_conv.2 4 3 2T"),
        "conv/1p1 relu pool conv/1p1 relu pool dense dense",
        "dense up/2p0 relu up/2p0",
    ),
    "activations before the norms": (
        (f"encoder.0 4 3 3, encoder.2 4, encoder.3 4 4 3, encoder.5 4, {HEADS.format(1024)}, "
        "fc 1024 2, decoder.0 4 4 3T, decoder.2 4, decoder.3 4 3 3T"),
        "conv/2p1 relu norm conv/2p1 relu norm dense dense",
        "dense up/2p1 relu norm up/2p1",
    ),
    "lists of layers have their activations elsewhere": (
        (f"encoder.hidden.0 12 36, encoder.hidden.1 9 12, {HEADS.format(9)}, "
        "decoder.hidden.0 9 2, decoder.hidden.1 12 9, decoder.output 36 12"),
        "dense relu dense relu dense dense",
        "dense relu dense relu dense",
    ),
    "resizing before each convolution, in colour": (
        "e1 4 3 4, e2 4 4 4, e3 4 4 4, e4 8 4 4, f1 2 128, f2 2 128, d1 128 2, d2 6 8 3, d3 5 6 3, d4 4 5 3, d5 3 4 3",
        "conv/2p1 relu conv/2p1 relu conv/2p1 relu conv/2p1 relu dense dense",
        "dense relu grow conv/1p1 relu grow conv/1p1 relu grow conv/1p1 relu grow conv/1p1",
    ),
    "colour pictures are not of the size of digits": (
        ("conv1 4 3 3, conv2 4 4 3, conv3 4 4 3, fc11 2 196, fc12 2 196, fc2 196 2, "
        "deconv1 4 4 3T, deconv2 4 4 3T, deconv3 4 3 4T"),
        "conv/2p0 relu conv/2p0 relu conv/2p0 relu dense dense",
        "dense relu up/2p0 relu up/2p0 relu up/2p0",
    ),
    "96 pixels, with kernels of 5 and 6": (
        (f"enc_conv1 4 3 4, enc_conv2 4 4 4, enc_conv3 4 4 4, enc_conv4 4 4 4, {HEADS.format(144)}, dec_fc 144 2, "
        "dec_conv1 4 4 5T, dec_conv2 4 4 5T, dec_conv3 4 4 6T, dec_conv4 4 3 5T"),
        "conv/2p1 relu conv/2p1 relu conv/2p1 relu conv/2p1 relu dense dense",
        "dense up/2p2 relu up/2p2 relu up/2p2 relu up/2p2",
    ),
    "from a single place, and back to it, without margins": (
        ("enc1 4 1 4, enc2 4 4 4, enc3 4 4 4, enc4 4 4 4, fc_mu 2 4, fc_logvar 2 4, fc2 4 2, "
        "dec1 4 4 4T, dec2 4 4 4T, dec3 4 4 4T, dec4 4 1 4T"),
        "conv/2p1 relu conv/2p1 relu conv/2p1 relu conv/2p0 relu dense dense",
        "dense relu up/1p0 relu up/2p1 relu up/2p1 relu up/2p1",
    ),
    "a norm of the channels of the grid": (
        (f"encoder.0 4 1 4, encoder.2 8 4 4, {HEADS.format(392)}, "
        "decoder.0 392 2, decoder.2 8, decoder.4 8 4 4T, decoder.6 4 1 4T"),
        "conv/2p1 relu conv/2p1 relu dense dense",
        "dense norm relu up/2p1 relu up/2p1",
    ),
    "heads beside the VAE, and a spread of the pixels": (
        ("enc 9 36, enc_mu 2 9, enc_logvar 2 9, dec 9 2, dec_mu 36 9, dec_logvar 36 9, classifier.0 9 2, "
        "discriminator.0 5 36"),
        "dense relu dense dense",
        "dense relu dense",
    ),
    "a dense layer that widens leads to a decoder of convolutions": (
        "conv1 8 1 3, conv2 8 8 3, fc1 5 392, fc2 392 5, deconv1 8 8 2T, deconv2 8 1 2T",
        "conv/2p1 relu conv/2p1 relu dense",
        "dense relu up/2p0 relu up/2p0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_operations(kind: str, tmp_path: Path) -> None:
    text, encoder, decoder = CASES[kind]
    (tmp_path / "vae.pt").write_bytes(archive(weights_of(text)))
    assert told(tmp_path / "vae.pt", "encoder") == encoder
    assert told(tmp_path / "vae.pt", "decoder") == decoder


def test_groups_of_norms_are_guessed_and_said(tmp_path: Path) -> None:
    w = weights_of(f"encoder.0 8 1 4, {HEADS.format(1568)}, fc 1568 2, decoder.0 8 1 4T")
    w |= {"encoder.1.weight": np.ones(8, np.float32), "encoder.1.bias": np.zeros(8, np.float32)}
    (tmp_path / "vae.pt").write_bytes(archive(w))
    assert told(tmp_path / "vae.pt", "encoder") == "conv/2p1 group_norm relu dense dense"
    said = "norms of 8 groups, a guess; weights tell neither groups nor whether pictures are cropped"
    assert said in read_model(tmp_path / "vae.pt", USUAL).remarks


@pytest.mark.parametrize("name", ["decoder.res1.conv", "decoder.0.shortcut.0", "decoder.attn.to_q"])
def test_blocks_that_are_no_row_are_refused(name: str, tmp_path: Path) -> None:
    w = weights_of(f"encoder.0 12 36, {HEADS.format(12)}, decoder.0 12 2, {name} 12 12, decoder.2 36 12")
    said = refused(tmp_path / "vae.pt", archive(w))
    assert "of a residual block or of attention, and weights do not tell how it is put together; export" in said


STEM = f"encoder.0 8 3 4, encoder.2 16 8 4, {HEADS.format(1024)}, decoder_fc 1024 2"
LAST = "decoder.up1 16 8 4T, decoder.up2 8 3 4T"
UNNAMED = {
    "a shortcut": (
        "decoder.b1.conv1 8 16 3, decoder.b1.conv2 8 8 3, decoder.b1.downsample.0 8 16 1",
        "are a residual block with a shortcut, and weights do not tell how they meet; export the model to ONNX",
    ),
    "a shortcut that keeps the channels": (
        "decoder.b1.conv1 16 16 3, decoder.b1.conv2 16 16 3, decoder.b1.downsample.0 16 16 1",
        "are a residual block with a shortcut",
    ),
    "queries, keys and values": (
        "decoder.mid.q 16 16 1, decoder.mid.k 16 16 1, decoder.mid.v 16 16 1, decoder.mid.out 16 16 1",
        "are of attention, and weights do not tell how they meet; export the model to ONNX",
    ),
    "the three in one layer": (
        "decoder.mid.first 48 16 1, decoder.mid.second 16 16 1",
        "are of attention, and weights do not tell how they meet; export the model to ONNX",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNNAMED)
def test_blocks_that_only_shapes_tell_are_refused(kind: str, tmp_path: Path) -> None:
    block, reason = UNNAMED[kind]
    assert reason in refused(tmp_path / "vae.pt", archive(weights_of(f"{STEM}, {block}, {LAST}")))


def test_attention_of_one_parameter_is_refused(tmp_path: Path) -> None:
    w = weights_of(f"{STEM}, decoder.mix.out_proj 16 16, {LAST}") | {
        "decoder.mix.in_proj_weight": np.ones((48, 16), np.float32)
    }
    assert "decoder.mix is of a residual block or of attention" in refused(tmp_path / "vae.pt", archive(w))


BLOCKS = {
    "two convolutions and their norms": (
        "decoder.m.0.conv1 16 16 3, decoder.m.0.bn1 16, decoder.m.0.conv2 16 16 3, decoder.m.0.bn2 16",
        "dense conv/1p1 norm relu conv/1p1 norm relu up/2p1 relu up/2p1",
    ),
    "an activation, then a kernel of 3 before one of 1": (
        "decoder.blocks.1.conv.1 8 16 3, decoder.blocks.1.conv.3 16 8 1",
        "dense relu conv/1p1 relu conv/1p0 relu up/2p1 relu up/2p1",
    ),
    "norms first": (
        "decoder.m.0.bn1 16, decoder.m.0.conv1 16 16 3, decoder.m.0.bn2 16, decoder.m.0.conv2 16 16 3",
        "dense norm relu conv/1p1 norm relu conv/1p1 relu up/2p1 relu up/2p1",
    ),
    "dense layers back to their width": (
        "decoder.blocks.0.fc1 64 1024, decoder.blocks.0.fc2 1024 64",
        "dense relu dense relu dense relu up/2p1 relu up/2p1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
def test_blocks_that_shapes_tell_are_read_as_residual_and_that_is_said(kind: str, tmp_path: Path) -> None:
    block, operations = BLOCKS[kind]
    (tmp_path / "vae.pt").write_bytes(archive(weights_of(f"{STEM}, {block}, {LAST}")))
    assert told(tmp_path / "vae.pt", "decoder") == operations
    parsed = read_model(tmp_path / "vae.pt", USUAL)
    sums = [node for node in parsed.graph.nodes if node.name.endswith(".sum")]
    assert len(sums) == 1
    assert parsed.blocks == "residual"
    assert "as residual, x + f(x), a guess; --blocks plain reads them as a row" in parsed.remarks[-1]
    plain = read_model(tmp_path / "vae.pt", Choices(hidden="relu", blocks="plain"))
    assert not any(node.name.endswith(".sum") for node in plain.graph.nodes)
    assert plain.blocks == "plain"
    assert plain.remarks[-1].endswith("one after the other")


def test_a_residual_block_adds_what_it_takes(tmp_path: Path) -> None:
    w = weights_of(
        f"encoder.0 12 36, {HEADS.format(12)}, decoder.0 12 2, decoder.m.0.fc1 5 12, decoder.m.0.fc2 12 5, "
        "decoder.2 36 12"
    )
    (tmp_path / "vae.pt").write_bytes(archive(w))
    z = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"decoder.{name}.weight"].T + w[f"decoder.{name}.bias"]

    x = np.maximum(dense(z, "0"), 0)
    x = np.maximum(x + dense(np.maximum(dense(x, "m.0.fc1"), 0), "m.0.fc2"), 0)
    same(opened([tmp_path / "vae.pt"], USUAL).decode(z), 1 / (1 + np.exp(-dense(x, "2"))))


def shuffled(x: np.ndarray, times: int) -> np.ndarray:
    """Make pixels of channels: out[c, h·r + i, w·r + j] = in[c·r² + i·r + j, h, w], as PixelShuffle is defined."""
    count, channels, height, width = x.shape
    made = np.zeros((count, channels // times**2, height * times, width * times), x.dtype)
    for down in range(times):
        for across in range(times):
            made[:, :, down::times, across::times] = x[:, down * times + across :: times**2]
    return made


def test_channels_become_pixels(tmp_path: Path) -> None:
    w = weights_of(
        f"encoder.0 4 3 4, encoder.2 8 4 4, {HEADS.format(512)}, fc 512 2, decoder.0 16 8 1, decoder.3 12 4 1"
    )
    (tmp_path / "vae.pt").write_bytes(archive(w))
    z = np.random.default_rng(0).standard_normal((3, 2)).astype(np.float32)
    x = (z @ w["fc.weight"].T + w["fc.bias"]).reshape(-1, 8, 8, 8)
    for name in ("decoder.0", "decoder.3"):
        x = np.einsum("oi,nihw->nohw", w[f"{name}.weight"][..., 0, 0], x) + w[f"{name}.bias"][:, None, None]
        x = shuffled(np.maximum(x, 0) if name == "decoder.0" else x, 2)
    same(opened([tmp_path / "vae.pt"], USUAL).decode(z), (1 / (1 + np.exp(-x))).transpose(0, 2, 3, 1))
