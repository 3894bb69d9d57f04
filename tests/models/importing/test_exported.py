"""Exported programs of PyTorch give what NumPy makes of their weights; whatever is no plain data is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fixtures import make_exported as exported
from tests.fixtures import make_onnx
from tests.models.importing.opening import opened, refused, same


def test_a_decoder(tmp_path: Path) -> None:
    (tmp_path / "decoder.pt2").write_bytes(exported.decoder())
    z = np.random.default_rng(0).standard_normal((3, make_onnx.LATENT)).astype(np.float32)
    made = make_onnx.decoded(make_onnx.weights(), z).transpose(0, 2, 3, 1)
    same(opened([tmp_path / "decoder.pt2"]).decode(z), made)


def _changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    content = exported.program(
        exported.decoder_nodes(),
        "z",
        (1, make_onnx.LATENT),
        "image",
        exported.used(),
    )
    change(content["graph_module"])
    return exported.packed(content, exported.used())


def _node(module: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = module["graph"]["nodes"][3]
    return found


EXPRESSION = {"as_expr": {"expr_str": "__import__('os').system('touch made')"}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (exported.decoder(pickled=True), "is pickled, which is not opened"),
        (exported.decoder(extra={"model/data/aotinductor/model/a.so": b"x"}), "it holds compiled code"),
        (exported.decoder(extra={"../../a": b"x"}), "a name that leads out of it"),
        (_changed(lambda m: _node(m).update(target="torch.ops.mine.evil")), "torch.ops.mine.evil is not known here"),
        (_changed(lambda m: _node(m).update(target="os.system")), "os.system is not known here"),
        (
            _changed(lambda m: _node(m)["inputs"][0].update(arg={"as_custom_obj": {"name": "x"}})),
            "an opaque object (as_custom_obj)",
        ),
        (
            _changed(lambda m: m["graph"]["tensor_values"]["z"]["sizes"].__setitem__(1, EXPRESSION)),
            "a size in it is an expression, which is not evaluated",
        ),
        (_changed(lambda m: m["signature"]["input_specs"].pop(0)), "is used before it is made"),
        (_changed(lambda m: m.pop("graph")), "it makes no sense"),
    ],
)
def test_programs_that_hold_more_than_data_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refused(tmp_path / "model.pt2", content)
    assert not (tmp_path / "made").exists()
