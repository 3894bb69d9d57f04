"""What a data set would be by some options, as a person sees it before it is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.data_options import DataOptions


@dataclass(frozen=True, eq=False)
class PreviewOfData:
    """A data set that has not been laid out.

    Attributes
    ----------
    path, options, format : str, DataOptions, str
        Where it lies, how it would be read, and the name of its format.
    count, train_count, image_shape : int, int, tuple of int
        Number of images, how many of them train, and their height, width and channels.
    classes : tuple of (str, int)
        Names of the classes and how many images each has.
    factor_names : tuple of str
        Names of the factors of variation.
    conversions : tuple of str
        What would be made of the files, in a line each.
    sheet : uint8 array [k, h, w, c]
        Some of the images, made smaller.
    sheet_classes : tuple of str
        The class of each of them, empty without classes.
    keys, label_choices : tuple of str
        What may be named as the images, and as their labels.
    whole : bool
        Whether all files have been looked at; else all but the sheet is to come, and ``count`` is that of the files.
    """

    path: str
    options: DataOptions
    format: str
    count: int
    train_count: int
    image_shape: tuple[int, int, int]
    classes: tuple[tuple[str, int], ...]
    factor_names: tuple[str, ...]
    conversions: tuple[str, ...]
    sheet: NDArray[np.uint8]
    sheet_classes: tuple[str, ...]
    keys: tuple[str, ...] = ()
    label_choices: tuple[str, ...] = ()
    whole: bool = True
