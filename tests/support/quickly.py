"""What compiles quickly instead of well, for tests: they trace much and run little of it."""

from __future__ import annotations

import os
import sys

# What XLA spends most of its seconds on makes code fast, not right: the fast suite compiles in a third of the time.
XLA_FLAGS = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"


def compile_quickly() -> None:
    """Let XLA do so, in this process and those it starts."""
    os.environ.setdefault("XLA_FLAGS", XLA_FLAGS)


def call_quickly() -> None:
    """Leave graphs as they are traced, in this process: to optimize one takes as long as to trace it."""
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
