"""All benchmarks, one JSON object."""

from __future__ import annotations

import json

from tests.benchmarks import interaction, science

if __name__ == "__main__":
    print(json.dumps({"science": science.measure(), "interaction": interaction.measure(repeats=3)}, indent=2))
