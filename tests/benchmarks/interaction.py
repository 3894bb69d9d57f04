"""Speed of the window: several runs of the tour, compared with their budgets.

``python -m tests.benchmarks.interaction [--repeats N] [--size 1440x900]`` prints the median over the repeats of every
figure, the budget it has, and whether the median keeps to it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FRAME_MS = 1000 / 60
BUDGETS = {
    "window_shown_s": 1.2,
    "first_decode_per_import": 1.6,
    "memory_mb": 350.0,
    "drag_to_pixels_ms.idle.p50": FRAME_MS / 2,
    "drag_to_pixels_ms.idle.p99": FRAME_MS,
    "drag_to_pixels_ms.training.p99": 2 * FRAME_MS,
    "frame_interval_ms.idle.p50": FRAME_MS,
    "frame_interval_ms.workbench.p50": FRAME_MS,
    "event_loop_gap_ms.start.max": 50.0,
    "event_loop_gap_ms.idle.max": 50.0,
    "event_loop_gap_ms.training.max": 50.0,
    "event_loop_gap_ms.export.max": 50.0,
}
SHOWN_BESIDE = (
    "first_decode_s", "import_tensorflow_s", "decode_call_ms", "drag_to_pixels_ms.training.p50",
    "drag_to_pixels_ms.workbench.p50", "drag_to_pixels_ms.workbench.p99", "frame_interval_ms.idle.p99",
    "frame_interval_ms.workbench.p99", "frame_interval_ms.training.p50", "frame_interval_ms.training.p99",
)  # fmt: skip


def run_tour(size: str) -> dict[str, Any]:
    """Run the tour in a separate process and return its measurements."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "explorer.cli", "tour", "--out", folder, "--size", size]
        subprocess.run(command, check=True, capture_output=True)
        report: dict[str, Any] = json.loads((Path(folder) / "tour.json").read_text())
    report["first_decode_per_import"] = report["first_decode_s"] / report["import_tensorflow_s"]
    return report


def figure(report: Mapping[str, Any], name: str) -> float:
    """Return one figure by its dotted name."""
    value: Any = report
    for key in name.split("."):
        value = value[key]
    return float(value)


def measure(repeats: int, size: str = "1440x900") -> dict[str, Any]:
    """Return the medians over several tours, with their budgets."""
    reports = [run_tour(size) for _ in range(repeats)]
    medians = {
        name: round(statistics.median(figure(report, name) for report in reports), 3)
        for name in (*BUDGETS, *SHOWN_BESIDE)
    }
    rows = {
        name: {"median": medians[name], "budget": round(budget, 3), "kept": medians[name] <= budget}
        for name, budget in BUDGETS.items()
    }
    return {"repeats": repeats, "size": size, "figures": rows, "beside": {n: medians[n] for n in SHOWN_BESIDE}}


def main() -> None:
    """Parse the options and print JSON."""
    parser = argparse.ArgumentParser(description="drag to pixels, event-loop gaps, start-up")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", default="1440x900")
    options = parser.parse_args()
    print(json.dumps(measure(options.repeats, options.size), indent=2))


if __name__ == "__main__":
    main()
