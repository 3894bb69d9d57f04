"""What a person says of a model that lives in their own Python process, in this program's words."""

from __future__ import annotations

from latentscape.wire import Description
from models.core.setting_text import settings_from_json
from models.core.settings import TrainSettings


def settings_of(description: Description) -> TrainSettings:
    """Return the settings that say as much as is known of a live model; ValueError if a word or number is unknown.

    Its images are taken for Gaussian unless the person says otherwise.
    """
    return settings_from_json(
        {
            "hidden": [],
            "latent_dim": description.latent_dim,
            "prior": description.prior,
            "likelihood": description.likelihood or "gaussian",
        }
    )
