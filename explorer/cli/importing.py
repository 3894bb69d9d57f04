"""``latentscape import``: make one model file of other people's models."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from explorer.cli.console import print_result, table
from explorer.cli.science import start_science
from explorer.cli.targets import allow_replacing, check_target
from models.core.files import write_together
from models.core.formats import MODEL_SUFFIX


def import_files(paths: Sequence[Path], out: Path, options: Mapping[str, Any], overwrite: bool, as_json: bool) -> int:
    """Write the model that ``paths`` hold to ``out``, and print what was understood; return the exit code."""
    check_target(out, MODEL_SUFFIX)
    allow_replacing([out], overwrite)
    start_science("decoder")
    from models.importing.answers import image_shape_of
    from models.importing.choices import Choices
    from models.vae.importing import import_model

    shape = None if options["size"] is None else image_shape_of(options["size"])
    given = {name: value for name, value in options.items() if name != "size"}
    content, info = import_model(paths, Choices(image_shape=shape, **given), out.stem, _recipe(paths, options, out))
    write_together([(out, content)])
    result = {"kind": "model", "out": str(out), "name": info.name, "parameters": info.parameters, **info.understood}
    rows = [*info.understood.items(), ("parameters", f"{info.parameters:,}"), ("written to", out)]
    print_result(result, table(rows), as_json)
    return 0


def _recipe(paths: Sequence[Path], options: Mapping[str, Any], out: Path) -> str:
    """Return the command line that imports the same again."""
    words = ["latentscape", "import", *map(str, paths)]
    for name, value in options.items():
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join([*words, "--out", out.name])
