"""Data in many pieces: folders of ``.npz`` shards and TFRecord files, intact, damaged, and as written by TensorFlow."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models.core.errors import UserError
from models.data.opening import load_images, open_data
from tests.models.conftest import blobs
from tests.support.places import ROOT

IMAGES = blobs(40)
LABELS = np.arange(40) % 3


def png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image.squeeze()).save(buffer, "PNG")
    return buffer.getvalue()


def example(image: np.ndarray, label: int | None, raw: bool) -> bytes:
    features = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image.tobytes() if raw else png(image)]))
    }
    integers = dict(zip(("height", "width", "depth"), image.shape, strict=True)) if raw else {}
    integers |= {} if label is None else {"label": label}
    features |= {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=[value])) for name, value in integers.items()
    }
    message: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    return message


def write_records(
    path: Path, images: np.ndarray, labels: np.ndarray | None = None, raw: bool = True, packed: str = ""
) -> None:
    with tf.io.TFRecordWriter(str(path), packed) as writer:
        for index, image in enumerate(images):
            writer.write(example(image, None if labels is None else int(labels[index]), raw))


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        open_data(path)
    return str(caught.value)


@pytest.mark.parametrize("labels", [LABELS, None])
def test_shards_come_out_one_after_the_other(labels: np.ndarray | None, tmp_path: Path) -> None:
    for index, part in enumerate(np.split(np.arange(40), [7, 20])):
        extra = {} if labels is None else {"labels": labels[part]}
        np.savez(tmp_path / f"part-{index}.npz", images=IMAGES[part], **extra)
    info = open_data(tmp_path)
    assert np.array_equal(load_images(info), IMAGES)
    assert (info.labels_path is None) == (labels is None)
    assert labels is None or np.array_equal(np.load(info.labels_path), labels)


def test_a_shard_that_is_damaged_or_unlike_the_first_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES)
    np.savez(tmp_path / "b.npz", images=IMAGES)
    whole = (tmp_path / "b.npz").read_bytes()
    (tmp_path / "b.npz").write_bytes(whole[: len(whole) // 2])
    assert refusal(tmp_path) == "b.npz: the file is truncated or damaged"
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    (tmp_path / "b.npz").write_bytes(changed)
    assert refusal(tmp_path) == "b.npz: the file is truncated or damaged"
    np.savez(tmp_path / "b.npz", images=IMAGES[:, :4])
    assert refusal(tmp_path).startswith("b.npz: its images are 4 × 5 × 1")
    np.savez(tmp_path / "b.npz", images=IMAGES, labels=LABELS)
    assert refusal(tmp_path).startswith("b.npz: either it or a.npz has labels")


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("name", ["set.tfrecord", "set.data"])
def test_records_that_tensorflow_wrote_come_out_the_same(raw: bool, name: str, tmp_path: Path) -> None:
    write_records(tmp_path / name, IMAGES, LABELS - 1, raw)
    info = open_data(tmp_path / name)
    assert np.array_equal(load_images(info), IMAGES)
    assert np.array_equal(np.load(info.labels_path), LABELS - 1)


def test_features_beside_the_image_are_skipped_and_of_several_values_the_first_is_taken(tmp_path: Path) -> None:
    def numbers(*values: int) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    size = dict(zip(("height", "width", "depth"), map(numbers, IMAGES.shape[1:]), strict=True))
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[IMAGES[0].tobytes(), b"another"]))
    score = tf.train.Feature(float_list=tf.train.FloatList(value=[0.5]))
    features = {**size, "image": image, "label": numbers(-(1 << 63), 7), "score": score, "empty": tf.train.Feature()}
    message = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    # The name of the last feature is not valid UTF-8, and so not one that is read.
    stranger = b"\x0a\x08\x0a\x06\x0a\x02\xff\xfe\x12\x00"
    with tf.io.TFRecordWriter(str(tmp_path / "set.tfrecord")) as writer:
        for _ in range(2):
            writer.write(message + stranger)
    info = open_data(tmp_path / "set.tfrecord")
    assert np.array_equal(load_images(info), IMAGES[[0, 0]])
    assert np.load(info.labels_path).tolist() == [-(1 << 63)] * 2


def test_records_are_read_without_tensorflow(tmp_path: Path) -> None:
    write_records(tmp_path / "set.tfrecord", IMAGES)
    script = (
        "import sys; from models.data.opening import open_data;"
        "print(open_data(sys.argv[1]).count, 'tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "set.tfrecord")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.split() == ["40", "False"]


def test_packed_records_come_out_the_same_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.tfrecord"
    write_records(path, IMAGES, packed="GZIP")
    assert np.array_equal(load_images(open_data(path)), IMAGES)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == "set.tfrecord: the file is truncated or damaged"


def test_a_folder_of_records_in_colour_without_labels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 4, 3, 3), np.uint8)
    write_records(tmp_path / "train.tfrecord-00000-of-00002", images[:5], raw=False)
    write_records(tmp_path / "train.tfrecord-00001-of-00002", images[5:])
    info = open_data(tmp_path)
    assert np.array_equal(load_images(info), images)
    assert info.labels_path is None


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, "the checksum of its length is wrong"), (60, "its checksum is wrong, it is damaged"), (-1, "its checksum")],
)
def test_a_damaged_record_is_named(place: int, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "set.tfrecord"
    write_records(path, IMAGES)
    content = bytearray(path.read_bytes())
    size = len(content) // len(IMAGES)
    content[17 * size + place % size] ^= 4
    path.write_bytes(content)
    assert refusal(path).startswith(f"set.tfrecord: record 17: {expected}")
    path.write_bytes(content[: 16 * size + 30])
    assert refusal(path) == "set.tfrecord: record 16: the file is truncated"


def test_a_record_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.tfrecord"
    cases = {
        b"\x0a\xff": "this is not a tf.train.Example",
        b"": "it has no feature image of bytes",
        example(IMAGES[0, :3], None, raw=True): "its image is 3 × 5 × 1, but the first is 6 × 5 × 1",
        example(IMAGES[0], 1, raw=True): "either it or the first has a label",
    }
    for content, expected in cases.items():
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(example(IMAGES[0], None, raw=True))
            writer.write(content)
        assert refusal(path).startswith(f"set.tfrecord: record 1: {expected}")


def feature(value: bytes | list[int] | list[float]) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if isinstance(value[0], int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=value))
    return tf.train.Feature(float_list=tf.train.FloatList(value=value))


@pytest.mark.parametrize("kind", ["image_raw", "image/encoded", "img", "x"])
def test_records_of_other_names_and_types_come_out_the_same(kind: str, tmp_path: Path) -> None:
    images = np.random.default_rng(5).integers(0, 256, (12, 6, 6, 1), np.uint8)
    words = [b"cat", b"dog", b"eel"]
    with tf.io.TFRecordWriter(str(tmp_path / "set.tfrecord")) as writer:
        for number, image in enumerate(images):
            content = {
                "image_raw": image.tobytes(), "image/encoded": png(image), "img": image.ravel().tolist(),
                "x": (image / 255.0).ravel().tolist(),
            }[kind]  # fmt: skip
            features = {kind: feature(content), "image/class/text": feature(words[number * 2 % 3])}
            message = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(message.SerializeToString())
    info = open_data(tmp_path / "set.tfrecord")
    assert np.array_equal(load_images(info), images)
    assert info.label_names == ("cat", "dog", "eel")
    assert np.load(info.labels_path).tolist() == [number * 2 % 3 for number in range(12)]
    assert info.conversions[0] == f"the image is the feature {kind}, its label image/class/text"


def test_a_record_without_an_image_says_what_it_has(tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "set.tfrecord")) as writer:
        features = {"audio": feature([0.5]), "score": feature([1])}
        writer.write(tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString())
    assert "it has no feature image of bytes or numbers (it holds audio, score); --key names it" in refusal(
        tmp_path / "set.tfrecord"
    )
