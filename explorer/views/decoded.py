"""The decoded picture that follows the drag, and the current posterior in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel

from explorer.state import AppState
from explorer.state.display import DRAWS
from explorer.state.latent import Point
from explorer.theme.theme import Theme
from explorer.views.common.choices import Choice
from explorer.views.common.originals import open_original
from explorer.views.common.pane import Pane, Segments, caption
from explorer.views.common.pictures import Picture
from models.core.arrays import Floats32
from models.core.images import reconstruction_error
from models.core.typicality import percent

if TYPE_CHECKING:
    from explorer.export.pictures import Latent

STD_WHITE = 0.5
WAITING = "Waiting for the decoder …"
TILE = 44
TWO_LINES_FIT = 330
MODES = {"mu": "μ", "sample": "sample", "mean": f"mean of {DRAWS}"}
TIPS = {
    "mu": "decode(z): the point itself, no noise added; a newly selected image is at z = μ",
    "sample": "decode(z + σ·ε): one draw of the posterior's noise around the point; the seed is shown below",
    "mean": f"the mean of K = {DRAWS} decoded draws z + σ·ε around the point",
}
TYPICALITY = (
    "Typicality is the share of the prior whose distance from the centre is at least as unusual, nearer or farther: "
    "twice the smaller tail of the χ² distribution at |z|². In many dimensions samples lie in a shell, and the centre "
    "itself is not typical."
)


class DecodedPane(Pane):
    """A large picture of decode(z), and four small ones of q(z|x): input, reconstruction, mean and deviation."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Decoded")
        self.state = state
        self.modes = Segments("Decode", MODES, TIPS)
        self.modes.set_choice(state.display.decode_mode)
        self.classes = Choice()
        self.large = Picture(theme, "", WAITING, smallest=100)
        self.input = Picture(theme, "input x", "click an image", TILE)
        self.reconstruction = Picture(theme, "decode(μ)", smallest=TILE)
        self.mean = Picture(theme, "mean", smallest=TILE)
        self.std = Picture(theme, "std", smallest=TILE)
        self._about, self._facts, self.trust = QLabel(), caption(), caption()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.classes.setAccessibleName("Class")
        self.classes.setToolTip("The class that a conditional model is held at")
        self.header.addStretch(1)
        self.header.addWidget(self.modes)
        self._model_changed()
        self._about.setObjectName("readout")
        self._about.setMinimumWidth(40)
        self._facts.setToolTip(TYPICALITY)
        self._facts.setWordWrap(True)
        self._facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.large, 3)
        line = QHBoxLayout()
        line.addWidget(self._about, 1)
        line.addWidget(self.classes)
        self.body.addLayout(line)
        self.trust.setWordWrap(True)
        self.trust.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.trust.setAccessibleName("Trust")
        self.body.addWidget(self.trust)
        self.body.addWidget(self._facts)
        tiles = QHBoxLayout()
        tiles.setSpacing(6)
        for tile in (self.input, self.reconstruction, self.mean, self.std):
            tiles.addWidget(tile)
        self.body.addLayout(tiles, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the words as many lines as they need at this width: the picture must not change its size with them."""
        super().resizeEvent(event)
        lines = 2 if self.width() >= TWO_LINES_FIT else 3
        for words, most in ((self._facts, lines), (self.trust, lines - 1)):
            words.setFixedHeight(most * words.fontMetrics().lineSpacing() + 2)

    def set_shown(self, shown: bool) -> None:
        """Have the point judged while the pane is shown."""
        super().set_shown(shown)
        self.state.trust.set_wanted(shown)

    def _connect(self) -> None:
        state = self.state
        self.modes.group.idClicked.connect(self._choose_mode)
        self.classes.activated.connect(state.model.request_class)
        state.model.model_changed.connect(self._model_changed)
        self.large.painted.connect(self._painted)
        self.input.activated.connect(self._open_original)
        self.large.latent = self._latent
        state.display.decode_changed.connect(self._mode_changed)
        state.answers.picture_changed.connect(self._show_picture)
        state.answers.draws_changed.connect(self._show_draws)
        state.answers.curves_changed.connect(self._show_facts)
        state.trust.changed.connect(self._show_trust)
        state.model.data_changed.connect(self._show_source)
        state.latent.current_changed.connect(self._show_source)
        state.latent.points_changed.connect(self._show_source)
        state.latent.posterior_changed.connect(self._show_source)
        state.latent.moved.connect(self._name_point)

    def _model_changed(self) -> None:
        """Offer the classes of a conditional model."""
        model = self.state.model.model
        count = 0 if model is None else model.classes
        if self.classes.count() != count:
            self.classes.clear()
            self.classes.addItems([f"class {label}" for label in range(count)])
        self.classes.setCurrentIndex(-1 if model is None else model.label)
        self.classes.setVisible(count > 0)

    def _open_original(self) -> None:
        source, data = self.state.latent.point.source, self.state.model.data
        if data is not None and source.index is not None and source.data == data.info.digest:
            open_original(self.state, source.index)

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
        return Latent(mu, sigma, eps, z, view.seed, 0, model.name, model.digest, self.state.model.image_name(point))

    def _show_draws(self) -> None:
        drawn = self.state.answers.draws
        if drawn is None:
            for tile in (self.reconstruction, self.mean, self.std):
                tile.set_image(None)
            return
        draws = self.state.display.draws
        self.reconstruction.set_image(drawn.centre)
        self.reconstruction.setToolTip(self._error(drawn.centre))
        self.mean.set_image(drawn.mean)
        self.mean.set_text(f"mean of {draws}")
        self.std.set_image(drawn.std, STD_WHITE)
        self.std.set_text("std, max 0.5")
        self.std.setToolTip(
            f"Per-pixel standard deviation over {draws} draws of q(z|x); black is 0, white is {STD_WHITE}"
        )

    def _error(self, decoded: Floats32) -> str:
        """Show the reconstruction error of the point's image; empty if it has none."""
        point, model = self.state.latent.point, self.state.model
        image = point.source.image
        if image is None or model.model is None or image.shape != decoded.shape or not model.stands_for_image(point):
            return ""
        return reconstruction_error(image, decoded, model.model.settings.likelihood)

    def _show_source(self) -> None:
        point = self.state.latent.point
        image = point.source.image
        # Latents without images have one pixel in their place.
        nothing = image is None or image.shape[:2] == (1, 1)
        self.input.set_image(None if image is None or nothing else image.astype(np.float32) / np.float32(255.0))
        self._name_point()

    def _name_point(self) -> None:
        point = self.state.latent.point
        self._about.setText(f"{point.name} · {self._origin(point)}")
        data, index = self.state.model.data, point.source.index
        known = [] if data is None or index is None or point.source.data != data.info.digest else data.about(index)
        self._about.setToolTip("\n".join([self._about.text(), *known]))

    def _origin(self, point: Point) -> str:
        """Name the image that a point stands for, or the one it has been moved away from."""
        model, source, name = self.state.model, point.source, None
        if source.kind == "prior":
            return source.text
        ours = model.data is not None and source.data == model.data.info.digest
        if source.index is not None and model.data is not None and ours:
            name = model.data.class_of(source.index)
        text = source.text if name is None else f"{source.text} · class {name}"
        if source.index is not None and model.data is not None and not ours:
            text += " of other data"
        return text if point.untouched and model.stands_for_image(point) else f"moved from {text}"

    def _show_facts(self) -> None:
        answer = self.state.answers.distribution
        if answer is not None:
            known = answer.curves.numbers.typicality
            text = f"|z| {answer.norm:.4g}"
            self._facts.setText(
                text if known is None else f"{text} · typicality {percent(known.share)}: {known.sentence}"
            )

    def _show_trust(self) -> None:
        trust, name = self.state.trust.trust, self.state.trust.class_name
        self.trust.setText("" if trust is None else trust.brief(name))
        told = [] if trust is None else [*trust.sentences(), f"In short: {'; '.join(trust.facts(name))}."]
        self.trust.setToolTip("\n".join(told))
