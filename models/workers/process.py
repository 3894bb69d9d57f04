"""The process behind the window: started with spawn, talks over a pipe, and never outlives its parent."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import importlib
import os
import signal
import sys
import threading
import time
from multiprocessing import connection as mp_connection
from multiprocessing import parent_process
from multiprocessing.connection import Connection

from models.core.logs import keep_bounded, open_log
from models.protocol.lifecycle import PROTOCOL_VERSION, Hello, Role
from models.workers.line import Line

# The module that serves each role.
LOOPS: dict[Role, str] = {"decoder": "models.workers.decoder.worker", "trainer": "models.workers.trainer"}
TRAINER_NICENESS = 10
ORPHAN_EXIT_CODE = 3
PR_SET_PDEATHSIG = 1
# An export for Keras needs TensorFlow below it and channels last, whatever a person has set for other programs; Keras
# finds no settings at all in a place that is no folder.
KERAS_AS_NEEDED = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": os.devnull}
# The algebra outside TensorFlow is small. Its threads would spin, and wait for each other while others hold the cores:
# products took ten times as long, and the longest gap of the window's event loop doubled. OMP_NUM_THREADS is left to
# TensorFlow.
THREADS_OF_ALGEBRA = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def main(role: Role, connection: Connection, log_path: str) -> None:
    """Serve ``connection`` as ``role`` until the other end closes it, asks for shutdown, or dies.

    All output of the process, that of native code too, is appended to the file ``log_path``.
    """
    redirect_output(log_path)
    pin_algebra()
    exit_with_parent()
    # Ctrl-C in a terminal, and its end, reach every process of the group; ending is the parent's decision.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if role == "trainer" and hasattr(os, "nice"):
        # It shares the cores with the window and the decoder, whose answers a person waits for.
        os.nice(TRAINER_NICENESS)
    line = Line(connection)
    line.beat()
    try:
        line.send(start_tensorflow(role))
        # The loops import TensorFlow, which must not happen before the environment is set.
        worker = importlib.import_module(LOOPS[role])
        # TensorFlow's modules are a million objects that stay; searching them for cycles takes 0.1 s each time.
        gc.freeze()
        worker.serve(line)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The window has closed its end; there is nobody left to tell.
        return


def pin_algebra() -> None:
    """Give NumPy's algebra one thread, unless the environment says otherwise; it must not be imported yet."""
    for name in THREADS_OF_ALGEBRA:
        os.environ.setdefault(name, "1")


def redirect_output(log_path: str) -> None:
    """Append standard output and error, at the level of the file descriptors, to ``log_path``."""
    descriptor = open_log(log_path)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    keep_bounded(1, log_path)
    # A windowed program may have started without streams; then Python's own must be created.
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    faulthandler.enable(sys.stderr)


def exit_with_parent() -> None:
    """Watch the parent process in a thread and end this one when it dies, whatever it is doing."""
    parent = parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        # The kernel needs no turn of a busy process to end it; the thread below serves the other systems.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    watch = threading.Thread(target=_wait_and_exit, args=(parent.sentinel,), name="parent-watch", daemon=True)
    watch.start()


def _wait_and_exit(sentinel: int) -> None:
    mp_connection.wait([sentinel])
    # A training call holds the main thread for a while; only a hard exit is certain to come in time.
    os._exit(ORPHAN_EXIT_CODE)


def start_tensorflow(role: Role) -> Hello:
    """Import TensorFlow set up for ``role`` and return the greeting with the time the import took."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    # Keras is not used; naming the legacy one, which is not loaded before it is asked for, saves 0.15 s of 1.3 s.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.update(KERAS_AS_NEEDED)
    began = time.perf_counter()
    # It makes a million objects that stay; to look for cycles among them meanwhile takes a tenth of the time.
    gc.disable()
    import tensorflow as tf

    gc.enable()
    seconds = time.perf_counter() - began
    if role == "decoder":
        # One image is too little work to share: a second thread or a graphics card only adds waiting.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.set_visible_devices([], "GPU")
    device = "GPU" if role == "trainer" and tf.config.list_physical_devices("GPU") else "CPU"
    return Hello(PROTOCOL_VERSION, role, os.getpid(), tf.__version__, device, seconds)
