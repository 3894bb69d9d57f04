"""Path: a walk from key point to key point, as a film with the evidence along it."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget

from explorer.state import AppState
from explorer.theme.theme import Theme
from explorer.views.common.choices import Choice
from explorer.views.common.header import together
from explorer.views.common.number_box import WholeBox
from explorer.views.common.pane import Pane, caption
from explorer.views.paths.export_dialog import PLAYS, WalkDialog
from explorer.views.paths.form import PathForm
from explorer.views.paths.track import Track
from models.core.walk_settings import MOST_RATE

FEW = "A walk of this kind takes {count} key {points}. Add the current point, then move it and add it again."


class PathPane(Pane):
    """The pane: transport in the header, key points and settings, film and evidence."""

    def __init__(self, state: AppState, theme: Theme) -> None:
        super().__init__("Path", show_title=False)
        self.state, self.theme = state, theme
        self.form, self.track = PathForm(state), Track(state, theme)
        self.play, self.rate, self.mode = QPushButton("Play"), WholeBox(1, MOST_RATE, live=False), Choice()
        self.progress, self.cancel, self.text = QProgressBar(), QPushButton("Cancel"), QLabel()
        self.export = QPushButton("Export …")
        self._build()
        self._connect()
        self.shown = False
        self._show()

    def _build(self) -> None:
        for text, play in PLAYS.items():
            self.mode.addItem(text, play)
        self.mode.setAccessibleName("how the walk is played")
        self.rate.setAccessibleName("frames per second")
        self.rate.setValue(self.state.paths.rate)
        self.play.setToolTip("Move the current point along the walk; all of it is one step to undo")
        self.export.setToolTip("Write the walk as GIF, APNG, WebP, MP4, strip or frames")
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(90, 4)
        self.progress.setRange(0, 1000)
        transport: tuple[QWidget, ...] = self.play, self.mode, together(self.rate, caption("frames per second"))
        ending: tuple[QWidget, ...] = self.progress, self.cancel, self.export
        for widget in transport:
            self.header.addWidget(widget)
        self.header.addStretch(1)
        for widget in ending:
            self.header.addWidget(widget)
        self.text.setWordWrap(True)
        self.text.setObjectName("caption")
        self.body.setContentsMargins(12, 6, 12, 8)
        self.body.addWidget(self.form)
        self.body.addWidget(self.text)
        self.body.addWidget(self.track, 1)

    def _connect(self) -> None:
        paths = self.state.paths
        self.play.clicked.connect(self._play)
        self.cancel.clicked.connect(paths.stop)
        self.export.clicked.connect(self._export)
        self.mode.activated.connect(self._chose)
        self.rate.valueChanged.connect(self._chose)
        self.track.grabbed.connect(self._grab)
        self.track.released.connect(self.state.latent.end)
        for signal in (paths.changed, paths.walk_changed, paths.playing_changed):
            signal.connect(self._show)
        for signal in (paths.frame_changed, paths.film_changed):
            signal.connect(self.track.update)

    def set_shown(self, shown: bool) -> None:
        """Search for the walk only while the pane is shown; hiding it stops playback."""
        super().set_shown(shown)
        self.state.paths.set_wanted(shown)
        if not shown:
            self.state.paths.set_playing(False)
        self._show()

    def _grab(self) -> None:
        self.state.paths.set_playing(False)
        self.state.latent.begin("Walk along the path")

    def _play(self) -> None:
        self.state.paths.set_playing(not self.state.paths.playing)

    def _chose(self) -> None:
        self.state.paths.set_play(self.mode.currentData(), self.rate.value())

    def _export(self) -> None:
        WalkDialog(self.state, self.window()).open()

    def _show(self) -> None:
        if not self.shown:
            return
        paths = self.state.paths
        found, searching = paths.walk is not None, paths.share is not None
        self.play.setText("Pause" if paths.playing else "Play")
        self.play.setEnabled(found)
        self.export.setEnabled(found and not searching)
        for widget in (self.progress, self.cancel):
            widget.setVisible(searching)
        self.progress.setValue(round(1000 * (paths.share or 0.0)))
        self.text.setText(self._sentence())
        self.text.setVisible(bool(self.text.text()))
        self.track.update()

    def _sentence(self) -> str:
        paths = self.state.paths
        if not paths.complete:
            count = paths.settings.fewest_keys
            return FEW.format(count=count, points="point" if count == 1 else "points")
        return paths.fault
