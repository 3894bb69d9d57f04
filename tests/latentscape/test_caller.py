"""The person's process stops listening, whatever its thread is doing."""

from __future__ import annotations

import threading
from multiprocessing.connection import Client

import numpy as np

from latentscape.caller import Caller
from latentscape.functions import Functions
from latentscape.wire import Description


def test_closing_does_not_wait_for_a_thread_that_has_ended() -> None:
    """It may have heard that all is over from another connection, at the moment before it would be told."""
    functions = Functions(lambda z: np.zeros((len(z), 4, 4), np.uint8), None, 2)
    caller = Caller(functions, Description("spot", "d1", 2, functions.image_shape, False, "Normal", None))
    caller._closed = True
    Client(caller.address).close()
    caller._threads[0].join(10.0)
    caller._closed = False
    closing = threading.Thread(target=caller.close, daemon=True)
    closing.start()
    closing.join(10.0)
    assert not closing.is_alive()
    assert caller.gone.is_set()
