"""``keras.fit`` of the same network."""

from __future__ import annotations

import time

import keras
import numpy as np
import tensorflow as tf

from tests.benchmarks.peers.turns import Work, serve


class KerasVAE(keras.Model):
    def __init__(self, work: Work, shape: tuple[int, ...]) -> None:
        super().__init__()
        layers = keras.layers
        self.shape = shape
        down, up = [], []
        if work.kind == "conv":
            small = shape[0] // 2 ** len(work.channels)
            down = [layers.Conv2D(number, 4, 2, "same", activation="relu") for number in work.channels]
            grid = (small, small, work.channels[-1])
            below = [*work.channels[-2::-1], shape[-1]]
            up = [layers.Dense(small * small * work.channels[-1], "relu"), layers.Reshape(grid)]
            up += [layers.Conv2DTranspose(n, 4, 2, "same", activation="relu") for n in below[:-1]]
            up += [layers.Conv2DTranspose(below[-1], 4, 2, "same"), layers.Flatten()]
        else:
            up = [layers.Dense(int(np.prod(shape)))]
        self.encoder = keras.Sequential([*down, layers.Flatten(), *(layers.Dense(n, "relu") for n in work.hidden)])
        self.loc, self.scale = layers.Dense(work.latent_dim), layers.Dense(work.latent_dim, "softplus")
        self.decoder = keras.Sequential([*(layers.Dense(n, "relu") for n in work.hidden[::-1]), *up])

    def terms(self, x: tf.Tensor) -> tf.Tensor:
        hidden = self.encoder(x)
        loc, scale = self.loc(hidden), self.scale(hidden) + 1e-4
        logits = self.decoder(loc + scale * tf.random.normal(tf.shape(loc)))
        flat = tf.reshape(x, tf.shape(logits))
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=flat, logits=logits)
        kl = 0.5 * (loc**2 + scale**2 - 1.0) - tf.math.log(scale)
        return tf.reduce_sum(cross_entropy, -1) + tf.reduce_sum(kl, -1)

    def call(self, pixels: tf.Tensor) -> tf.Tensor:
        grey = tf.cast(pixels, tf.float32) / 255.0
        terms = self.terms(tf.cast(tf.random.uniform(tf.shape(grey)) < grey, tf.float32))
        self.add_loss(tf.reduce_mean(terms))
        return terms


class KerasFit:
    def __init__(self, work: Work) -> None:
        arrays = np.load(work.data)
        keras.utils.set_random_seed(0)
        self.images, self.work = arrays["train"], work
        self.test = arrays["test"].astype(np.float32) / 255
        self.model = KerasVAE(work, self.images.shape[1:])
        self.model.compile(optimizer=keras.optimizers.Adam(work.learning_rate))
        # A few steps to compile; then the weights are reset.
        self.model.fit(self.images[: 2 * work.batch_size], batch_size=work.batch_size, verbose=0)

    def train(self, epochs: int) -> float:
        whole = len(self.images) // self.work.batch_size * self.work.batch_size
        began = time.perf_counter()
        self.model.fit(self.images[:whole], batch_size=self.work.batch_size, epochs=epochs, verbose=0)
        return time.perf_counter() - began

    def elbo(self) -> float:
        return -float(tf.reduce_mean(self.model.terms(tf.constant(self.test))))


if __name__ == "__main__":
    serve(KerasFit)
