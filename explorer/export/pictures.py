"""PNG pictures that carry their latent, contact sheets, and the way back from a picture to its point."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile, PngInfo

from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.files import output_file, reason_of
from models.core.formats import PICTURE_FORMATS
from models.core.images import DAMAGED, to_bytes
from models.core.numbers import LARGEST_NUMBER
from models.core.reading import open_file
from models.core.text import shortened

# Keys of texts in a PNG; the second is one that the format defines.
CHUNK, TITLE = "latentscape", "Title"
PILLOW_FORMATS = tuple(name.upper() for name in PICTURE_FORMATS)
VERSION = 1
LARGEST_TEXT = 1_000_000
LARGEST_DIMENSIONS = 4096
SHEET_GAP = 2
MOST_PIXELS = 1 << 26
SHEET_GREY = 64


@dataclass(frozen=True)
class Latent:
    """The origin of a picture: z = μ + σ·ε, each [d], its seed and place in the series, and the model.

    ``image`` is the name of the image whose posterior it is, empty where there is none.
    """

    mu: tuple[float, ...]
    sigma: tuple[float, ...]
    eps: tuple[float, ...]
    z: tuple[float, ...]
    seed: int
    index: int
    model: str
    model_hash: str
    image: str = ""


def png_of(image: Floats32, latent: Latent, zoom: int = 1) -> bytes:
    """Return an image [h, w, c] in 0–1, each pixel ``zoom`` pixels wide, as a PNG with its latent as a text chunk."""
    return _png(_pixels(image, zoom), latent)


def png_at(pixels: NDArray[np.uint8], width: int, smooth: bool, latent: Latent | None) -> bytes:
    """Return pixels [h, w, c] at a ``width`` as a PNG, with the latent that they were decoded from if that is known."""
    return _png(resized(pixels, width, smooth), latent)


def resized(pixels: NDArray[np.uint8], width: int, smooth: bool) -> NDArray[np.uint8]:
    """Return pixels [h, w, c] at a ``width``, in proportion: as squares, or flowing into each other if ``smooth``."""
    height = max(1, round(width * pixels.shape[0] / pixels.shape[1]))
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(_to_pillow(pixels).resize((width, height), way)).reshape(height, width, pixels.shape[2])


def _png(pixels: NDArray[np.uint8], latent: Latent | None) -> bytes:
    text, content = PngInfo(), BytesIO()
    if latent is not None:
        known = {key: value for key, value in asdict(latent).items() if key != "image" or value}
        text.add_itxt(CHUNK, json.dumps({"version": VERSION, **known}))
    _to_pillow(pixels).save(content, format="PNG", pnginfo=text)
    return content.getvalue()


def check_zoom(image_shape: tuple[int, int, int], zoom: int) -> None:
    """Refuse pictures of more than 64 million pixels: :class:`UserError` says how far they can be enlarged."""
    height, width, _ = image_shape
    if height * width * zoom * zoom > MOST_PIXELS:
        most = int((MOST_PIXELS / (height * width)) ** 0.5)
        raise UserError("--zoom", f"pictures of {width * zoom} × {height * zoom} pixels are too large, at most {most}")


def bounded_sheet(images: Floats32, zoom: int) -> tuple[Floats32, int]:
    """Return as many images, and as large, as a sheet of 64 million pixels holds."""
    area = images.shape[1] * images.shape[2]
    bounded = max(1, min(zoom, int((MOST_PIXELS / (area * len(images))) ** 0.5)))
    return images[: max(1, MOST_PIXELS // (area * bounded * bounded))], bounded


def write_contact_sheet(path: Path, images: Floats32, zoom: int = 1, title: str = "") -> None:
    """Write images [n, h, w, c] in 0–1 as one picture, row by row, nearly square.

    The ``title``, if there is one, is kept in the file.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    count, height, width, channels = images.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    step_y, step_x = height * zoom + SHEET_GAP, width * zoom + SHEET_GAP
    size = (rows * step_y - SHEET_GAP, columns * step_x - SHEET_GAP, channels)
    canvas = np.full(size, SHEET_GREY, np.uint8)
    for number, image in enumerate(images):
        top, left = number // columns * step_y, number % columns * step_x
        canvas[top : top + height * zoom, left : left + width * zoom] = _pixels(image, zoom)
    text = PngInfo()
    if title:
        text.add_itxt(TITLE, title)
    with output_file(path) as draft:
        _to_pillow(canvas).save(draft, format="PNG", pnginfo=text)


def read_latent(path: Path) -> Latent | None:
    """Return the latent a picture carries, None for a picture that carries none. Pixels are never decoded.

    Raises
    ------
    UserError
        If the file cannot be read as a picture or its latent is damaged.
    """
    try:
        with warnings.catch_warnings(), open_file(path) as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=PILLOW_FORMATS) as picture:
                text = picture.info.get(CHUNK) if isinstance(picture, PngImageFile) else None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(str(path), "the picture is too large to be opened") from error
    except (UnidentifiedImageError, *DAMAGED) as error:
        raise UserError(str(path), "this is not a picture that can be read") from error
    except OSError as error:
        raise UserError(str(path), f"it cannot be read: {reason_of(error)}") from error
    if text is None:
        return None
    try:
        return _parse(str(text))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise UserError(str(path), f"the latent it carries is damaged: {shortened(error)}") from error


def _parse(text: str) -> Latent:
    if len(text) > LARGEST_TEXT:
        raise ValueError("it is too long")
    stored = json.loads(text)
    if stored["version"] != VERSION:
        raise ValueError(f"its version is {stored['version']!r}, not {VERSION}")
    vectors = {key: np.array(stored[key], np.float64) for key in ("mu", "sigma", "eps", "z")}
    if len({vector.shape for vector in vectors.values()}) != 1 or vectors["z"].ndim != 1:
        raise ValueError("its vectors differ in length")
    if not 0 < len(vectors["z"]) <= LARGEST_DIMENSIONS:
        raise ValueError("it has no plausible number of dimensions")
    if not all(np.isfinite(vector).all() for vector in vectors.values()) or (vectors["sigma"] <= 0).any():
        raise ValueError("it is not finite, or a σ is not positive")
    if any((np.abs(vector) > LARGEST_NUMBER).any() for vector in vectors.values()):
        raise ValueError(f"its numbers are not within ±{LARGEST_NUMBER:,.0f}")
    numbers = {key: tuple(vector.tolist()) for key, vector in vectors.items()}
    return Latent(
        **numbers, seed=int(stored["seed"]), index=int(stored["index"]), model=str(stored["model"]),
        model_hash=str(stored["model_hash"]), image=str(stored.get("image", "")),
    )  # fmt: skip


def _pixels(image: Floats32, zoom: int) -> NDArray[np.uint8]:
    return to_bytes(image).repeat(zoom, axis=0).repeat(zoom, axis=1)


def _to_pillow(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
