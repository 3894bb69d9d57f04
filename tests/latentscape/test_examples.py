"""The examples run as they are, each where its library is at hand."""

from __future__ import annotations

import ast
import inspect
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import latentscape
from latentscape.own_path import ROOT

EXAMPLES = ROOT / "examples"
LIBRARIES = {"pca_digits": ("sklearn", {}), "torch_vae": ("torch", {"steps": 50}), "jax_function": ("jax", {})}


def _cells() -> list[str]:
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_every_example_calls_explore_as_it_is_declared() -> None:
    sources = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py")}
    assert set(sources) == set(LIBRARIES)
    for source in (*sources.values(), "\n".join(_cells())):
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
        (call,) = (call for call in calls if ast.unparse(call.func) == "latentscape.explore")
        named = {str(word.arg): word for word in call.keywords}
        inspect.signature(latentscape.explore).bind(*call.args, **named)


@pytest.mark.slow  # each opens a window
@pytest.mark.parametrize("name", LIBRARIES)
def test_an_example_opens_a_window_that_decodes(name: str, tmp_path: Path) -> None:
    library, options = LIBRARIES[name]
    pytest.importorskip(library)
    with runpy.run_path(str(EXAMPLES / f"{name}.py"))["explored"](**options) as view:
        view.z = np.ones(len(view.z))
        view.snapshot(tmp_path / "window.png")
    with Image.open(tmp_path / "window.png") as picture:
        assert picture.width > 500


@pytest.mark.slow  # it opens a window
def test_the_notebook_runs_cell_by_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for cell in _cells():
        exec(compile(cell, "notebook", "exec"), names)
    with Image.open("bars.png") as picture:
        assert picture.width > 500
    assert names["view"].closed
