"""Our loop: many steps in one compiled call."""

from __future__ import annotations

import time

import numpy as np
import tensorflow as tf

from models.core.settings import TrainSettings
from models.training.loop import TrainingLoop, initial_state
from models.vae import networks
from models.vae.architecture import architecture_of
from models.vae.latent_space import LatentSpace
from models.vae.likelihoods import bernoulli_log_prob
from tests.benchmarks.peers.turns import Work, serve


class Ours:
    def __init__(self, work: Work) -> None:
        arrays = np.load(work.data)
        settings = TrainSettings(
            hidden=work.hidden, latent_dim=work.latent_dim, batch_size=work.batch_size, average=0.0,
            learning_rate=work.learning_rate, network=work.kind, channels=work.channels,
        )  # fmt: skip
        train = arrays["train"]
        self.architecture = architecture_of(settings, train.shape[1:])
        self.loop, self.epoch = TrainingLoop(self.architecture, settings, train), 0
        self.state = initial_state(self.architecture, 0)
        self.loop.run(self.state, self.loop.epoch_order(0), 0, 0)
        self.test = arrays["test"].reshape(len(arrays["test"]), -1).astype(np.float32) / 255

    def train(self, epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs):
            sums = self.loop.run(self.state, self.loop.epoch_order(self.epoch), 0, self.loop.steps_per_epoch)
            self.epoch += 1
        assert np.isfinite(sums.values).all()
        return time.perf_counter() - began

    def elbo(self) -> float:
        x = tf.constant(self.test)
        loc, scale = networks.encode(self.architecture, self.state.parameters, x)
        z = loc + scale * tf.random.stateless_normal(tf.shape(loc), [1, 2])
        logits = networks.decode(self.architecture, self.state.parameters, z)
        kl = tf.reduce_sum(LatentSpace().kl(loc, scale), axis=-1)
        return float(tf.reduce_mean(bernoulli_log_prob(logits, x) - kl))


if __name__ == "__main__":
    serve(Ours)
