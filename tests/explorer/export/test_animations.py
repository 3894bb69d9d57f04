"""Animations: what is read again from every kind of file is what was written."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from explorer.export.animations import NO_VIDEO, Animation, CancelledError, earlier_frames, write_animation
from models.core.errors import UserError
from models.core.walk_settings import Play

RNG = np.random.default_rng(4)
GREY, COLOUR = (RNG.random((5, 6, 7, channels)).astype(np.float32) for channels in (1, 3))
SHAPE = (6, 7, 1)


def _expected(frames: np.ndarray, zoom: int) -> np.ndarray:
    return np.rint(frames * 255).astype(np.uint8).repeat(zoom, axis=1).repeat(zoom, axis=2)


def _read(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)])


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
@pytest.mark.parametrize("frames", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(("play", "order"), [("loop", [0, 1, 2, 3, 4]), ("ping-pong", [0, 1, 2, 3, 4, 3, 2, 1])])
def test_an_animation_has_these_pixels(
    tmp_path: Path, suffix: str, frames: np.ndarray, play: Play, order: list[int]
) -> None:
    animation = Animation(tmp_path / f"walk{suffix}", zoom=2, rate=10.0, play=play)
    write_animation(animation, frames, 5)
    expected = np.broadcast_to(_expected(frames, 2)[order], (len(order), 12, 14, 3))
    # No frame of these has more than 256 colours.
    assert np.array_equal(_read(animation.path), expected)
    with Image.open(animation.path) as picture:
        picture.seek(1)
        picture.load()
        assert picture.info["loop"] == 0
        assert picture.info["duration"] == 100


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_once_is_once(tmp_path: Path, suffix: str) -> None:
    animation = Animation(tmp_path / f"walk{suffix}", play="once")
    write_animation(animation, GREY, 5)
    with Image.open(animation.path) as picture:
        assert picture.info.get("loop", 1) == 1


def test_a_strip_has_the_frames_beside_each_other(tmp_path: Path) -> None:
    write_animation(Animation(tmp_path / "walk.png", zoom=1), COLOUR, 5)
    (strip,) = _read(tmp_path / "walk.png")
    assert strip.shape == (6, 5 * 9 - 2, 3)
    assert all(np.array_equal(strip[:, 9 * i : 9 * i + 7], frame) for i, frame in enumerate(_expected(COLOUR, 1)))


def test_a_folder_has_the_frames_and_none_of_an_earlier_walk(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    for count in (5, 3):
        write_animation(Animation(folder, zoom=1, play="ping-pong"), GREY[:count], count)
    assert [path.name for path in earlier_frames(folder)] == [f"frame-000{i}.png" for i in (1, 2, 3)]
    assert np.array_equal(_read(folder / "frame-0003.png")[0, :, :, :1], _expected(GREY, 1)[2])


@pytest.mark.parametrize(("suffix", "milliseconds"), [(".gif", 30), (".apng", 33), (".webp", 33)])
def test_a_gif_counts_in_hundredths_of_a_second(suffix: str, milliseconds: int) -> None:
    assert Animation(Path(f"walk{suffix}"), rate=30.0).milliseconds == milliseconds


def test_progress_counts_both_ways_and_cancel_leaves_nothing(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_animation(Animation(tmp_path / "a.gif"), GREY, 5, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (10, 10)
    for asked in (2, 8):
        answers = iter([False] * asked + [True] * 50)
        with pytest.raises(CancelledError):
            write_animation(Animation(tmp_path / "b.gif"), GREY, 5, cancelled=lambda answers=answers: next(answers))
    assert [path.name for path in tmp_path.iterdir()] == ["a.gif"]


@pytest.mark.parametrize(
    ("animation", "reason"),
    [
        (Animation(Path("walk.avi")), r"walk.avi: the file must end in .png, .gif, .apng, .webp, .mp4"),
        (Animation(Path("walk.gif"), rate=0.0), "--rate"),
        (Animation(Path("walk.gif"), zoom=0), "--zoom"),
        (
            Animation(Path("walk.png"), zoom=64),
            "a strip of 2000 frames of this size is too large; choose a smaller zoom",
        ),
    ],
)
def test_what_cannot_be_written_is_named_before(animation: Animation, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        animation.check(SHAPE, 2000)


def test_a_video_without_ffmpeg_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=rf"{NO_VIDEO}: it is not installed; pip install 'latentscape\[video\]'"):
        Animation(Path("walk.mp4")).check(SHAPE, 5)


# The package leaves pipes of its processes to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_a_video_has_even_sides_and_the_same_bits_again(tmp_path: Path) -> None:
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    paths = [tmp_path / f"{name}.mp4" for name in "ab"]
    for path in paths:
        write_animation(Animation(path, zoom=3, rate=25.0), GREY, 5)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    frames: Iterator[object] = ffmpeg.read_frames(str(paths[0]))
    about = next(frames)
    assert isinstance(about, dict)
    assert (about["size"], about["fps"], len(list(frames))) == ((22, 18), 25.0, 5)
