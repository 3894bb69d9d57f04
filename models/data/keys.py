"""Which of the arrays in a file are the images, and which their labels: by the names that people give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from models.core.data_options import NO_LABELS, DataOptions
from models.core.errors import UserError

IMAGES = (
    "images", "imgs", "x_train", "train_images", "train_x", "x", "data", "arr_0", "image", "img", "pixels", "features",
    "train_data", "data_train", "xtrain", "trainx", "x_test", "test_images", "train_set_x", "test_set_x", "test_data",
)  # fmt: skip
LABELS = ("labels", "label", "y", "targets", "target", "classes", "class", "latents_classes")
# How the name of the labels follows from that of the images.
PAIRS = (("x", "y"), ("X", "Y"), ("images", "labels"), ("image", "label"), ("data", "labels"), ("arr_0", "arr_1"))
# What the part of the images that trains is called, and after it those that may test, in the order of their use.
TRAINS, TESTS = "train", ("test", "val", "valid", "validation", "dev")
SHOWN = 8

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Keys:
    """Names of the images and, where there are any, of their labels; and what to say about the choice.

    ``others`` are the names of all that may be images, ``label_choices`` of all that may be their labels.
    """

    images: str
    labels: str | None
    note: str = ""
    others: tuple[str, ...] = ()
    label_choices: tuple[str, ...] = ()


def choose(shapes: Shapes, options: DataOptions, name: str, last: bool = False) -> Keys:
    """Return the names of images and labels among arrays of these shapes; UserError if it cannot be told.

    In files of MATLAB the number of the image may be the ``last`` axis.
    """
    images = _named(shapes, options.key, name, "--key") if options.key else _images(shapes, name)
    others = [other for other in shapes if other != images]
    shape = shapes[images] or (0,)
    counts = {shape[0], shape[-1]} if last else {shape[0]}
    note = "" if options.key or images == "images" else f"the images are {images}"
    left = [other for other in others if len(shapes[other]) >= 3]
    if note and left:
        note += f"; --key opens {', '.join(left[:SHOWN])}"
    may_be = tuple(key for key, shape in shapes.items() if len(shape) >= 2)
    fitting = tuple(key for key in others if shapes[key] and counts & {shapes[key][0], shapes[key][-1]})
    return Keys(images, _labels(shapes, images, counts, options, name), note, may_be, fitting)


def parts_of(shapes: Shapes, keys: Keys, options: DataOptions) -> list[Keys]:
    """Return the names of what trains and of what tests, where those of ``keys`` are called by what trains.

    Else ``keys`` alone: also if what tests are other images, if only one part has labels, or if names were asked for.
    """
    if options.key or options.labels not in ("", NO_LABELS):
        return [keys]
    labels_of = dict(zip(_renamed(keys.images), _renamed(keys.labels or ""), strict=False))
    for images in _renamed(keys.images):
        labels = labels_of.get(images)
        fits = images in shapes and shapes[images][1:] == shapes[keys.images][1:]
        if fits and (keys.labels is None or labels in shapes):
            others = [key for key in _renamed(keys.images) if key in shapes and key != images]
            more = f"; --key opens {', '.join(others)}" if others else ""
            note = f"the images {keys.images} train, {images} test{more}"
            return [replace(keys, note=note), replace(keys, images=images, labels=labels, note="")]
    return [keys]


def _renamed(name: str) -> Iterator[str]:
    """Yield what the counterpart of a part that trains may be called: ``x_test`` of ``x_train``."""
    for word in TESTS:
        for old, new in ((TRAINS, word), (TRAINS.title(), word.title()), (TRAINS.upper(), word.upper())):
            if old in name:
                yield name.replace(f"{old}ing", new).replace(old, new)


def _images(shapes: Shapes, name: str) -> str:
    # What tests is taken if there is nothing else: in groups of HDF5 it comes first by name.
    shapes = dict(sorted(shapes.items(), key=lambda item: item[0].lower().partition("/")[0] in TESTS))
    lower = {key.lower().rsplit("/", 1)[-1]: key for key in reversed(list(shapes))}
    known = [lower[word] for word in IMAGES if word in lower]
    # A table of numbers may be anything; what has rows and columns goes first.
    for found in (known, list(shapes)):
        pictures = [key for key in found if len(shapes[key]) >= 3]
        if pictures and (found is known or len(pictures) == 1):
            return pictures[0]
        if found is known and found:
            return found[0]
    tables = [key for key in shapes if len(shapes[key]) == 2]
    if len(shapes) == 1 or len(tables) == 1:
        return (tables or list(shapes))[0]
    told = _list(shapes)
    if any(len(shape) >= 2 for shape in shapes.values()):
        raise UserError(name, f"it has no array called images (it holds {told})", "--key says which are the images")
    raise UserError(name, f"it has no array called images (it holds {told})")


def _labels(shapes: Shapes, images: str, counts: set[int], options: DataOptions, name: str) -> str | None:
    if options.labels == NO_LABELS:
        return None
    if options.labels:
        return _named(shapes, options.labels, name, "--labels")
    folder, _, base = images.rpartition("/")
    paired = [base.replace(old, new) for old, new in PAIRS if old in base]
    ends = (*paired, *LABELS, *(word.upper() for word in LABELS))
    for word in (f"{folder}/{end}" if folder else end for end in ends):
        # Text is its own matter: the label of another part of the data has another number of entries.
        if word in shapes and word != images and shapes[word] and counts & {shapes[word][0], shapes[word][-1]}:
            return word
    fitting = [word for word in ends if word in shapes and word != images and shapes[word]]
    return fitting[0] if fitting else None


def _named(shapes: Shapes, key: str, name: str, option: str) -> str:
    if key not in shapes:
        raise UserError(name, f"there is no {key} in it for {option} (it holds {_list(shapes)})")
    return key


def _list(names: Sequence[str] | Shapes) -> str:
    listed = sorted(names)
    return (", ".join(listed[:SHOWN]) + (" …" if len(listed) > SHOWN else "")) or "nothing"
