"""``latentscape walk``: a path through the latent space as an animation, with the evidence along it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.cli.console import print_result, progress_bar, table
from explorer.cli.science import Data, check_images, compiled, finite, open_named_model, opened_data
from explorer.cli.targets import allow_replacing, check_target
from explorer.export.animations import Animation, earlier_frames, write_animation
from explorer.export.walks import TABLES, Recipe, read_recipe, write_recipe, write_table
from models.core.arrays import Floats32, Floats64
from models.core.descriptions import DataInfo
from models.core.errors import UserError
from models.core.geometry import standard_noise
from models.core.npy import map_array
from models.core.steps import finished
from models.core.walk_settings import WalkSettings
from models.core.walks import Evidence, Walk, checked_keys

if TYPE_CHECKING:
    from models.paths.evidence import Embedded
    from models.vae.model import VAE
    from models.vae.model_file import OpenedModel

POINTS = "image:N, sample:SEED or numbers separated by commas"


def walk_and_write(model: str, options: Mapping[str, Any]) -> int:
    """Walk as ``options`` say, write the files that they name and print the result; return the exit code."""
    opened = open_named_model(model)
    recipe = None if options["recipe"] is None else read_recipe(options["recipe"])
    settings = recipe.settings if recipe is not None else _settings(options)
    animation = _checked_targets(options, opened.info.image_shape, settings.frames)
    if recipe is not None:
        recipe.check_model(opened.info.name, opened.info.digest)
    material = _Material(opened, _data_of(options, recipe, opened))
    keys = recipe.keys if recipe is not None else _keys(options, material)
    checked_keys(keys, settings, opened.info.latent_dim)
    recipe = recipe or _recipe(material, keys, settings)
    walk, evidence = _walked(material, recipe)
    if animation is not None:
        _animate(material, animation, walk)
    if options["table"] is not None:
        write_table(options["table"], walk, evidence)
    if options["write_recipe"] is not None:
        write_recipe(options["write_recipe"], recipe)
    result = _result(material, recipe, evidence, animation)
    print_result(result, _lines(result), options["as_json"])
    return 0


def _settings(options: Mapping[str, Any]) -> WalkSettings:
    return WalkSettings(**{field.name: options[field.name] for field in fields(WalkSettings)})


def _checked_targets(options: Mapping[str, Any], shape: tuple[int, int, int], frames: int) -> Animation | None:
    """Reject files that cannot be written, or are there and may not be replaced; return what is to be animated."""
    out, table_path, recipe = options["out"], options["table"], options["write_recipe"]
    animation = None if out is None else Animation(out, options["zoom"], options["rate"], options["play"])
    if animation is not None:
        animation.check(shape, frames)
    if table_path is not None:
        check_target(table_path, *TABLES)
    if recipe is not None:
        check_target(recipe, ".json")
    there = [] if out is None else [out] if out.suffix else earlier_frames(out)
    allow_replacing([*there, *(path for path in (table_path, recipe) if path is not None)], options["overwrite"])
    return animation


# ------------------------------------------------------------------------------------------------- model and data


@dataclass
class _Material:
    """The model ready for use, and the data with their posteriors as soon as they are needed."""

    opened: OpenedModel
    named: Data

    @cached_property
    def vae(self) -> VAE:
        return compiled(self.opened)

    @cached_property
    def info(self) -> DataInfo:
        info = opened_data(self.named, silent=True)
        check_images(info, self.opened)
        return info

    @cached_property
    def embedded(self) -> Embedded:
        # It starts TensorFlow, as the workers do.
        vae = self.vae
        from models.data.opening import load_images
        from models.paths.evidence import Embedded
        from models.vae.posterior import EMBED_SLICE, embed

        if not self.opened.info.has_encoder:
            raise UserError(self.opened.info.name, "this model is a decoder alone: it encodes no images")
        with progress_bar() as bar:
            task = bar.add_task("images", total=self.info.count)
            posteriors = finished(embed(vae, load_images(self.info)), lambda _: bar.advance(task, EMBED_SLICE))
        labels = None if self.info.labels_path is None else np.array(map_array(self.info.labels_path))
        return Embedded(posteriors, labels)

    @property
    def used(self) -> bool:
        """Whether the posteriors of the data are known."""
        return "embedded" in self.__dict__


def _data_of(options: Mapping[str, Any], recipe: Recipe | None, opened: OpenedModel) -> Data:
    """Return the data as they were named: by the option, in the recipe, or in the model file."""
    if options["data"] is not None:
        return Data(options["data"], options["data_options"])
    if recipe is not None and recipe.data:
        return Data(recipe.data, recipe.data_options)
    return Data(opened.info.dataset, opened.info.data_options)


def _recipe(material: _Material, keys: Floats64, settings: WalkSettings) -> Recipe:
    info = material.opened.info
    if not settings.needs_data:
        return Recipe(info.name, info.digest, keys, settings)
    data = material.info
    return Recipe(info.name, info.digest, keys, settings, material.named.name, data.digest, material.named.options)


# ------------------------------------------------------------------------------------------------------ key points


def _keys(options: Mapping[str, Any], material: _Material) -> Floats64:
    """Return the key points [k, d]: from the command line, or from a file."""
    from models.data.latents import read_latents

    named = [point for point in (options["start"], *options["via"], options["end"]) if point is not None]
    if options["keys"] is not None:
        if named:
            raise UserError("--keys", "the points are in the file", "leave out --from, --via and --to")
        return read_latents(options["keys"], material.opened.info.latent_dim).z.astype(np.float64)
    if not named:
        raise UserError("--from", "the walk has no points", f"give {POINTS}, or --keys FILE")
    return np.stack([_point(text, material) for text in named])


def _point(text: str, material: _Material) -> Floats64:
    """Return the key point that ``text`` names, float64 [d]."""
    kind, _, number = text.partition(":")
    dims = material.opened.info.latent_dim
    if kind == "image":
        index, count = _index(text, number), material.info.count
        if index >= count:
            raise UserError(text, f"{material.info.name} has {count} images, counted from 0")
        return np.asarray(material.embedded.posteriors.mu[index], np.float64)
    if kind == "sample":
        return np.asarray(standard_noise(_index(text, number), 1, dims, material.vae.space.prior)[0], np.float64)
    try:
        values = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise UserError(text, f"this is not a point: {POINTS}") from error
    if len(values) != dims:
        raise UserError(text, f"the model has {dims} latent dimensions, but these are {len(values)} numbers")
    return values


def _index(text: str, number: str) -> int:
    if not number.isdecimal():
        raise UserError(text, "the colon must be followed by a whole number from 0")
    return int(number)


# --------------------------------------------------------------------------------------------------------- the walk


def _walked(material: _Material, recipe: Recipe) -> tuple[Walk, Evidence]:
    vae, settings = material.vae, recipe.settings
    from models.paths.evidence import measuring
    from models.paths.walk import Ways, walking

    if settings.needs_data:
        recipe.check_data(material.info.name, material.info.digest)
    known = material.embedded if settings.needs_data or material.used else None
    posteriors = None if known is None else known.posteriors
    with progress_bar() as bar:
        task = bar.add_task("path", total=1.0)
        walk = finished(
            walking(vae, settings, recipe.keys, posteriors, Ways()), lambda share: bar.update(task, completed=share)
        )
        bar.update(task, description="evidence")
        work = measuring(vae, walk.z, settings.returns, known)
        evidence = finished(work, lambda share: bar.update(task, completed=share))
    return walk, evidence


def _animate(material: _Material, animation: Animation, walk: Walk) -> None:
    with progress_bar() as bar:
        task = bar.add_task("frames", total=len(walk.z))
        write_animation(
            animation, _frames(material, walk.z), len(walk.z), lambda done, _: bar.update(task, completed=done)
        )


def _frames(material: _Material, z: Floats32) -> Iterator[Floats32]:
    from models.paths.decoding import tiles

    for tile in tiles(len(z)):
        yield from finite(material.vae.decode(z[tile]), material.opened.info.name)


# ------------------------------------------------------------------------------------------------------- the result


def _result(
    material: _Material, recipe: Recipe, evidence: Evidence, animation: Animation | None
) -> Mapping[str, object]:
    settings, info = recipe.settings, material.opened.info
    files: dict[str, object] = {} if animation is None else {"out": str(animation.path)}
    if animation is not None and animation.moves:
        files |= {"milliseconds": animation.milliseconds, "play": animation.play}
    columns = {name: values.tolist() for name, values in evidence.columns().items()}
    return {
        "model": info.name, "model_digest": info.digest, "kind": settings.kind, "frames": settings.frames,
        "keys": len(recipe.keys), "returns": settings.returns, "length": float(np.nansum(evidence.steps)),
        "evidence": columns, **files,
    }  # fmt: skip


def _lines(result: Mapping[str, Any]) -> list[str]:
    evidence = result["evidence"]
    steps = [step for step in evidence["step"] if math.isfinite(step)]
    rows: list[tuple[str, object]] = [
        ("walk", f"{result['kind']} through {result['keys']} points, {result['frames']} frames"),
        ("length in the picture", f"{result['length']:.4g}, steps of {min(steps):.3g} to {max(steps):.3g}"),
    ]
    for name, text in (
        ("typicality", "typicality"), ("nearest_nats", "nats from the nearest posterior"),
        ("reencoding_sigmas", "re-encoded, in σ"), ("agreement", "agreement of neighbours"),
    ):  # fmt: skip
        if name in evidence:
            rows.append((text, f"{min(evidence[name]):.3g} to {max(evidence[name]):.3g}"))
    if "out" in result:
        rows.append(("written", result["out"]))
    return table(rows)
