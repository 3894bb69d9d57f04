"""Many pictures as one data set, from a folder, an archive or the pages of a file: one size, one depth, one colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from models.core.columns import NAME, PAGE
from models.core.data_options import DataOptions, Range
from models.core.errors import UserError
from models.core.formats import PICTURE_FORMATS
from models.data.division import Division, places_of
from models.data.pictures import deep_values, is_deep, is_turned, picture_array, shows_colour, upright_size
from models.data.ranges import Scale, check_finite, range_scale
from models.data.source import MAX_IMAGE_PIXELS, MAX_STREAMED_BYTES, Images, Labels, Source, Steps, check_size
from models.data.treatment import WORDS, resized

MAX_FILES = 200_000
# Headers read between two yields: a decode in the same process waits no longer than for these.
HEADS_PER_STEP = 20
PICTURES_PER_BLOCK = 4
# The longer side of pictures that are larger than images may be.
USUAL_SIDE = 128
PAGED = ("TIFF", "GIF")
SHOWN = 3
# From so many pictures on, so many are shown before all have been looked at.
MANY, FEW = 2_000, 48
Shape = tuple[int, int, int]
Reader = Callable[[DataOptions], Steps[Source]]


@dataclass(frozen=True)
class Page:
    """A picture, or a page of one, as its header describes it: width and height once upright.

    ``page`` is -1 of a picture without others. ``turned`` is what is not stored upright, ``clear`` what has
    transparency.
    """

    file: int
    page: int
    size: tuple[int, int]
    colour: bool
    deep: bool
    turned: bool
    clear: bool


@dataclass
class Album:
    """Pictures that can be opened by their names, which are in natural order, and what is known of them.

    ``opened`` opens one without decoding it. ``failed`` says by name why some cannot be read. ``columns`` are texts of
    each file, by the name of their column; ``others`` are names of files that are no pictures. What was found out stays
    in ``pages``, of the first ``looked_at`` files, and ``scales``.
    """

    name: str
    names: list[str]
    opened: Callable[[str], AbstractContextManager[Image.Image]]
    division: Division = field(default_factory=Division)
    failed: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    looked_at: int = 0
    scales: dict[Range, Scale] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def few_of(album: Album) -> Reader | None:
    """Return what reads a few pictures from all over an album of very many; None if all are looked at in a moment."""
    count = len(album.names)
    if count < MANY:
        return None
    places = range(0, count, count // FEW)
    labels = album.division.labels
    division = Division(None if labels is None else labels[places], album.division.names)
    few = Album(album.name, [album.names[n] for n in places], album.opened, division)
    return lambda options: album_source(few, options)


def album_source(album: Album, options: DataOptions) -> Steps[Source]:
    """Return the pictures of an album as one data set; UserError if none can be read, or ``strict`` asks for all."""
    yield from _look_at_all(album)
    pages = album.pages
    if not pages or (options.strict and album.failed):
        _refuse(album)
    shape, notes = _shape(pages, options)
    check_size(len(pages), shape, album.name, MAX_STREAMED_BYTES)
    scale = yield from _deep_scale(album, pages, options)
    files = np.array([page.file for page in pages])
    labels: Labels | None = None if album.division.labels is None else album.division.labels[files]
    tests = None if album.division.tests is None else album.division.tests[files]
    notes += [scale.note] if scale is not None and scale.note else []
    if tests is not None:
        notes.append(f"the folders divide the pictures: {int((~tests).sum()):,} train, {int(tests.sum()):,} test")
    dropped, failed = list[int](), dict(album.failed)
    known = [_left_out(failed)] if failed else []
    notes += known
    columns = {word: [values[page.file] for page in pages] for word, values in album.columns.items()}

    def blocks() -> Iterator[Images]:
        for number, page in enumerate(pages):
            try:
                yield _picture(album, page, shape, scale, options)[np.newaxis]
            except UserError as error:
                if options.strict:
                    raise
                dropped.append(number)
                failed[album.names[page.file]] = error.reason
        if len(failed) > len(album.failed):
            notes[:] = [*(note for note in notes if note not in known), _left_out(failed)]

    def sample(numbers: Sequence[int]) -> Images:
        return np.stack([_shown(album, pages[number], shape, scale, options) for number in numbers])

    return Source(
        len(pages),
        shape,
        _gathered(blocks()),
        labels,
        album.division.names if labels is not None else (),
        notes=notes,
        label_choices=tuple(album.columns),
        columns={NAME: [_name(album, page) for page in pages], **columns},
        train_count=None if tests is None else int((~tests).sum()),
        order=places_of(labels, tests, len(pages)),
        dropped=dropped,
        sample=sample,
    )


def _look_at_all(album: Album) -> Steps[None]:
    """Find the pages of all pictures by their headers, from where it was left; without any they are ``failed``."""
    while album.looked_at < len(album.names):
        number = album.looked_at
        name = album.names[number]
        try:
            with album.opened(name) as image:
                album.pages += list(_pages(image, number))
        except UserError as error:
            album.failed[name] = error.reason
        album.looked_at += 1
        if len(album.pages) > MAX_FILES:
            raise UserError(album.name, f"there are more than {MAX_FILES} pictures")
        if number % HEADS_PER_STEP == 0:
            yield number, len(album.names)


def _pages(image: Image.Image, number: int) -> Iterator[Page]:
    count = min(getattr(image, "n_frames", 1), MAX_FILES + 1) if image.format in PAGED else 1
    for page in range(count):
        if count > 1:
            image.seek(page)
        yield Page(
            number, page if count > 1 else -1, upright_size(image), shows_colour(image), is_deep(image),
            is_turned(image), bool(image.has_transparency_data),
        )  # fmt: skip


def _refuse(album: Album) -> None:
    """Raise the UserError of an album of which nothing, or not all, can be read."""
    for name, reason in album.failed.items():
        raise UserError(name, reason)
    held = f", but {', '.join(sorted(album.others)[:SHOWN])}" if album.others else ""
    way_on = "what is in it may be data of its own: open that" if held else ""
    raise UserError(album.name, f"there are no pictures in it ({', '.join(PICTURE_FORMATS)}){held}", way_on)


def _shape(pages: Sequence[Page], options: DataOptions) -> tuple[Shape, list[str]]:
    """Return the shape [h, w, c] of all images, and what to say about it."""
    sizes = Counter(page.size for page in pages)
    (width, height), _ = sizes.most_common(1)[0]
    if options.size is not None:
        height, width = options.size
    elif width * height > MAX_IMAGE_PIXELS:
        scale = USUAL_SIDE / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    others = len(pages) - sizes[width, height]
    colours = sum(page.colour for page in pages)
    resizing = f"{WORDS[options.fit]} to {height} × {width} pixels"
    grey = len(pages) - colours if colours else 0
    told = (
        (others, resizing if others == len(pages) else f"of another size {resizing}"),
        (grey, f"in grey became colour, as the other {colours:,}"),
        (sum(page.turned for page in pages), "turned upright, as the camera noted"),
        (sum(page.clear for page in pages), "with transparency laid over white"),
        (sum(page.page >= 0 for page in pages), "taken from the pages of files"),
    )
    return (height, width, 3 if colours else 1), [f"{_counted(number)} {what}" for number, what in told if number]


def _counted(number: int) -> str:
    return f"{number:,} {'picture' if number == 1 else 'pictures'}"


def _deep_scale(album: Album, pages: Sequence[Page], options: DataOptions) -> Steps[Scale | None]:
    """Return the scale of pictures of more than 8 bits, told by all of them; None without any."""
    deep = [page for page in pages if page.deep]
    if deep and options.range not in album.scales:
        kinds, low, high = set[str](), np.inf, -np.inf
        for number, page in enumerate(deep):
            values = _values(album, page)
            if values is not None:
                kinds.add(values.dtype.kind)
                low, high = min(low, float(values.min())), max(high, float(values.max()))
            yield number, len(deep)
        kind = "f" if "f" in kinds else "i"
        album.scales[options.range] = range_scale(kind, low, high, options, album.name)
    return album.scales[options.range] if deep else None


def _values(album: Album, page: Page) -> np.ndarray | None:
    """Return the values of a deep picture, None if it is damaged: it is left out when the pictures are read."""
    try:
        with album.opened(album.names[page.file]) as image:
            image.seek(max(page.page, 0))
            values = deep_values(image)
    except UserError:
        return None
    check_finite(values[np.newaxis], 0, album.names[page.file])
    return values


def _picture(album: Album, page: Page, shape: Shape, scale: Scale | None, options: DataOptions) -> Images:
    """Decode a page to an image of ``shape``; UserError if it is damaged."""
    height, width, channels = shape
    with album.opened(album.names[page.file]) as image:
        if page.page > 0:
            image.seek(page.page)
        if page.size != (width, height):
            image.draft(None, (width, height))
        return resized(picture_array(image, channels, scale), (height, width), options.fit)


def _shown(album: Album, page: Page, shape: Shape, scale: Scale | None, options: DataOptions) -> Images:
    """Return a page as :func:`_picture` does, black if it is damaged."""
    try:
        return _picture(album, page, shape, scale, options)
    except UserError:
        return np.zeros(shape, np.uint8)


def _gathered(images: Iterator[Images]) -> Iterator[Images]:
    """Yield single images a few at a time."""
    some: list[Images] = []
    for image in images:
        some.append(image)
        if len(some) == PICTURES_PER_BLOCK:
            yield np.concatenate(some)
            some = []
    if some:
        yield np.concatenate(some)


def _name(album: Album, page: Page) -> str:
    """Return the name of a picture, and of a page of several its number from 1."""
    name = album.names[page.file]
    return name if page.page < 0 else f"{name}{PAGE}{page.page + 1}"


def _left_out(failed: dict[str, str]) -> str:
    """Say which pictures were left out, and why."""
    told = "; ".join(f"{name} ({reason})" for name, reason in list(failed.items())[:SHOWN])
    more = f"; and {len(failed) - SHOWN:,} more" if len(failed) > SHOWN else ""
    return f"{_counted(len(failed))} left out: {told}{more}"
