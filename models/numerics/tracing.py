"""Long Python work beside the worker's loop: TensorFlow's tracing, which cannot be cut into slices; and its memory.

A traced function takes 1–15 MB, so that only those used last are kept (:class:`Recent`). TensorFlow gives that memory
back if nothing refers to the graph any more (:func:`forget_gradients`) and Python's collector has run (:func:`sweep`).
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Generic, TypeVar

import tensorflow as tf
from tensorflow.python.framework import ops

# Tracing is Python: the thread that decodes must get its turn at once, not after the usual 5 ms.
SWITCH_SECONDS = 0.0005
TURN_SECONDS = 0.002
NAME = "tracing"
# So many collections of the younger generation before Python looks through the oldest by itself.
NEVER = 1_000_000_000
GRADIENT = "_gradient_op_type"

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_dropped = threading.Event()


def traced(function: Callable[..., object], signature: Sequence[object]) -> tf.types.experimental.ConcreteFunction:
    """Trace ``function`` once, for arguments of this signature; the concrete function skips the dispatch of a call."""
    concrete = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
    forget_gradients(concrete.graph)
    return concrete


def forget_gradients(graph: tf.Graph) -> None:
    """Let TensorFlow forget the custom gradients of a graph that has been traced, which is not differentiated again.

    It registers them for good, by a name for each use, and each refers to the graph that it was used in.
    """
    definition = graph.as_graph_def()
    nodes = chain(definition.node, *(function.node_def for function in definition.library.function))
    for name in {node.attr[GRADIENT].s.decode() for node in nodes if GRADIENT in node.attr}:
        ops.gradient_registry._registry.pop(name, None)  # noqa: SLF001


class Recent(Generic[Key, Value]):
    """What was made and used last, by key: at most so many, and those that are held; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: frozenset[Key] = frozenset()
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def room(self) -> int:
        """How many more can be kept before one is dropped."""
        return self._most - len(self._droppable())

    def hold(self, keys: Iterable[Key]) -> None:
        """Never drop these from now on, nor count them; those held before are like any other again."""
        self._held = frozenset(keys)

    def find(self, key: Key) -> Value | None:
        """Return what is kept; that does not count as a use."""
        return self._kept.get(key)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return what is kept, or make it and drop what was used longest ago."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            made = self._kept.setdefault(key, made)
            while self.room < 0:
                del self._kept[self._droppable()[0]]
                note_dropped()
        return made

    def _droppable(self) -> list[Key]:
        return [key for key in list(self._kept) if key not in self._held]


def note_dropped() -> None:
    """Note that something large was dropped, which the next sweep gives back."""
    _dropped.set()


def spare_the_old() -> None:
    """Let Python collect only what is young by itself: to search all that was traced holds up a drag for 0.1 s."""
    gc.set_threshold(*gc.get_threshold()[:2], NEVER)


def sweep() -> None:
    """Give the memory of what was dropped since the last sweep back to the system, if anything was.

    Python searches all that was traced, up to 0.4 s.
    """
    if not _dropped.is_set():
        return
    _dropped.clear()
    gc.collect()
    # Of the GNU library alone, which otherwise keeps what is free between two pieces in use.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def start_tracing(work: Callable[[], object]) -> threading.Thread:
    """Start ``work`` in a thread of its own; what it raises is written to the log."""
    sys.setswitchinterval(SWITCH_SECONDS)
    thread = threading.Thread(target=work, name=NAME, daemon=True)
    thread.start()
    return thread


def beside(work: Callable[[], object]) -> Iterator[None]:
    """Do ``work`` in a thread, and yield while it lasts. Where it fails, doing it again will say why."""
    thread = start_tracing(work)
    while thread.is_alive():
        thread.join(TURN_SECONDS)
        yield None


def is_tracing() -> bool:
    """Return whether such work is under way: Python must not be torn down under it."""
    return any(thread.name == NAME for thread in threading.enumerate())
