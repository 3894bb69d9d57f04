"""Speed of the science: one decode, the curves of one frame, and training against ``keras.fit`` of the same model.

``python -m tests.benchmarks.science`` prints one JSON object; both trainings run in the same process, one after the
other, so that their ratio holds on any machine.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from models.core.families import STANDARD_NORMAL, Family
from models.core.settings import TrainSettings
from models.curves.evaluate import evaluate_curves
from models.protocol.distribution import Curves
from models.training.loop import TrainingLoop, initial_state
from models.vae.architecture import architecture_of
from models.vae.model import VAE
from models.vae.model_file import open_model
from resources import dataset_path, model_path

CALLS = 2000
SETTINGS = TrainSettings(batch_size=128)
SIDE = 28


def measure() -> dict[str, Any]:
    """Return all figures; times in milliseconds, speeds in images per second."""
    images = np.load(dataset_path("mnist_10k"))["images"][:9000, ..., np.newaxis]
    ours, theirs = training_speed(images), keras_speed(images)
    return {
        "decode_call_ms": decode_call(1),
        "decode_call_of_64_ms": decode_call(64),
        "curves_call_ms": curves_call(),
        "training_images_per_second": ours,
        "keras_fit_images_per_second": theirs,
        "training_per_keras_fit": round(ours / theirs, 2),
        "tensorflow": tf.__version__,
    }


def percentiles(call: Callable[[], object]) -> dict[str, float]:
    """Return median and 99th percentile of the milliseconds that ``call`` takes."""
    for _ in range(100):
        call()
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return {"p50": round(float(np.percentile(times, 50)), 4), "p99": round(float(np.percentile(times, 99)), 4)}


def decode_call(batch: int) -> dict[str, float]:
    """Time one decode by the bundled model, from array to array."""
    opened = open_model(model_path("mnist-vae-50"))
    vae = VAE(opened.architecture, opened.parameters)
    z = np.zeros((batch, opened.info.latent_dim), np.float32)
    return percentiles(lambda: vae.decode(z))


def curves_call() -> dict[str, float]:
    """Time the whole answer of a moved parameter: curves, path, bank and numbers in float64."""
    bank, numbers = np.sort(np.random.default_rng(0).standard_normal(512)), iter(np.linspace(0.2, 0.3, 1_000_000))

    def call() -> object:
        q = Family("Normal", {"loc": next(numbers), "scale": 0.2})
        return evaluate_curves(Curves(0, q, STANDARD_NORMAL, "eps", 0.3, bank, (-4.0, 4.0), 40.0, 50))

    return percentiles(call)


def training_speed(images: np.ndarray, epochs: int = 10) -> int:
    """Return images per second of the compiled loop, without compilation."""
    architecture = architecture_of(SETTINGS, (SIDE, SIDE, 1))
    loop, state = TrainingLoop(architecture, SETTINGS, images), initial_state(architecture, 0)
    loop.run(state, loop.epoch_order(0), 0, 1)
    began = time.perf_counter()
    for epoch in range(epochs):
        loop.run(state, loop.epoch_order(epoch), 0, loop.steps_per_epoch)
    return round(epochs * loop.steps_per_epoch * loop.batch_size / (time.perf_counter() - began))


class KerasVAE(keras.Model):
    """The same network as an ordinary Keras model."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = keras.Sequential([keras.layers.Dense(256, "relu"), keras.layers.Dense(128, "relu")])
        self.loc = keras.layers.Dense(SETTINGS.latent_dim)
        self.scale = keras.layers.Dense(SETTINGS.latent_dim, "softplus")
        self.decoder = keras.Sequential(
            [keras.layers.Dense(128, "relu"), keras.layers.Dense(256, "relu"), keras.layers.Dense(SIDE * SIDE)]
        )

    def call(self, pixels: tf.Tensor) -> tf.Tensor:
        grey = tf.cast(pixels, tf.float32) / 255.0
        x = tf.cast(tf.random.uniform(tf.shape(grey)) < grey, tf.float32)
        hidden = self.encoder(x)
        loc, scale = self.loc(hidden), self.scale(hidden) + 1e-4
        logits = self.decoder(loc + scale * tf.random.normal(tf.shape(loc)))
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - tf.math.log(scale)
        self.add_loss(tf.reduce_mean(tf.reduce_sum(cross_entropy, -1) + tf.reduce_sum(kl, -1)))
        return logits


def keras_speed(images: np.ndarray, epochs: int = 3) -> int:
    """Return images per second of ``fit`` after a first epoch that compiles."""
    flat = images.reshape(len(images), -1)
    model = KerasVAE()
    model.compile(optimizer=keras.optimizers.Adam(SETTINGS.learning_rate))
    model.fit(flat, batch_size=SETTINGS.batch_size, epochs=1, verbose=0)
    began = time.perf_counter()
    model.fit(flat, batch_size=SETTINGS.batch_size, epochs=epochs, verbose=0)
    return round(epochs * len(flat) / (time.perf_counter() - began))


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
