"""The table of the settings of a training run: the words for each, its limits, and when it has an effect.

The checks of settings, the form of the window, the options of ``latentscape train``, the lines of ``latentscape info``
and the recipe of a model are made from these rows. Defaults are those of :class:`models.core.settings.TrainSettings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.core.settings import IMPORTANCE_WEIGHTED, TrainSettings

Kind = Literal["whole", "real", "choice", "sizes", "switch"]

Page = Literal["model", "objective", "optimizer", "early stopping"]

# The sides of an image that a convolutional network takes: a smaller one has little left to be halved.
SHORTEST_SIDE, LONGEST_SIDE = 28, 128

MOST_EPOCHS = 100_000

# Larger whole numbers are written with an exponent.
WHOLE_IN_FULL = 1e20

DEFAULTS = TrainSettings()


@dataclass(frozen=True)
class Condition:
    """When a setting has an effect; if it has none, it must keep its default where ``reason`` says why."""

    holds: Callable[[TrainSettings], bool]
    reason: str = ""


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    Attributes
    ----------
    name : str
        Its field of :class:`models.core.settings.TrainSettings`.
    page : Page
        The page of the form that it stands on.
    label : str
        What it is called in the form, in messages and in the description of a model.
    help : str
        What it does, in a sentence or two without the last full stop; :attr:`hint` adds its limits.
    kind : Kind
        Whether its value is a whole number, a real one, one of several words, a list of sizes, or yes or no.
    low, high : float
        The limits of a number, or of each size of a list; both are allowed.
    unit : str
        What a number counts or measures; empty for a pure number, and where the label says it.
    step, decimals : float, int
        How far a key press in the form moves a real number, and the decimals it is rounded to then.
    shortest, longest : int
        The limits of the length of a list.
    choices : mapping of str to str
        The words to choose from, each with the name that the form shows.
    condition : Condition, optional
        When it has an effect; None if always.
    """

    name: str
    page: Page
    label: str
    help: str
    kind: Kind
    low: float = 0
    high: float = 0
    unit: str = ""
    step: float = 1
    decimals: int = 0
    shortest: int = 0
    longest: int = 0
    choices: Mapping[str, str] = field(default_factory=dict)
    condition: Condition | None = None

    @property
    def default(self) -> object:
        """The value of a run that does not set it."""
        return getattr(DEFAULTS, self.name)

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def limits(self) -> str:
        """The values that a number or the sizes of a list can have, as words; empty for other kinds."""
        if self.kind == "sizes":
            count = f"up to {self.longest}" if self.shortest == 0 else f"{self.shortest} to {self.longest}"
            return f"{count} numbers between {number_text(self.low)} and {number_text(self.high)}"
        if self.kind in ("whole", "real"):
            return f"between {number_text(self.low)} and {number_text(self.high)}"
        return ""

    @property
    def hint(self) -> str:
        """What it does and the values it can have."""
        limits = f" {self.limits[0].upper()}{self.limits[1:]}." if self.limits else ""
        return f"{self.help}.{limits}"

    def applies(self, settings: TrainSettings) -> bool:
        """Whether it has an effect on a run with ``settings``."""
        return self.condition is None or self.condition.holds(settings)

    def text(self, value: object) -> str:
        """Return a value as a person reads it."""
        if isinstance(value, tuple):
            return ", ".join(map(str, value)) or "none"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, int | float):
            return f"{number_text(value)} {self.unit}".rstrip()
        return self.choices.get(str(value), str(value))


def number_text(value: float) -> str:
    """Return the shortest text of a number that says it exactly, with commas between thousands."""
    if float(value).is_integer() and abs(value) < WHOLE_IN_FULL:
        return f"{int(value):,}"
    return (f"{value:g}" if float(f"{value:g}") == value else repr(value)).replace("e-0", "e-")


_NETWORKS = {"dense": "dense", "conv": "convolutional"}

_LIKELIHOODS = {
    "bernoulli": "Bernoulli", "continuous_bernoulli": "cont. Bernoulli", "gaussian": "Gaussian",
}  # fmt: skip

_FAMILIES = {
    "Normal": "Normal", "Laplace": "Laplace", "Logistic": "Logistic", "StudentT": "Student t, ν = 5",
}  # fmt: skip

_OBJECTIVES = {
    "elbo": "ELBO", "elbo_mc": "ELBO, sampled KL", "stl": "sticking the landing", "iwae": "IWAE", "dreg": "DReG",
}  # fmt: skip

_BETA_SCHEDULES = {"constant": "constant", "warmup": "warm-up", "cyclic": "cyclic"}

_CONVOLUTIONAL = Condition(lambda settings: settings.network == "conv")

_HAS_KL_TERM = Condition(
    lambda settings: settings.objective not in IMPORTANCE_WEIGHTED,
    f"with {' or '.join(IMPORTANCE_WEIGHTED)}, which have no KL term to weigh",
)

_BETA_RISES = Condition(lambda settings: settings.beta_schedule != "constant")

_BEST_EPOCH_COUNTS = Condition(
    lambda settings: settings.early_stopping_patience > 0 or settings.restore_best_weights,
)

_ROWS = (
    Setting(
        "network", "model", "network",
        f"Dense layers only, or convolutions in front of them (images of {SHORTEST_SIDE} to {LONGEST_SIDE} pixels a "
        "side)",
        "choice", choices=_NETWORKS,
    ),
    Setting(
        "channels", "model", "channels",
        "Channels of the encoder's convolutions, each of which halves the image; the decoder mirrors them",
        "sizes", 1, 512, "channels", shortest=1, longest=5, condition=_CONVOLUTIONAL,
    ),
    Setting(
        "hidden", "model", "hidden layers",
        "Units of the encoder's dense hidden layers; the decoder mirrors them",
        "sizes", 1, 8192, "units", shortest=0, longest=8,
    ),
    Setting("latent_dim", "model", "latent dim", "Number of latent dimensions", "whole", 1, 4096),
    Setting(
        "likelihood", "model", "likelihood",
        "Distribution p(x|z) of a pixel. Bernoulli turns grey pixels black or white at random in each step, continuous "
        "Bernoulli takes them as they are, Gaussian learns one variance for all pixels",
        "choice", choices=_LIKELIHOODS,
    ),
    Setting(
        "posterior", "model", "posterior",
        "Family of the approximate posterior q(z|x), independent across dimensions",
        "choice", choices=_FAMILIES,
    ),
    Setting(
        "prior", "model", "prior",
        "Family of the prior p(z), with location 0 and scale 1 in every dimension",
        "choice", choices=_FAMILIES,
    ),
    Setting(
        "objective", "objective", "objective",
        "Bound to maximize: the ELBO, with the KL in closed form where there is one or always sampled; sticking the "
        "landing, a gradient of the ELBO with less noise; IWAE; or DReG, a better gradient of IWAE",
        "choice", choices=_OBJECTIVES,
    ),
    Setting(
        "samples", "objective", "samples of z",
        "Samples of z per image and step; IWAE and DReG need at least 2",
        "whole", 1, 256,
    ),
    Setting(
        "beta", "objective", "β",
        "Weight of the KL in the loss; the ELBO is always reported with β = 1",
        "real", 0.0, 1e6, step=0.1, decimals=2, condition=_HAS_KL_TERM,
    ),
    Setting(
        "free_bits", "objective", "free nats",
        "Nats of KL that cost nothing in each dimension, which keeps dimensions from collapsing",
        "real", 0.0, 1e6, step=0.05, decimals=3, condition=_HAS_KL_TERM,
    ),
    Setting(
        "beta_schedule", "objective", "β schedule",
        "Whether β is constant, rises from 0 once (warm-up), or rises from 0 again in every cycle",
        "choice", choices=_BETA_SCHEDULES, condition=_HAS_KL_TERM,
    ),
    Setting(
        "beta_epochs", "objective", "β period",
        "Epochs over which β rises in a warm-up, or length of a cycle",
        "real", 1e-3, float(MOST_EPOCHS), "epochs", 1.0, 2, condition=_BETA_RISES,
    ),
    Setting(
        "learning_rate", "optimizer", "learning rate",
        "Learning rate of Adam, which the schedule and the warm-up multiply",
        "real", 1e-9, 1.0, step=0.0005, decimals=6,
    ),
    Setting(
        "schedule", "optimizer", "LR schedule",
        "Whether the learning rate is constant or decays to 0 along half a cosine",
        "choice", choices={"constant": "constant", "cosine": "cosine"},
    ),
    Setting(
        "warmup_epochs", "optimizer", "LR warm-up",
        "Epochs over which the learning rate rises from 0",
        "real", 0.0, float(MOST_EPOCHS), "epochs", 1.0, 2,
    ),
    Setting("batch_size", "optimizer", "batch size", "Images per step", "whole", 1, 1 << 16, "images"),
    Setting("epochs", "optimizer", "epochs", "Passes over the training images", "whole", 1, MOST_EPOCHS),
    Setting(
        "average", "optimizer", "EMA decay",
        "Decay of the exponential moving average of the weights, which is evaluated and kept; 0 keeps the weights "
        "themselves",
        "real", 0.0, 0.999999, step=0.001, decimals=6,
    ),
    Setting(
        "seed", "optimizer", "seed",
        "Seed of the initial weights, the order of the images and all noise",
        "whole", 0, (1 << 63) - 1,
    ),
    Setting(
        "early_stopping_patience", "early stopping", "patience",
        "Stop after this many epochs without an improvement of the test loss; 0 never stops early",
        "whole", 0, MOST_EPOCHS, "epochs",
    ),
    Setting(
        "min_delta", "early stopping", "min. delta",
        "Nats by which the test loss must fall to count as an improvement",
        "real", 0.0, 1e6, "nats", 0.01, 3, condition=_BEST_EPOCH_COUNTS,
    ),
    Setting(
        "restore_best_weights", "early stopping", "restore best",
        "Keep the weights of the epoch with the lowest test loss",
        "switch",
    ),
)  # fmt: skip

SETTINGS: Mapping[str, Setting] = {row.name: row for row in _ROWS}
