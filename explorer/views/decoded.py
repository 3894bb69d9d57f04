"""The decoded picture that follows the drag, and the current posterior in pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel

from explorer.state import AppState
from explorer.state.display import DRAWS
from explorer.theme.theme import Theme
from explorer.views.common.pane import Pane, Segments, caption
from explorer.views.common.pictures import Picture

if TYPE_CHECKING:
    from explorer.export.pictures import Latent

STD_WHITE = 0.5
WAITING = "Waiting for the decoder …"
MODES = {"mu": "μ", "sample": "sample", "mean": f"mean of {DRAWS}"}
TIPS = {
    "mu": "decode(z): the point itself, no noise added; a newly selected image is at z = μ",
    "sample": "decode(z + σ·ε): one draw of the posterior's noise around the point; the seed is shown below",
    "mean": f"the mean of K = {DRAWS} decoded draws z + σ·ε around the point",
}


class DecodedPane(Pane):
    """A large picture of decode(z), and four small ones of q(z|x): input, reconstruction, mean and deviation."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Decoded")
        self.state = state
        self.modes = Segments("Decode", MODES, TIPS)
        self.modes.set_choice(state.display.decode_mode)
        self.large = Picture(theme, "", WAITING, smallest=140)
        self.input = Picture(theme, "input x", "no input:\nclick an image")
        self.reconstruction = Picture(theme, "decode(μ)")
        self.mean = Picture(theme, "mean")
        self.std = Picture(theme, "std")
        self._about, self._facts = QLabel(), caption()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.header.addStretch(1)
        self.header.addWidget(self.modes)
        self._about.setObjectName("readout")
        row = QHBoxLayout()
        row.addWidget(self._about)
        row.addStretch(1)
        row.addWidget(self._facts)
        self._facts.setToolTip(
            "Typicality is the share of the prior's mass nearer to the origin: the χ² distribution function "
            "at |z|². In many dimensions samples lie in a shell, and the origin itself is not typical."
        )
        self.body.addWidget(self.large, 3)
        self.body.addLayout(row)
        tiles = QHBoxLayout()
        tiles.setSpacing(6)
        for tile in (self.input, self.reconstruction, self.mean, self.std):
            tiles.addWidget(tile)
        self.body.addLayout(tiles, 1)

    def _connect(self) -> None:
        state = self.state
        self.modes.group.idClicked.connect(self._choose_mode)
        self.large.painted.connect(self._painted)
        self.large.latent = self._latent
        state.display.decode_changed.connect(self._mode_changed)
        state.answers.picture_changed.connect(self._show_picture)
        state.answers.draws_changed.connect(self._show_draws)
        state.answers.curves_changed.connect(self._show_facts)
        state.model.data_changed.connect(self._show_source)
        state.latent.current_changed.connect(self._show_source)
        state.latent.points_changed.connect(self._show_source)
        state.latent.posterior_changed.connect(self._show_source)

    def _choose_mode(self, number: int) -> None:
        match self.modes.key_of(number):
            case "sample":
                self.state.display.set_decode_mode("sample")
            case "mean":
                self.state.display.set_decode_mode("mean")
            case _:
                self.state.display.set_decode_mode("mu")

    def _mode_changed(self) -> None:
        self.modes.set_choice(self.state.display.decode_mode)
        self._show_source()

    def _painted(self) -> None:
        self.state.latency.painted(self.state.answers.picture_stamp)

    def _show_picture(self) -> None:
        self.large.set_empty(self.state.answers.picture_fault or WAITING)
        self.large.set_image(self.state.answers.picture)

    def _latent(self) -> Latent | None:
        """Return the latent of the large picture; of draws around the point it is not that of the point."""
        from explorer.export.pictures import Latent

        point, model, view = self.state.latent.point, self.state.model.model, self.state.display
        if model is None or view.decode_mode != "mu":
            return None
        mu, sigma, eps, z = (tuple(vector.tolist()) for vector in (point.mu, point.sigma, point.eps, point.z))
        return Latent(mu, sigma, eps, z, view.seed, 0, model.name, model.digest)

    def _show_draws(self) -> None:
        drawn = self.state.answers.draws
        if drawn is None:
            return
        draws = self.state.display.draws
        self.reconstruction.set_image(drawn.centre)
        self.mean.set_image(drawn.mean)
        self.mean.set_text(f"mean of {draws}")
        self.std.set_image(drawn.std, STD_WHITE)
        self.std.set_text("std, max 0.5")
        self.std.setToolTip(
            f"Per-pixel standard deviation over {draws} draws of q(z|x); black is 0, white is {STD_WHITE}"
        )

    def _show_source(self) -> None:
        point, data = self.state.latent.point, self.state.model.data
        image = point.source.image
        self.input.set_image(None if image is None else image.astype(np.float32) / np.float32(255.0))
        text = f"{point.name} · {point.source.text}"
        index = point.source.index
        if index is not None and data is not None and point.source.data == data.info.digest:
            name = data.class_of(index)
            text += "" if name is None else f" · class {name}"
        self._about.setText(text)

    def _show_facts(self) -> None:
        answer = self.state.answers.distribution
        if answer is not None:
            typicality = answer.curves.numbers.typicality
            known = "" if math.isnan(typicality) else f" · typicality {typicality:.1%}"
            self._facts.setText(f"|z| {answer.norm:.2f}{known}")
