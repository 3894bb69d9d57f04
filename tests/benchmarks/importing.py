"""Measure how fast an imported decoder answers: 64 × 64 pixels, convolutional, one latent at a time.

python -m tests.benchmarks.importing [--seconds 5]

Prints JSON: the median and the 95th percentile of a decode in milliseconds, and of the same file in ONNX Runtime where
it is installed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.fixtures.onnx_writer import model, node

LATENT, CHANNELS = 32, (128, 64, 32, 3)


def decoder() -> bytes:
    """Return an ONNX file as PyTorch exports it: a dense layer, then four transposed convolutions from 4 × 4."""
    rng = np.random.default_rng(0)
    weights = {"fc.weight": rng.normal(0, 0.1, (256 * 16, LATENT)).astype(np.float32)}
    nodes = [
        node("Gemm", ["z", "fc.weight"], ["h"], transB=1),
        node("Constant", [], ["size"], value=np.array([-1, 256, 4, 4])),
        node("Reshape", ["h", "size"], ["x0"]),
    ]
    for index, (taken, made) in enumerate(zip((256, *CHANNELS), CHANNELS, strict=False)):
        weights[f"w{index}"] = rng.normal(0, 0.05, (taken, made, 4, 4)).astype(np.float32)
        weights[f"b{index}"] = np.zeros(made, np.float32)
        given = [f"x{index}", f"w{index}", f"b{index}"]
        nodes.append(node("ConvTranspose", given, [f"c{index}"], strides=[2, 2], pads=[1, 1, 1, 1]))
        activation = "Relu" if index + 1 < len(CHANNELS) else "Sigmoid"
        nodes.append(node(activation, [f"c{index}"], [f"x{index + 1}"]))
    return model(nodes, weights, {"z": ["n", LATENT]}, [f"x{len(CHANNELS)}"])


def measured(decode: Callable[[np.ndarray], Any], seconds: float) -> dict[str, float]:
    """Return milliseconds of a decode of one latent, which differs each time."""
    points = np.random.default_rng(1).standard_normal((256, 1, LATENT)).astype(np.float32)
    for point in points[:20]:
        decode(point)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        decode(points[len(times) % len(points)])
        times.append(1000 * (time.perf_counter() - start))
    low, high = np.percentile(times, [50, 95])
    return {"median_ms": round(float(low), 3), "p95_ms": round(float(high), 3), "decodes": len(times)}


def _onnxruntime(path: Path, seconds: float) -> dict[str, float] | str:
    try:
        import onnxruntime
    except ImportError:
        return "not installed"
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return measured(lambda z: session.run(None, {"z": z}), seconds)


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    seconds = parser.parse_args().seconds
    from models.importing.choices import Choices
    from models.vae.importing import import_model
    from models.vae.model import VAE
    from models.vae.model_file import open_model

    with tempfile.TemporaryDirectory() as folder:
        path, made = Path(folder) / "decoder.onnx", Path(folder) / "decoder.safetensors"
        path.write_bytes(decoder())
        made.write_bytes(import_model([path], Choices(), "decoder", "")[0])
        opened = open_model(made)
        vae = VAE(opened.architecture, opened.parameters)
        result = {"latentscape": measured(vae.decode, seconds), "onnxruntime": _onnxruntime(path, seconds)}
    print(json.dumps({"image": [64, 64, 3], "latent": LATENT, "batch": 1, **result}))


if __name__ == "__main__":
    main()
