"""A series of samples written as it arrives: pictures one by one, sheet and tables at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from explorer.export.names import PICTURES, SHEET, TABLES, picture_name
from explorer.export.pictures import Latent, bounded_sheet, png_of, write_contact_sheet
from explorer.export.tables import LatentTable, write_csv, write_npz
from models.core.arrays import Floats32
from models.core.files import write_together
from models.protocol.decoding import SampleTile

Progress = Callable[[int, int], None]
LARGEST_SHEET = 1024


@dataclass
class Series:
    """A folder for samples, and the distribution that they are drawn from.

    ``mu`` and ``sigma`` [d] are centre and spread of the draw, ``image`` the name of the image that they come from;
    ``tick`` is told how many pictures of how many are written; ``cancelled`` is asked before each. ``written`` counts
    the samples that have been seen to, ``shown`` those on the contact sheet.
    """

    folder: Path
    mu: Floats32
    sigma: Floats32
    seed: int
    model: str
    model_hash: str
    zoom: int = 4
    pictures: bool = True
    sheet: bool = True
    tables: bool = True
    tick: Progress | None = None
    cancelled: Callable[[], bool] | None = None
    image: str = ""
    written: int = 0
    shown: int = 0
    _eps: list[Floats32] = field(default_factory=list)
    _z: list[Floats32] = field(default_factory=list)
    _images: list[Floats32] = field(default_factory=list)

    def add(self, tile: SampleTile) -> bool:
        """Write the pictures of a tile; False if it was cancelled. Raises ``UserError``."""
        self._eps.append(tile.eps)
        self._z.append(tile.z)
        if self.sheet and sum(map(len, self._images)) < LARGEST_SHEET:
            self._images.append(tile.images)
        before = self.written
        write_together(self._files(tile))
        return self.written - before == len(tile.images)

    def outcome(self, total: int) -> str:
        """Return one sentence on what was written of ``total`` samples."""
        if self.pictures:
            return f"{total} samples written to {self.folder}.{self._left_out(total)}"
        kinds = {"contact sheet": self.sheet, "latents": self.tables}
        things = " and ".join(name for name, chosen in kinds.items() if chosen)
        return f"{things.capitalize()} of {total} samples written to {self.folder}.{self._left_out(total)}"

    def _left_out(self, total: int) -> str:
        shown = min(total, self.shown) if self.sheet else total
        return f" The contact sheet shows the first {shown}." if shown < total else ""

    def _files(self, tile: SampleTile) -> Iterator[tuple[Path, bytes]]:
        """Draw the pictures of a tile one after the other, until the series is cancelled."""
        for offset, image in enumerate(tile.images):
            if self.cancelled is not None and self.cancelled():
                return
            if self.pictures:
                name = picture_name(tile.start + offset + 1, tile.total)
                yield self.folder / PICTURES / name, png_of(image, self._latent(tile, offset), self.zoom)
            self.written += 1
            if self.tick is not None:
                self.tick(self.written, tile.total)

    def finish(self) -> None:
        """Write contact sheet and tables. Raises ``UserError``."""
        if self.sheet:
            images = np.concatenate(self._images)[:LARGEST_SHEET]
            images, zoom = bounded_sheet(images, self.zoom)
            self.shown = len(images)
            write_contact_sheet(self.folder / SHEET, images, zoom, self.image)
        if self.tables:
            table = self._table()
            write_npz(self.folder / TABLES[0], table)
            write_csv(self.folder / TABLES[1], table)

    def _latent(self, tile: SampleTile, offset: int) -> Latent:
        vectors = (self.mu, self.sigma, tile.eps[offset], tile.z[offset])
        mu, sigma, eps, z = (tuple(np.asarray(vector, np.float64).tolist()) for vector in vectors)
        return Latent(mu, sigma, eps, z, self.seed, tile.start + offset, self.model, self.model_hash, self.image)

    def _table(self) -> LatentTable:
        eps, z = np.concatenate(self._eps), np.concatenate(self._z)
        mu, sigma = (np.broadcast_to(vector, z.shape) for vector in (self.mu, self.sigma))
        return LatentTable(mu, sigma, eps, z, self.seed, self.model, self.model_hash, self.image)
