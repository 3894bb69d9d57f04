"""A walk from key point to key point: its curve, and its frames at even steps."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import tensorflow as tf
from scipy.sparse import csr_array

from models.core.arrays import Floats64
from models.core.errors import UserError
from models.core.steps import passed_on
from models.core.walk_settings import WalkSettings
from models.core.walks import Walk, checked_keys
from models.numerics.tracing import beside
from models.paths.curves import Curve, closed_spline, even_places, noise_loop, polyline, slerp
from models.paths.decoding import picture_steps
from models.paths.geodesic import Energies, OffData, energy_graph, minimizing_energy
from models.paths.graph import building_graph, nearest_of, thinned, way_on_data
from models.vae.live import LiveVAE
from models.vae.model import VAE
from models.vae.posterior import Posteriors

# Of a geodesic, between two key points; and how many images near the path tell how far away the data are.
SEGMENTS, NEAR_IMAGES = 48, 12
# The length of a curve is measured at so many points for each frame, and by pictures at fewer.
POINTS_PER_FRAME, PICTURES_PER_FRAME, FEWEST_POINTS = 16, 4, 1024
# Of all that takes time, this share is for the curve.
CURVE_SHARE = 0.8


@dataclass
class Ways:
    """What walks with one model and one embedding share: the graph of neighbours, and the traced energy."""

    graphs: dict[int, csr_array] = field(default_factory=dict)
    energies: Energies | None = None


def walking(
    vae: VAE, settings: WalkSettings, keys: Floats64, posteriors: Posteriors | None, ways: Ways
) -> Generator[float, None, Walk]:
    """Return the walk through ``keys`` [k, d], yielding the share that is done.

    :class:`UserError` if there is no such walk, and where ``posteriors`` are needed that are not there.
    """
    points = checked_keys(keys, settings, vae.architecture.latent_dim)
    work = _curve(vae, settings, points, posteriors, ways)
    curve = yield from passed_on(work, lambda share: CURVE_SHARE * share)
    places = yield from _even(vae, settings, curve)
    return Walk(np.ascontiguousarray(curve(places), np.float32), places)


def _curve(
    vae: VAE, settings: WalkSettings, keys: Floats64, posteriors: Posteriors | None, ways: Ways
) -> Generator[float, None, Curve]:
    around = np.concatenate([keys, keys[:1]]) if settings.closed else keys
    match settings.kind:
        case "line":
            return polyline(around)
        case "slerp":
            return slerp(around)
        case "spline":
            return closed_spline(keys)
        case "noise":
            return noise_loop(keys.mean(axis=0), settings.radius, settings.seed)
    if settings.kind == "geodesic":
        return (yield from _geodesic(vae, settings, around, posteriors, ways))
    legs = yield from _legs_on_data(around, posteriors, settings.neighbours, ways)
    ends = zip(around[:-1], legs, around[1:], strict=True)
    return polyline(np.concatenate([*(np.vstack([start, way]) for start, way, _ in ends), around[-1:]]))


def _legs_on_data(
    keys: Floats64, posteriors: Posteriors | None, neighbours: int, ways: Ways
) -> Generator[float, None, list[Floats64]]:
    """Return the means [m, d] on the way between each two key points."""
    if posteriors is None:
        raise UserError("a path near the data", "the model has encoded no data", "open data for it")
    means = np.ascontiguousarray(posteriors.mu[thinned(len(posteriors.mu))], np.float32)
    if neighbours not in ways.graphs:
        ways.graphs[neighbours] = yield from building_graph(means, neighbours)
    return [means[leg].astype(np.float64) for leg in way_on_data(ways.graphs[neighbours], means, keys, neighbours)]


# --------------------------------------------------------------------------------------------------------- geodesics


def _geodesic(
    vae: VAE, settings: WalkSettings, keys: Floats64, posteriors: Posteriors | None, ways: Ways
) -> Generator[float, None, Curve]:
    """Return the geodesic through ``keys``; near the data, its search starts from the path on the data."""
    if isinstance(vae, LiveVAE):
        raise UserError(vae.description.title, "no gradient flows through a Python function, so it has no geodesics")
    if ways.energies is None:
        for _ in beside(partial(_trace, vae, ways)):
            yield 0.0
    energies = ways.energies or _trace(vae, ways)
    legs = [np.zeros((0, keys.shape[1]))] * (len(keys) - 1)
    if settings.off_data > 0.0:
        legs = yield from _legs_on_data(keys, posteriors, settings.neighbours, ways)
    parts = []
    for number, leg in enumerate(legs):
        start = _even_line(np.concatenate([keys[number : number + 1], leg, keys[number + 1 : number + 2]]))
        off_data = _off_data(start, settings.off_data, posteriors)
        work = minimizing_energy(energies, start, off_data)
        share = partial(_share_of_leg, number, len(legs))
        parts.append((yield from passed_on(work, share))[:-1])
    return polyline(np.concatenate([*parts, keys[-1:]]))


def _share_of_leg(number: int, count: int, share: float) -> float:
    return (number + share) / count


def _even_line(points: Floats64) -> Floats64:
    """Return the line through ``points`` at even steps [SEGMENTS + 1, d]."""
    nodes, steps = np.linspace(0.0, 1.0, len(points)), np.linalg.norm(np.diff(points, axis=0), axis=1)
    return polyline(points)(even_places(nodes, steps, SEGMENTS + 1, returns=False))


def _off_data(start: Floats64, weight: float, posteriors: Posteriors | None) -> OffData:
    """Return the posteriors near a path [n + 1, d]; none where they do not count."""
    if weight == 0.0 or posteriors is None:
        nothing = np.zeros((0, start.shape[1]))
        return OffData(nothing, nothing, 0.0)
    count = min(NEAR_IMAGES, len(posteriors.mu))
    near = np.unique(nearest_of(start.astype(np.float32), np.asarray(posteriors.mu), count))
    return OffData(np.asarray(posteriors.mu[near]), np.asarray(posteriors.sigma[near]), weight)


def _trace(vae: VAE, ways: Ways) -> Energies:
    """Trace the energy of curves of this model, compile it by a first call, and keep it."""
    energies = energy_graph(vae.pixels, vae.architecture.latent_dim)
    row = np.zeros((2, vae.architecture.latent_dim), np.float32)
    energies(*map(tf.constant, (row, row[:0], row[:0], np.float32(0.0))))
    ways.energies = energies
    return energies


# -------------------------------------------------------------------------------------------------------- even steps


def _even(vae: VAE, settings: WalkSettings, curve: Curve) -> Generator[float, None, Floats64]:
    """Return the places of the frames on a curve."""
    if settings.spacing == "picture":
        dense = np.linspace(0.0, 1.0, PICTURES_PER_FRAME * settings.frames + 1)
        work = picture_steps(vae, np.ascontiguousarray(curve(dense), np.float32))
        steps = yield from passed_on(work, lambda share: CURVE_SHARE + (1.0 - CURVE_SHARE) * share)
    else:
        dense = np.linspace(0.0, 1.0, max(FEWEST_POINTS, POINTS_PER_FRAME * settings.frames) + 1)
        steps = np.linalg.norm(np.diff(curve(dense), axis=0), axis=1)
    return even_places(dense, steps, settings.frames, settings.returns)
