"""``latentscape neighbours``: the images that lie nearest to one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.cli.console import print_result, table
from explorer.cli.science import Data, check_images, compiled, embedded, open_named_model, opened_data
from models.core.arrays import Floats64
from models.core.columns import NAME, columns_of
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.neighbours import DISTANCES, Metric, refusal
from models.core.npy import map_array
from models.core.steps import finished

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.vae.model import VAE


@dataclass(frozen=True)
class Question:
    """The index of an image, and how many of its neighbours to find by which metric."""

    image: int
    metric: Metric
    count: int


def print_neighbours(model: str, data: Data, question: Question, as_json: bool) -> int:
    """Print the neighbours of an image with their distances; return the exit code."""
    opened, info = open_named_model(model), opened_data(data, silent=as_json)
    check_images(info, opened)
    if question.image >= info.count:
        raise UserError("--image", f"{info.name} has images 0 to {info.count - 1}, but no image {question.image}")
    if fault := refusal(question.metric, opened.info.settings.posterior):
        raise UserError("--metric", fault)
    rows = [_row(info, *found) for found in zip(*_found(compiled(opened), info, question), strict=True)]
    distance = DISTANCES[question.metric]
    result = {
        "model": opened.info.name, "data": info.name, "image": question.image, "metric": question.metric,
        "unit": distance.unit, "neighbours": rows,
    }  # fmt: skip
    head = f"nearest to image {question.image} of {info.name}, {distance.label}, {distance.unit}:"
    print_result(result, [head, *table(map(_told, rows))], as_json)
    return 0


def _found(vae: VAE, info: DataInfo, question: Question) -> tuple[NDArray[np.intp], Floats64]:
    """Return indices and distances of the neighbours of an image, without the image itself."""
    from models.data.opening import load_images
    from models.vae.neighbours import Place, nearest

    posteriors, image = embedded(vae, info), question.image
    picture = vae.decode(posteriors.mu[image : image + 1])[0] if question.metric == "pixels" else None
    place = Place(posteriors.mu[image].astype(np.float64), posteriors.sigma[image].astype(np.float64), picture)
    steps = nearest(place, posteriors, load_images(info), question.metric, vae.space.posterior, question.count + 1)
    indices, distances = finished(steps)
    others = np.flatnonzero(indices != image)[: question.count]
    return indices[others], distances[others]


def _row(info: DataInfo, index: np.intp, distance: np.float64) -> dict[str, object]:
    """Return what is known of a neighbour: index and distance, class and name where there are any."""
    row: dict[str, object] = {"image": int(index), "distance": float(distance)}
    if info.labels_path is not None:
        label = int(map_array(info.labels_path)[index])
        row["class"] = dict(enumerate(info.label_names)).get(label, label)
    names = columns_of(info).get(NAME)
    return row if names is None else row | {"name": names[int(index)]}


def _told(row: dict[str, object]) -> tuple[str, object]:
    known = [f"class {row['class']}"] if "class" in row else []
    return f"  image {row['image']}", "  ".join(
        [f"{row['distance']:<10.5g}", *known, str(row.get("name", ""))]
    ).rstrip()
