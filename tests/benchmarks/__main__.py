"""All benchmarks, one JSON object."""

from __future__ import annotations

import json

from tests.benchmarks import interaction, science
from tests.benchmarks import map as latent_map

if __name__ == "__main__":
    measured = {
        "science": science.measure(),
        "interaction": interaction.measure(repeats=3),
        "map": latent_map.measure(),
        "handicap": interaction.measure_handicapped(repeats=1),
    }
    print(json.dumps(measured, indent=2))
