"""Single picture files, opened with their size known before a pixel is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.core.errors import UserError
from models.core.files import reason_of
from models.core.formats import PICTURE_FORMATS
from models.core.images import DAMAGED
from models.core.reading import open_file
from models.data.source import Images

MAX_PIXELS = 64_000_000
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})
# Only formats that are pictures: Pillow also knows some that run external programs (EPS) or are containers.
FORMATS = tuple(name.upper() for name in PICTURE_FORMATS)


@contextmanager
def opened_picture(path: Path, content: bytes | None = None) -> Iterator[Image.Image]:
    """Open ``path``, or ``content`` from within it, without decoding it.

    UserError if it is no picture, too large, or breaks while it is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            source = open_file(path) if content is None else io.BytesIO(content)
            with source, Image.open(source, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large(path, f" of {image.width} × {image.height} pixels")
                yield image
    except Image.DecompressionBombError as error:
        raise _too_large(path, "") from error
    except UnidentifiedImageError as error:
        raise UserError(path.name, f"this is not a picture that can be read ({', '.join(PICTURE_FORMATS)})") from error
    except OSError as error:
        # Pillow raises OSError without a number for a damaged file; with one the system refused.
        reason = reason_of(error) if error.errno else "the picture is truncated or damaged"
        raise UserError(path.name, reason) from error
    except DAMAGED as error:
        raise UserError(path.name, "the picture is truncated or damaged") from error


def _too_large(path: Path, size: str) -> UserError:
    return UserError(path.name, f"the picture{size} is too large, at most 64 million pixels are read")


def picture_array(image: Image.Image, channels: int) -> Images:
    """Decode an opened picture to uint8 [h, w, channels]; 16-bit grey keeps its upper byte."""
    if image.mode.startswith("I"):
        # Pillow would clip at 255 instead.
        deep = np.clip(np.asarray(image, np.int64), 0, 65535) >> 8
        image = Image.fromarray(deep.astype(np.uint8))
    flat = image.convert("L" if channels == 1 else "RGB")
    return np.array(flat, np.uint8).reshape(flat.height, flat.width, channels)


def fitted_picture(path: str | Path, image_shape: tuple[int, int, int]) -> Images:
    """Return the picture at ``path`` as one image [1, h, w, c]: cropped to the shape's aspect and resampled."""
    height, width, channels = image_shape
    with opened_picture(Path(path)) as image:
        image.draft(None, (width, height))
        upright = ImageOps.exif_transpose(image)
        flat = Image.fromarray(picture_array(upright, channels).squeeze())
        fitted = ImageOps.fit(flat, (width, height), Image.Resampling.LANCZOS)
        return np.array(fitted, np.uint8).reshape(1, *image_shape)
