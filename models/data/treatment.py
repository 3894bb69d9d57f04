"""What is done with the images of every source alike: bring them to a size, invert black and white."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from models.core.data_options import NO_LABELS, DataOptions, Fit
from models.data.source import MAX_STREAMED_BYTES, Images, Source, check_size

WORDS: dict[Fit, str] = {"crop": "cropped and scaled", "pad": "scaled and padded", "stretch": "stretched"}


def treated(source: Source, options: DataOptions, name: str) -> Source:
    """Return a source with the size, the inversion and the labels that ``options`` ask for."""
    height, width, channels = source.image_shape
    size, notes = options.size or (height, width), list[str]()
    if size != (height, width):
        notes.append(f"images of {height} × {width} were {WORDS[options.fit]} to {size[0]} × {size[1]} pixels")
        check_size(source.count, (*size, channels), name, MAX_STREAMED_BYTES)
    if options.invert:
        notes.append("black and white were exchanged")

    def treat(images: Images) -> Images:
        fitted = (
            images if size == images.shape[1:3] else np.stack([resized(image, size, options.fit) for image in images])
        )
        return np.invert(fitted) if options.invert else fitted

    if options.labels == NO_LABELS:
        source = replace(source, labels=None, label_names=())
    source.notes.extend(notes)
    return replace(
        source,
        image_shape=(*size, channels),
        blocks=_each(treat, source.blocks),
        sample=None if source.sample is None else _after(treat, source.sample),
    )


def _each(treat: Callable[[Images], Images], blocks: Iterator[Images]) -> Iterator[Images]:
    for block in blocks:
        yield treat(block)


def _after(
    treat: Callable[[Images], Images], sample: Callable[[Sequence[int]], Images]
) -> Callable[[Sequence[int]], Images]:
    return lambda numbers: treat(sample(numbers))


def resized(image: Images, size: tuple[int, int], fit: Fit) -> Images:
    """Return an image [h, w, c] with another height and width: cropped, padded with its edge, or stretched."""
    height, width = size
    if image.shape[:2] == (height, width):
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    rows, columns = image.shape[:2]
    if fit == "stretch":
        box, inner = (0.0, 0.0, float(columns), float(rows)), (width, height)
    elif fit == "crop":
        scale = min(columns / width, rows / height)
        left, top = (columns - width * scale) / 2.0, (rows - height * scale) / 2.0
        box, inner = (left, top, left + width * scale, top + height * scale), (width, height)
    else:
        scale = min(width / columns, height / rows)
        inner = max(1, min(width, round(columns * scale))), max(1, min(height, round(rows * scale)))
        box = (0.0, 0.0, float(columns), float(rows))
    small = np.asarray(picture.resize(inner, Image.Resampling.LANCZOS, box), np.uint8)
    small = small.reshape(inner[1], inner[0], image.shape[2])
    return small if fit != "pad" else _padded(small, size)


def _padded(small: Images, size: tuple[int, int]) -> Images:
    """Return an image in the middle of a canvas of the colour that its corners have at the median."""
    corners = small[[0, 0, -1, -1], [0, -1, 0, -1]]
    canvas: Images = np.empty((*size, small.shape[2]), np.uint8)
    canvas[:] = np.median(corners, axis=0).astype(np.uint8)
    top, left = (size[0] - small.shape[0]) // 2, (size[1] - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas
