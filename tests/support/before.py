"""Files written by an earlier version, laid out for use, and commands to run on them, one by one in one process.

``tests/data/before/README.md`` says how the files were made.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from tests.support.places import ROOT

FILES = ROOT / "tests" / "data" / "before"
# Stands for the full path of the folder in which the files were made.
PLACE = "/BEFORE"
PATIENCE = 100

# Types that accept the same words, or some of them.
PLAIN_TYPES = {"integer range": "integer", "float range": "float", "choice": "text"}
# Words for options without choices of their own; each must keep its meaning.
VALUES = {"integer": ("1", "64"), "float": ("0.5", "1e-3", "1"), "text": (), "path": ()}

# Commands to run with --json, by name; those that train come last, since they take all cores for themselves.
COMMANDS: dict[str, tuple[str, ...]] = {
    "info of a model": ("info", "before.safetensors"),
    "info of a convolutional model": ("info", "conv.safetensors"),
    "info of the oldest kind of model": ("info", "oldest.safetensors"),
    "info of a snapshot": ("info", "halted.run/epochs/epoch-000002.safetensors"),
    "info of an archive": ("info", "tiny.npz"),
    "info of an array": ("info", "tiny.npy"),
    "info of IDX": ("info", "tiny-images-idx3-ubyte.gz"),
    "info of a folder": ("info", "pictures"),
    "info of shards": ("info", "shards"),
    "info of TFRecord": ("info", "tiny.tfrecord"),
    "info of sprites": ("info", "sprites:20:1"),
    "info of a bundled model": ("info", "mnist-vae-2"),
    "info of a picture": ("info", "samples/samples/sample-0001.png"),
    "evaluate": ("info", "before.safetensors", "--evaluate", "tiny.npz"),
    "sample": ("sample", "before.safetensors", "-n", "3", "--seed", "7", "--zoom", "2", "--out", "again"),
    "sample of a convolutional model": ("sample", "conv.safetensors", "-n", "1", "--zoom", "1", "--out", "conv"),
    "encode": ("encode", "before.safetensors", "tiny.npz", "--out", "again.npz"),
    "decode of samples": (
        "decode", "before.safetensors", "samples/latents.npz", "--zoom", "2", "--out", "decoded-samples",
    ),
    "decode of posteriors": ("decode", "before.safetensors", "posteriors.npz", "--out", "decoded-posteriors"),
    "gradients": ("gradients", "--k", "-3", "--samples", "50"),
    "gradients of a choice": ("gradients", "--f", "discrete", "--samples", "50"),
    "gradients of an ELBO": (
        "gradients", "--f", "elbo", "--model", "before.safetensors", "--data", "tiny.npz", "--image", "3",
        "--samples", "50",
    ),
    "export": ("export", "before.safetensors", "--out", "plain.keras"),
    "train --resume": ("train", "tiny.npz", "--out", "halted.safetensors", "--resume", "--history", "halted.json"),
    "train": (
        "train", "tiny.npz", "--out", "whole.safetensors", "--history", "whole.csv", "--logdir", "log",
        "--hidden", "12,8", "--latent-dim", "2", "--batch-size", "12", "--epochs", "8", "--seed", "5",
        "--learning-rate", "0.01", "--average", "0.9", "--schedule", "cosine", "--warmup-epochs", "1",
        "--beta-schedule", "warmup", "--beta-epochs", "4", "--restore-best-weights", "--early-stopping-patience", "7",
    ),
}  # fmt: skip


def lay_out(work: Path, home: Path | None = None) -> None:
    """Copy the files to the folder ``work``, and the user's data folder to ``home``."""
    shutil.copytree(FILES / "work", work)
    kept = [work]
    if home is not None:
        shutil.copytree(FILES / "home", home)
        kept.append(home)
    for folder in kept:
        for path in (*folder.rglob("state.safetensors"), *folder.rglob("session.json")):
            move(path, PLACE, str(work))


def move(path: Path, here: str, there: str) -> None:
    """Replace the path ``here`` in a session, or in the state of a checkpoint, whose manifest then names its digest."""
    if path.suffix == ".json":
        path.write_text(path.read_text(encoding="utf-8").replace(here, there), encoding="utf-8")
        return
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"]["run"] = header["__metadata__"]["run"].replace(here, there)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    moved = len(text).to_bytes(8, "little") + text + content[end:]
    path.write_bytes(moved)
    manifest = path.with_name("manifest.json")
    digests = (hashlib.sha256(data).hexdigest() for data in (content, moved))
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(*digests), encoding="utf-8")


def run_commands(folder: Path, commands: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Run commands with ``--json`` in ``folder``, in one process; return what each said, and if it failed, how."""
    # The checkpoint of before was made by code compiled as it is shipped, and goes on to the same bits only so.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LATENTSCAPE_CACHE": "cache"}
    environment |= {"XLA_FLAGS": "", "TF_XLA_FLAGS": ""}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.before"], cwd=folder, env=environment, input=json.dumps(commands),
        text=True, stdout=subprocess.PIPE, timeout=PATIENCE, check=True,
    )  # fmt: skip
    return cast("dict[str, Any]", json.loads(done.stdout))


def entry() -> tuple[Callable[[Sequence[str]], int], click.Group]:
    """Return what ``latentscape`` starts, as the project says, and its tree of commands."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, _, name = scripts["latentscape"].partition(":")
    main = importlib.import_module(module)
    return getattr(main, name), main.cli


def main() -> None:
    """Run the commands that standard input holds, and print what they said."""
    run, _ = entry()
    said = {}
    for name, arguments in json.loads(sys.stdin.read()).items():
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = run([*arguments, "--json"])
        said[name] = json.loads(output.getvalue().splitlines()[-1]) if code == 0 else {"exit code": code}
    print(json.dumps(said))


def options_of(group: click.Group, name: str) -> dict[str, dict[str, Any]]:
    """Return the options and arguments of a command, or of the program itself, by their names in the code."""
    commands: dict[str, click.Command] = {"latentscape": group, **group.commands}
    return {str(parameter.name): _option(parameter) for parameter in commands[name].params}


def _option(parameter: click.Parameter) -> dict[str, Any]:
    known = parameter.to_info_dict()
    kind: dict[str, Any] = known["type"]
    name = PLAIN_TYPES.get(kind["name"], kind["name"])
    texts = kind.get("choices") or VALUES.get(name, ())
    return {
        "words": [*known["opts"], *known["secondary_opts"]], "type": name, "required": known["required"],
        "default": None if known["required"] else _plain(parameter.get_default(click.Context(click.Command("any")))),
        "flag": known.get("is_flag", False), "values": known["nargs"], "multiple": known["multiple"],
        "takes": {text: _plain(parameter.type.convert(text, parameter, None)) for text in texts},
    }  # fmt: skip


def _plain(value: object) -> object:
    return value if isinstance(value, bool | int | float | str) else None


def numbers_of(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield what a JSON value holds, each with its way there, e.g. ``settings.hidden.0``."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_of(item, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers_of(item, f"{name}.{index}")
    else:
        yield name, value


if __name__ == "__main__":
    main()
