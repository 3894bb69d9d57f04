"""Workers of windows under test, forked from one process that has imported TensorFlow: an import takes seconds.

All else is real: the process, its pipe, its environment, what it runs; but a decoder that has nothing to do traces no
family ahead, which would keep a core busy, and keeps all families that it has traced, which tests take in turn. Tests
of the command line, of the workers themselves and of the killed program spawn theirs, as the program does.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.client import launcher
from tests.support.quickly import XLA_FLAGS, call_quickly

# TensorFlow starts no thread before it is set up, which is left to each worker.
PRELOADED = ["tensorflow", "scipy.stats", "models.workers.decoder.worker", "models.workers.trainer"]


def fork_workers(patch: pytest.MonkeyPatch) -> None:
    """Let the program's launcher fork its workers while ``patch`` lasts."""
    patch.setattr(launcher, "multiprocessing", SimpleNamespace(get_context=lambda _: forking()))


def spawn_workers(patch: pytest.MonkeyPatch) -> None:
    """Let it spawn them, as the program does, while ``patch`` lasts: a shared window may have it fork."""
    patch.setattr(launcher, "multiprocessing", multiprocessing)


def forking() -> SimpleNamespace:
    """Return what stands for a context of multiprocessing: its processes are forked with TensorFlow imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)

    def process(target: Callable[..., None], args: tuple[Any, ...], **options: Any) -> ForkServerProcess:
        return context.Process(target=_run, args=(dict(os.environ), target, args), **options)

    return SimpleNamespace(Pipe=context.Pipe, Process=process)


def _run(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Run ``target`` in the environment of the test rather than in that of the process forked from."""
    os.environ.clear()
    os.environ.update(environment)
    from models.curves import compiled
    from models.numerics.tracing import Recent
    from models.workers.decoder import warmup

    if os.environ.get("XLA_FLAGS") == XLA_FLAGS:
        call_quickly()
    warmup.LONGEST_FIRST.clear()
    compiled._kept = Recent(1000)
    target(*args)
