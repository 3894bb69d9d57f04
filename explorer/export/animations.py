"""Frames as a file that moves, as a strip, or as a folder of pictures, in one pass over the frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explorer.export.pictures import MOST_PIXELS, SHEET_GAP, SHEET_GREY, check_zoom
from models.core.arrays import Floats32
from models.core.errors import UserError
from models.core.files import make_folder, naming, output_file, sync_folder
from models.core.images import to_bytes
from models.core.walk_settings import MOST_RATE, MOST_ZOOM, Play

MOVING = (".gif", ".apng", ".webp", ".mp4")
SUFFIXES = (".png", *MOVING)
FRAME = "frame-{:04d}.png"
# GIF counts in hundredths of a second, and viewers take less than two of them for ten.
GIF_UNIT, GIF_LEAST = 10, 20
NO_VIDEO = "MP4 needs the package imageio-ffmpeg"
VIDEO_WAY_ON = "pip install 'latentscape[video]', or use .gif, .apng or .webp"

Bytes = NDArray[np.uint8]
Progress = Callable[[int, int], None]


class CancelledError(Exception):
    """The person has cancelled; nothing is left of the file."""


@dataclass(frozen=True)
class Animation:
    """What to write of a series of frames.

    Attributes
    ----------
    path : Path
        Its suffix says what it becomes: one of :data:`SUFFIXES`, where ``.png`` is a strip; without any, a folder.
    zoom : int
        Pixels of the file for each pixel of a frame.
    rate : float
        Frames a second.
    play : str
        Again and again, back and forth again and again, or ``once``.
    """

    path: Path
    zoom: int = 4
    rate: float = 20.0
    play: Play = "loop"

    @property
    def moves(self) -> bool:
        """Whether it has a rate."""
        return self.path.suffix in MOVING

    @property
    def milliseconds(self) -> int:
        """How long a frame is shown: of a GIF in hundredths of a second."""
        wanted = 1000.0 / self.rate
        return max(GIF_LEAST, GIF_UNIT * round(wanted / GIF_UNIT)) if self.path.suffix == ".gif" else round(wanted)

    def check(self, image_shape: tuple[int, int, int], count: int) -> None:
        """Reject what cannot be written, before any work is done: :class:`UserError` says why."""
        if self.path.suffix not in ("", *SUFFIXES):
            raise UserError(
                str(self.path), f"the file must end in {', '.join(SUFFIXES)}, or have no suffix for a folder"
            )
        if self.path.suffix and self.path.is_dir():
            raise UserError(str(self.path), "this is a folder")
        if not 1.0 <= self.rate <= MOST_RATE:
            raise UserError("--rate", f"it must lie between 1 and {MOST_RATE} frames per second, not {self.rate:g}")
        if not 1 <= self.zoom <= MOST_ZOOM:
            raise UserError("--zoom", f"it must lie between 1 and {MOST_ZOOM}, not {self.zoom}")
        check_zoom(image_shape, self.zoom)
        height, width, _ = image_shape
        if self.path.suffix == ".png" and height * width * self.zoom**2 * count > MOST_PIXELS:
            raise UserError(
                str(self.path), f"a strip of {count} frames of this size is too large", "choose a smaller zoom"
            )
        if self.path.suffix == ".mp4":
            _video_writer()


def earlier_frames(folder: Path) -> list[Path]:
    """Return the frames that an earlier export left in ``folder``."""
    return sorted(folder.glob(FRAME.replace("{:04d}", "[0-9]" * 4))) if folder.is_dir() else []


def write_animation(
    animation: Animation,
    frames: Iterable[Floats32],
    count: int,
    tick: Progress = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Take ``count`` frames [h, w, c] in 0–1 as they come, and write them when all are there.

    ``tick`` is told how many of how many frames were taken and written, ``cancelled`` is asked before each.

    Raises
    ------
    UserError
        If the file cannot be written.
    CancelledError
        If it was to be cancelled; of a folder, the frames that are written stay.
    """
    film = _Film(animation, count, tick, cancelled)
    for frame in frames:
        film.take(to_bytes(frame))
    if not animation.path.suffix:
        _write_folder(animation.path, film)
        return
    with output_file(animation.path) as draft:
        if animation.path.suffix == ".png":
            _write_strip(draft, film)
        elif animation.path.suffix == ".mp4":
            _write_video(draft, film, animation.rate)
        else:
            _write_moving(draft, film, animation)


class _Film:
    """The frames as they are played, enlarged when they are asked for; it can be gone through several times."""

    def __init__(self, animation: Animation, count: int, tick: Progress, cancelled: Callable[[], bool]) -> None:
        self._animation, self._count = animation, count
        self._tick, self._cancelled = tick, cancelled
        self._frames: list[Bytes] = []

    def take(self, frame: Bytes) -> None:
        """Add a frame."""
        self._check()
        self._frames.append(frame)
        self._tick(len(self._frames), 2 * self._count)

    def __iter__(self) -> Iterator[Bytes]:
        zoom = self._animation.zoom
        for number, frame in enumerate(self._played, 1):
            self._check()
            yield frame.repeat(zoom, axis=0).repeat(zoom, axis=1)
            self._tick(self._count + min(number, self._count), 2 * self._count)

    @property
    def _played(self) -> list[Bytes]:
        """The frames, and if they go back as well, those between the last and the first again."""
        back = self._frames[-2:0:-1] if self._animation.play == "ping-pong" and self._animation.moves else []
        return [*self._frames, *back]

    def _check(self) -> None:
        if self._cancelled():
            raise CancelledError


def _write_folder(folder: Path, film: _Film) -> None:
    with naming(folder):
        make_folder(folder)
        for path in earlier_frames(folder):
            path.unlink()
    for number, frame in enumerate(film, 1):
        with output_file(folder / FRAME.format(number), durable=False) as draft:
            _picture(frame).save(draft, format="PNG")
    with naming(folder):
        sync_folder(folder)


def _write_strip(draft: Path, film: _Film) -> None:
    frames = list(film)
    gap = np.full((len(frames[0]), SHEET_GAP, frames[0].shape[2]), SHEET_GREY, np.uint8)
    parts = [part for frame in frames for part in (gap, frame)]
    _picture(np.concatenate(parts[1:], axis=1)).save(draft, format="PNG")


def _write_moving(draft: Path, film: _Film, animation: Animation) -> None:
    """Write GIF, APNG or WebP: lossless, except that a frame of a GIF has 256 colours."""
    kind = {".gif": "GIF", ".apng": "PNG", ".webp": "WEBP"}[animation.path.suffix]
    options: dict[str, Any] = {"lossless": True, "quality": 50, "method": 2} if kind == "WEBP" else {}
    # A GIF without a count of loops plays once, 0 means for ever.
    if animation.play != "once":
        options["loop"] = 0
    elif kind != "GIF":
        options["loop"] = 1
    pictures = _Pictures(film, _of_256_colours if kind == "GIF" else _picture)
    first = next(iter(film))
    pictures.make(first).save(
        draft, format=kind, save_all=True, append_images=pictures, duration=animation.milliseconds, **options
    )


@dataclass(frozen=True)
class _Pictures:
    """The frames after the first as pictures, made when Pillow asks: it goes through them twice for an APNG."""

    film: _Film
    make: Callable[[Bytes], Image.Image]

    def __iter__(self) -> Iterator[Image.Image]:
        return map(self.make, islice(self.film, 1, None))


def _of_256_colours(frame: Bytes) -> Image.Image:
    picture = _picture(frame)
    return picture if picture.mode == "L" else picture.quantize(256, Image.Quantize.MEDIANCUT)


def _write_video(draft: Path, film: _Film, rate: float) -> None:
    """Write H.264 that every player can play: sides are made even by repeating the last row and column."""
    height, width, _ = _video_frame(next(iter(film))).shape
    writer = _video_writer()(
        str(draft), (width, height), fps=rate, macro_block_size=1, quality=8,
        output_params=["-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "1"],
    )  # fmt: skip
    writer.send(None)
    try:
        for frame in film:
            writer.send(_video_frame(frame))
    except OSError as error:
        raise UserError(str(draft), "ffmpeg could not write the video") from error
    finally:
        writer.close()


def _video_frame(frame: Bytes) -> Bytes:
    colours = np.broadcast_to(frame, (*frame.shape[:2], 3))
    odd = [(0, side % 2) for side in frame.shape[:2]]
    return np.ascontiguousarray(np.pad(colours, (*odd, (0, 0)), mode="edge"))


def _video_writer() -> Callable[..., Any]:
    try:
        from imageio_ffmpeg import write_frames
    except ImportError as error:
        raise UserError(NO_VIDEO, "it is not installed", VIDEO_WAY_ON) from error
    writer: Callable[..., Any] = write_frames
    return writer


def _picture(pixels: Bytes) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
