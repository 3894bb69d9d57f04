"""``latentscape encode``: the posterior of every image in a data set."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from explorer.cli.console import print_result
from explorer.cli.science import Data, check_images, compiled, embedded, open_named_model, opened_data
from explorer.cli.targets import allow_replacing, check_target
from models.core.columns import Columns, columns_of
from models.core.descriptions import DataInfo
from models.core.files import output_file
from models.core.npy import map_array
from models.core.steps import finished

if TYPE_CHECKING:
    from models.vae.posterior import Posteriors

# Arrays of the file, and what NumPy's writer takes by name; a column of the data that is called so gets another name.
OWN = ("mu", "sigma", "labels", "model", "model_hash", "file", "allow_pickle")


def encode_data(model: str, data: Data, out: Path, overwrite: bool, as_json: bool) -> int:
    """Write ``mu`` and ``sigma`` [n, d], labels, names and other columns if there are any; return the exit code."""
    check_target(out, ".npz", ".csv")
    allow_replacing([out], overwrite)
    opened, info = open_named_model(model), opened_data(data, silent=as_json)
    check_images(info, opened)
    from models.vae.posterior import summarize

    vae = compiled(opened)
    embedding = embedded(vae, info)
    summary = finished(summarize(embedding, vae.divergence))
    labels = None if info.labels_path is None else np.array(map_array(info.labels_path))
    columns = columns_of(info)
    with output_file(out) as draft:
        if out.suffix == ".csv":
            _write_csv(draft, info, embedding, labels, columns)
        else:
            names = {"model": np.str_(opened.info.name), "model_hash": np.str_(opened.info.digest)}
            _write_npz(draft, embedding, labels, columns, names)
    active, kl = int(summary.active.sum()), float(summary.kl.sum())
    result = {"images": info.count, "out": str(out), "active_units": active, "kl": kl, "conversions": info.conversions}
    print_result(result, [f"{info.count:,} images in {out}: KL {kl:.2f} nats, {active} active units"], as_json)
    return 0


def _write_npz(
    draft: Path,
    embedding: Posteriors,
    labels: np.ndarray | None,
    columns: Columns,
    names: Mapping[str, np.str_],
) -> None:
    texts = {
        f"{word}_column" if word in OWN else word: np.array(list(column), np.str_) for word, column in columns.items()
    }
    known = {} if labels is None else {"labels": labels}
    with draft.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, mu=embedding.mu, sigma=embedding.sigma, **known, **texts, **names)


def _write_csv(draft: Path, info: DataInfo, embedding: Posteriors, labels: np.ndarray | None, columns: Columns) -> None:
    """Write a row for each image: its columns and label, then μ and σ of each dimension."""
    dims = range(embedding.mu.shape[1])
    named = dict(enumerate(info.label_names))
    with draft.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        label = [] if labels is None else ["label"]
        texts = [word for word in columns if word != "label"]
        rows.writerow([*texts, *label, *(f"mu_{dim}" for dim in dims), *(f"sigma_{dim}" for dim in dims)])
        for index, (mu, sigma) in enumerate(zip(embedding.mu.tolist(), embedding.sigma.tolist(), strict=True)):
            known = [] if labels is None else [named.get(int(labels[index]), int(labels[index]))]
            rows.writerow([*(columns[word][index] for word in texts), *known, *mu, *sigma])
