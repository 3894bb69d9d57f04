"""Why a file of other people is not opened, and what to do instead."""

from __future__ import annotations


class RefusedError(ValueError):
    """A file that cannot be opened: ``reason`` is a sentence without its subject, ``way_on`` may be empty."""

    def __init__(self, reason: str, way_on: str = "") -> None:
        super().__init__(reason)
        self.reason, self.way_on = reason, way_on
