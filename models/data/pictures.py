"""Single picture files, opened with their size known before a pixel is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.core.data_options import AS_FOUND, DataOptions
from models.core.errors import UserError
from models.core.files import reason_of
from models.core.formats import PICTURE_FORMATS
from models.core.images import DAMAGED
from models.core.reading import open_file
from models.data.ranges import Scale, check_finite, range_scale
from models.data.source import Images
from models.data.treatment import resized

MAX_PIXELS = 64_000_000
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F"})
DEEP_MODES = ("I", "F")
# The tag of Exif that says how a camera was held, and its values that exchange width and height.
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)
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
                    raise _too_large(path, f" of {image.height} × {image.width} pixels")
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


def shows_colour(image: Image.Image) -> bool:
    """Return whether an opened picture has colour, by its mode, of a palette by its colours, of a GIF by its pixels."""
    if image.format == "GIF" and image.mode == "RGB":
        # All its pages but the first are so, whatever is in them.
        pixels = np.asarray(image)
        return bool((pixels != pixels[..., :1]).any())
    if image.mode == "P" and image.palette is not None:
        colours = np.frombuffer(image.palette.tobytes(), np.uint8)
        step = len(image.palette.mode)
        red, green, blue = (colours[place : len(colours) // step * step : step] for place in range(3))
        return not (np.array_equal(red, green) and np.array_equal(green, blue))
    return image.mode not in GREY_MODES


def is_deep(image: Image.Image) -> bool:
    """Return whether an opened picture has more than 8 bits a value."""
    return image.mode.startswith(DEEP_MODES)


def _orientation(image: Image.Image) -> object:
    """Return how a picture is stored, 1 if that is upright.

    Exif data at the end of a PNG are not looked for: for these all of it would have to be decoded.
    """
    return 1 if image.format == "PNG" and "exif" not in image.info else image.getexif().get(ORIENTATION, 1)


def is_turned(image: Image.Image) -> bool:
    """Return whether the Exif data of an opened picture say that it is not stored upright."""
    return _orientation(image) in range(2, 9)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of an opened picture once it is turned as its Exif data say, without decoding it."""
    turned = _orientation(image) in TURNED
    return (image.height, image.width) if turned else (image.width, image.height)


def deep_values(image: Image.Image) -> np.ndarray:
    """Return the values [h, w] of a deep picture, upright, as floats or integers."""
    kind = np.float64 if image.mode == "F" else np.int64
    return np.asarray(ImageOps.exif_transpose(image), kind)


def picture_array(image: Image.Image, channels: int, scale: Scale | None = None) -> Images:
    """Decode an opened picture to uint8 [h, w, channels]: upright, what is transparent over white.

    What has more than 8 bits is mapped by ``scale``, else by its own range; UserError if that tells nothing.
    """
    if is_deep(image):
        values = deep_values(image)
        scale = scale or own_scale(values, image)
        image = Image.fromarray(scale.apply(values))
    flat = _over_white(ImageOps.exif_transpose(image)).convert("L" if channels == 1 else "RGB")
    return np.array(flat, np.uint8).reshape(flat.height, flat.width, channels)


def own_scale(values: np.ndarray, image: Image.Image) -> Scale:
    """Return the scale that the values of one deep picture tell; UserError if they tell none."""
    name = Path(str(getattr(image, "filename", "") or "the picture")).name
    check_finite(values[np.newaxis], 0, name)
    return range_scale(values.dtype.kind, float(values.min()), float(values.max()), AS_FOUND, name)


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    ink = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", ink.size, "white"), ink)


def fitted_picture(path: str | Path, image_shape: tuple[int, int, int], options: DataOptions = AS_FOUND) -> Images:
    """Return the picture at ``path`` as one image [1, h, w, c], treated as the data that ``options`` were for."""
    height, width, channels = image_shape
    with opened_picture(Path(path)) as image:
        image.draft(None, (width, height))
        fitted = resized(picture_array(image, channels), (height, width), options.fit)
    return (np.invert(fitted) if options.invert else fitted)[np.newaxis]
