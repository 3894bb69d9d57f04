"""A person's own Python process that answers for a model: how to reach it, and what it says of the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection

from latentscape.wire import WIRE_VERSION, Description, Join
from models.core.errors import UserError
from models.core.live import settings_of
from models.protocol.opening import OpenLive


@dataclass(frozen=True)
class Live:
    """The process that listens at ``address`` for whoever knows ``key``, and the window's line to it."""

    address: str
    key: bytes
    connection: Connection
    description: Description

    @property
    def path(self) -> str:
        """What the window calls the model instead of a file."""
        return f"{self.description.title} (Python)"

    def request(self, number: int) -> OpenLive:
        """Return the request to open the model."""
        return OpenLive(number, self.path, self.address, self.key)


def joined(told: str) -> Live:
    """Connect to the process that was ``told`` of in JSON; UserError if it is not there, or says what cannot be."""
    try:
        where = json.loads(told)
        address, key = str(where["address"]), bytes.fromhex(where["key"])
        connection = Client(address, authkey=key)
        connection.send(Join(WIRE_VERSION, "window"))
        description = connection.recv()
    except (ValueError, LookupError, TypeError, OSError, EOFError, AuthenticationError) as error:
        reason = "there is no Python process that answers for a model"
        raise UserError("latentscape live", reason, "latentscape.explore(…) in Python starts this") from error
    settings_of(description)
    return Live(address, key, connection, description)
