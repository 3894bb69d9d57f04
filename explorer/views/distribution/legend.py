"""The legend of the Distribution pane: what every curve is, with a sentence about it; or why there is none."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from explorer.state.display import BANK_SIZE
from explorer.theme.colors import Colors

TIPS = {
    "prior": "The prior p(z): what the model assumes of this dimension before it has seen an image",
    "posterior": "The posterior q(z|x): what the encoder says of this dimension for the image of the point",
    "aggregate": "The aggregate posterior: the mean of q(z|x) over all images of the open data",
    "reference": "The reference p that q is compared with; Pin as p takes the family shown",
    "family": "The family q with its parameters: drag its dots, or type numbers at the right",
    "bank": f"{BANK_SIZE} noises ε, drawn once from a seed: a histogram of the z that they become on their path",
}


class CurveLegend(QWidget):
    """Chips with tooltips, in whose place a message may stand."""

    def __init__(self) -> None:
        super().__init__()
        self.chips = {key: QLabel() for key in TIPS}
        self.message = QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(12)
        for key, chip in self.chips.items():
            chip.setTextFormat(Qt.TextFormat.RichText)
            chip.setToolTip(TIPS[key])
            row.addWidget(chip)
        self.message.setTextFormat(Qt.TextFormat.RichText)
        # A sentence may be longer than there is room; the window must not grow by it.
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.message, 1)
        row.addStretch(0)

    def show_chips(self, bench: bool, with_data: bool, colors: Colors) -> None:
        """Name the curves of the workbench, or of a model with its data or without."""
        marks = {
            "prior": (colors.prior, "┄", "prior p(z)"), "posterior": (colors.accent, "━", "posterior q(z|x)"),
            "aggregate": (colors.second, "━", "aggregate"), "reference": (colors.prior, "┄", "reference p"),
            "family": (colors.accent, "━", "family q"), "bank": (colors.third, "▮", f"bank of {BANK_SIZE} ε"),
        }  # fmt: skip
        of_model = ("prior", "posterior", "aggregate", "bank") if with_data else ("prior", "posterior", "bank")
        shown = ("reference", "family", "bank") if bench else of_model
        for key, (color, mark, name) in marks.items():
            text = f"<span style='color:{color}'><b>{mark}</b></span>&nbsp;"
            self.chips[key].setText(f"{text}<span style='color:{colors.muted}'>{name}</span>")
            self.chips[key].setVisible(key in shown)
        self.message.hide()

    def show_message(self, text: str, color: str) -> None:
        """Say something in place of the names."""
        for chip in self.chips.values():
            chip.hide()
        self.message.setText(f"<span style='color:{color}'>{escape(text)}</span>")
        self.message.setToolTip(text)
        self.message.show()

    @property
    def text(self) -> str:
        """What is read here."""
        return " ".join(label.text() for label in (*self.chips.values(), self.message) if not label.isHidden())
