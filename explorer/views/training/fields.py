"""The settings of a training run as fields: one entry for each, on four pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QRegularExpression
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from explorer.views.common.pane import real_box, whole_box
from models.core.families import LATENT_FAMILIES
from models.core.settings import BETA_SCHEDULES, LIKELIHOODS, NETWORKS, SCHEDULES, TRAINING_OBJECTIVES, TrainSettings

NETWORK_NAMES = {"dense": "dense", "conv": "convolutional"}
LIKELIHOOD_NAMES = {
    "bernoulli": "Bernoulli",
    "continuous_bernoulli": "cont. Bernoulli",
    "gaussian": "Gaussian",
}
OBJECTIVE_NAMES = {
    "elbo": "ELBO",
    "elbo_mc": "ELBO, sampled KL",
    "stl": "sticking the landing",
    "iwae": "IWAE",
    "dreg": "DReG",
}
FAMILY_NAMES = {"Normal": "Normal", "Laplace": "Laplace", "Logistic": "Logistic", "StudentT": "Student t, ν = 5"}
# A width up to the 8192 that a layer may have.
SIZE = r"([1-9]\d{0,2}|[1-7]\d{3}|8(0\d\d|1[0-8]\d|19[0-2]))"
SIZES = QRegularExpression(rf"\s*{SIZE}(\s*[,\s]\s*{SIZE}){{0,5}}\s*")
DEFAULTS = TrainSettings()


@dataclass(frozen=True)
class Entry:
    """One setting: its name in :class:`TrainSettings`, what stands beside the field, a hint, how to make the field."""

    setting: str
    label: str
    tip: str
    make: Callable[[], QWidget]


def choice(setting: str, names: Mapping[str, str]) -> QComboBox:
    """Return a field for one of several words, each shown by its name."""
    box = QComboBox()
    for key, name in names.items():
        box.addItem(name, key)
    box.setCurrentIndex(box.findData(getattr(DEFAULTS, setting)))
    return box


def sizes(setting: str) -> QLineEdit:
    """Return a field for a list of layer sizes."""
    field = QLineEdit(", ".join(str(size) for size in getattr(DEFAULTS, setting)))
    field.setValidator(QRegularExpressionValidator(SIZES, field))
    return field


def tick(setting: str) -> QCheckBox:
    """Return a field for yes or no."""
    box = QCheckBox()
    box.setChecked(getattr(DEFAULTS, setting))
    return box


def value_of(widget: QWidget, setting: str) -> object:
    """Return what a field of this module holds; an empty list of sizes is the default."""
    if isinstance(widget, QComboBox):
        return widget.currentData()
    if isinstance(widget, QCheckBox):
        return widget.isChecked()
    if isinstance(widget, QSpinBox | QDoubleSpinBox):
        return widget.value()
    if isinstance(widget, QLineEdit):
        return tuple(int(size) for size in re.findall(r"\d+", widget.text())) or getattr(DEFAULTS, setting)
    raise TypeError(f"{type(widget).__name__} is no field of a setting")


def show_value(widget: QWidget, value: object) -> None:
    """Show a value of a setting in its field, the counterpart of :func:`value_of`."""
    match widget, value:
        case QComboBox(), str():
            widget.setCurrentIndex(widget.findData(value))
        case QCheckBox(), bool():
            widget.setChecked(value)
        case QSpinBox(), int():
            widget.setValue(value)
        case QDoubleSpinBox(), float():
            widget.setValue(value)
        case QLineEdit(), tuple():
            widget.setText(", ".join(str(size) for size in value))
        case _:
            raise TypeError(f"{type(widget).__name__} cannot show {value!r}")


PAGES: dict[str, tuple[Entry, ...]] = {
    "model": (
        Entry("network", "network", "Dense layers only, or convolutions before them, for images of 28 to 128 pixels a "
              "side", partial(choice, "network", {key: NETWORK_NAMES[key] for key in NETWORKS})),
        Entry("channels", "channels", "Of the encoder's convolutions, each of which halves the image; the decoder "
              "mirrors them", partial(sizes, "channels")),
        Entry("hidden", "hidden sizes", "Widths of the encoder's hidden layers, after its convolutions; the decoder "
              "mirrors them", partial(sizes, "hidden")),
        Entry("latent_dim", "latent dim", "Dimensions of z", partial(whole_box, DEFAULTS.latent_dim, 1, 512)),
        Entry("likelihood", "p(x|z)", "The family of the pixels. Bernoulli draws grey pixels black or white at each "
              "step, the continuous Bernoulli takes them as they are, the Gaussian learns its variance",
              partial(choice, "likelihood", {key: LIKELIHOOD_NAMES[key] for key in LIKELIHOODS})),
        Entry("posterior", "q(z|x)", "The family of the posterior, diagonal",
              partial(choice, "posterior", {key: FAMILY_NAMES[key] for key in LATENT_FAMILIES})),
        Entry("prior", "p(z)", "The family of the prior, its standard member in every dimension",
              partial(choice, "prior", {key: FAMILY_NAMES[key] for key in LATENT_FAMILIES})),
    ),
    "objective": (
        Entry("objective", "bound", "What is maximized; the KL is in closed form where the two families have one",
              partial(choice, "objective", {key: OBJECTIVE_NAMES[key] for key in TRAINING_OBJECTIVES})),
        Entry("samples", "draws K", "Draws of z for each image and step", partial(whole_box, DEFAULTS.samples, 1, 256)),
        Entry("beta", "β", "Weight of the KL; the ELBO shown is always that of β = 1",
              partial(real_box, DEFAULTS.beta, 0.0, 100.0, 2, 0.1)),
        Entry("free_bits", "free nats", "KL that costs nothing, in each dimension: it keeps units from collapsing",
              partial(real_box, DEFAULTS.free_bits, 0.0, 100.0, 3, 0.05)),
        Entry("beta_schedule", "β over time", "β may rise once (warm-up) or again and again (cyclic)",
              partial(choice, "beta_schedule", {key: key for key in BETA_SCHEDULES})),
        Entry("beta_epochs", "its epochs", "Epochs of the rise, or of one cycle",
              partial(real_box, DEFAULTS.beta_epochs, 0.01, 100_000.0, 2, 1.0)),
    ),
    "optimizer": (
        Entry("learning_rate", "learning rate", "Of Adam",
              partial(real_box, DEFAULTS.learning_rate, 1e-6, 1.0, 6, 0.0005)),
        Entry("schedule", "schedule", "Of the learning rate over the epochs",
              partial(choice, "schedule", {key: key for key in SCHEDULES})),
        Entry("warmup_epochs", "warm-up", "Epochs during which the learning rate rises from 0",
              partial(real_box, DEFAULTS.warmup_epochs, 0.0, 100_000.0, 2, 1.0)),
        Entry("batch_size", "batch size", "Images for each step", partial(whole_box, DEFAULTS.batch_size, 1, 8192)),
        Entry("epochs", "epochs", "Passes over the training images", partial(whole_box, DEFAULTS.epochs, 1, 100_000)),
        Entry("average", "average", "Decay of the moving average of the weights, which is what is kept; 0 keeps the "
              "weights themselves", partial(real_box, DEFAULTS.average, 0.0, 0.99999, 5, 0.001)),
        Entry("seed", "seed", "Decides the first weights, the order of the images and all noise",
              partial(whole_box, DEFAULTS.seed, 0, 2**31 - 1)),
    ),
    "early stopping": (
        Entry("early_stopping_patience", "patience", "The run ends when the loss of the test images has not fallen for "
              "so many epochs; 0: never", partial(whole_box, DEFAULTS.early_stopping_patience, 0, 100_000)),
        Entry("min_delta", "min. gain", "What counts as fallen, in nats",
              partial(real_box, DEFAULTS.min_delta, 0.0, 1000.0, 3, 0.01)),
        Entry("restore_best_weights", "keep best", "Keep the weights of the epoch with the lowest test loss",
              partial(tick, "restore_best_weights")),
    ),
}  # fmt: skip
