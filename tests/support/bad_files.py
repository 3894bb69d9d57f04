"""Files that are not what they claim to be, each with a word that its error message must contain."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

from resources import dataset_path, model_path

Maker = Callable[[Path], Path]
SIDE = 30_000


def _bytes(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _array(name: str, values: np.ndarray) -> Maker:
    def make(folder: Path) -> Path:
        np.save(folder / name, values, allow_pickle=True)
        return folder / name

    return make


def _cut(source: Path, name: str, share: float) -> Maker:
    def make(folder: Path) -> Path:
        content = source.read_bytes()
        return _bytes(name, content[: int(len(content) * share)])(folder)

    return make


def _archive_without_images(folder: Path) -> Path:
    np.savez(folder / "other.npz", mean=np.zeros(4, np.float32), names=np.array(["a", "b"]))
    return folder / "other.npz"


def _archive_with_pickle(folder: Path) -> Path:
    np.savez(folder / "objects.npz", images=np.array([{"a": 1}, None], object))
    return folder / "objects.npz"


def _empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    (folder / "empty" / "notes.txt").write_text("no picture")
    return folder / "empty"


def _beside_classes(folder: Path) -> Path:
    (folder / "mixed" / "class").mkdir(parents=True)
    for place in ("a.png", "b.png", "class/c.png"):
        Image.new("L", (28, 28)).save(folder / "mixed" / place)
    return folder / "mixed"


def _huge_picture(folder: Path) -> Path:
    """Return a complete PNG of 30 000 × 30 000 black pixels in a few hundred kilobytes."""
    packer, row = zlib.compressobj(1), bytes(1 + SIDE // 8)
    pixels = b"".join([*(packer.compress(row) for _ in range(SIDE)), packer.flush()])
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return _bytes("huge.png", b"\x89PNG\r\n\x1a\n" + body)(folder)


def _huge_in_folder(folder: Path) -> Path:
    (folder / "poster").mkdir()
    _huge_picture(folder / "poster")
    return folder / "poster"


def _cut_picture(folder: Path) -> Path:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    Image.fromarray(noise).save(buffer, format="PNG")
    return _bytes("cut.png", buffer.getvalue()[:1500])(folder)


def _damaged_latent(folder: Path) -> Path:
    text = PngInfo()
    text.add_itxt("latentscape", '{"version": 1, "z": [1, 2]}')
    Image.new("L", (28, 28)).save(folder / "latent.png", pnginfo=text)
    return folder / "latent.png"


def _foreign_tensors(folder: Path) -> Path:
    save_file({"a": np.zeros(3, np.float32)}, folder / "foreign.safetensors")
    return folder / "foreign.safetensors"


def _nan_images() -> np.ndarray:
    images = np.zeros((5, 28, 28), np.float32)
    images[3, 4, 4] = np.nan
    return images


DATA: dict[str, tuple[Maker, str]] = {
    "npz truncated": (_cut(dataset_path("mnist_10k"), "cut.npz", 0.6), "truncated or damaged"),
    "npy truncated": (_bytes("cut.npy", b"\x93NUMPY\x01\x00"), "header is damaged"),
    "wrong magic": (_bytes("words.npz", b"these are words, not images"), "not a data set"),
    "empty file": (_bytes("nothing.npy", b""), "empty"),
    "pickle as npy": (_bytes("evil.npy", pickle.dumps([1, 2, 3])), "pickle"),
    "pickle in npy": (_array("objects.npy", np.array([{}, None], object)), "pickle"),
    "pickle in npz": (_archive_with_pickle, "pickle"),
    "npz without images": (_archive_without_images, "no array called images"),
    "wrong shape": (_array("flat.npy", np.zeros((10, 3), np.uint8)), "10 × 3"),
    "five channels": (_array("five.npy", np.zeros((4, 8, 8, 5), np.uint8)), "channels"),
    "NaN pixels": (_array("nan.npy", _nan_images()), "image 3 holds NaN"),
    "one image": (_array("one.npy", np.zeros((1, 28, 28), np.uint8)), "only one image"),
    "no images": (_array("none.npy", np.zeros((0, 28, 28), np.uint8)), "no images"),
    "too large images": (_array("large.npy", np.zeros((2, 600, 600), np.uint8)), "too large"),
    "idx truncated": (_bytes("cut-ubyte.gz", zlib.compress(b"", wbits=31)[:-4]), "truncated or damaged"),
    "pictures beside classes": (_beside_classes, "which are the classes?"),
    "folder without images": (_empty_folder, "no pictures"),
    "huge picture in a folder": (_huge_in_folder, "too large"),
}
PICTURES: dict[str, tuple[Maker, str]] = {
    "no picture": (_bytes("words.png", b"these are words"), "not a picture"),
    "picture truncated": (_cut_picture, "truncated or damaged"),
    "huge picture": (_huge_picture, "too large"),
    "damaged latent": (_damaged_latent, "damaged"),
    "missing": (lambda folder: folder / "gone.png", "no such file"),
}
MODELS: dict[str, tuple[Maker, str]] = {
    "model truncated": (_cut(model_path("mnist-vae-50"), "cut.safetensors", 0.6), "truncated"),
    "no model": (_bytes("words.safetensors", b"these are words, not a model"), "not a .safetensors model"),
    "tensors of others": (_foreign_tensors, "its weights are not those of a network"),
}
EVERY = DATA | PICTURES | MODELS
