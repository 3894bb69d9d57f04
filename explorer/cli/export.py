"""``latentscape export``: export a model to Keras."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from explorer.cli.console import print_result
from explorer.cli.info import model_fields
from explorer.cli.science import open_named_model, start_science
from explorer.cli.targets import allow_replacing, check_target
from models.core.files import keras_files, output_file


def export_model(name: str, out: Path, output: str, overwrite: bool, as_json: bool) -> int:
    """Write the model, its encoder and its decoder as ``.keras`` files; return the exit code."""
    check_target(out, ".keras")
    files = keras_files(out)
    allow_replacing(files.values(), overwrite)
    opened = open_named_model(name)
    start_science("decoder")
    from models.export.keras import Output, keras_models

    for part, model in keras_models(opened, cast("Output", output)).items():
        with output_file(files[part]) as draft:
            model.save(draft)
    names = {part: str(path) for part, path in files.items()}
    lines = [f"{part:<8} {path}" for part, path in names.items()]
    print_result({**model_fields(opened.info), "output": output, "files": names}, lines, as_json)
    return 0
